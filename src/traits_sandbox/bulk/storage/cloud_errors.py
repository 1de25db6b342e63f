"""Maps the errors of obstore to reasons of ours.

obstore has few exception classes. Most reasons are the error code of a server in the error's text, or a fixed word of
the library. The text itself is never shown, because it can contain addresses and credentials.
"""

import re
from collections.abc import Iterable
from typing import Final

from traits_sandbox.bulk.storage.cloud_reasons import CODES, DETAILS, PHRASES, STATUSES, CloudReason
from traits_sandbox.bulk.storage.protocol import StorageAction

# Codes are in XML, or in JSON (`"error": "invalid_grant"`, `"reason": "UserProjectMissing"`).
_CODE: Final = re.compile(r'<Code>([\w.]{1,60})</Code>|\\?"(?:error|reason|code)\\?"\s*:\s*\\?"([\w.]{1,60})\\?"')
_STATUS: Final = re.compile(r"status code: (\d{3})")
# What a server wrote, and which key was meant, must not be read as words of the library.
_FOREIGN: Final = re.compile(r'https?://\S+|(?i:path:?) "(?:[^"\\]|\\.)*"|for path .*?: |location .*? (?=not|already)')
# Without credentials, obstore asks the metadata service of a cloud's own machines.
_LOGIN: Final = re.compile(r"token request|169\.254\.\d|metadata\.google\.internal|latest/api/token")
_OUT_OF_RANGE: Final = re.compile(r"status code: 416|Wanted range starting")
_NOT_PARTIAL: Final = re.compile(r"non-partial response|Content-Length Header missing")
_REJECTED_PATH: Final = re.compile(r'[Pp]ath "(.*?)"(?: contained|: Encountered)', re.DOTALL)
_FORBIDDEN: Final = {
    StorageAction.LIST: CloudReason.NOT_ALLOWED_TO_LIST,
    StorageAction.READ: CloudReason.NOT_ALLOWED_TO_READ,
}


def reason_of(error: Exception, action: StorageAction = StorageAction.LIST) -> str:
    """Return why something failed: a CloudReason, or the status that the server answered with."""
    text = str(error)
    if _LOGIN.search(text):
        code = _CODE.search(text)
        return CODES.get((code[1] or code[2]) if code else "", CloudReason.NO_CREDENTIALS)
    if status := _STATUS.search(text):
        return _reason_of_reply(int(status[1]), text[status.end() :], action)
    words = _FOREIGN.sub("", text)
    return next((reason for phrase, reason in PHRASES.items() if phrase in words), CloudReason.UNKNOWN)


def _reason_of_reply(status: int, text: str, action: StorageAction) -> str:
    """Return why a server refused a request, from its status and the text from there on."""
    code = _CODE.search(text)
    if code and (known := CODES.get(code[1] or code[2])):
        precise = known in (CloudReason.WRONG_CREDENTIALS, CloudReason.NO_OBJECT)
        return next((reason for words, reason in DETAILS.items() if precise and words in text), known)
    if status == 403:
        return _FORBIDDEN[action]
    if detailed := next((reason for words, reason in DETAILS.items() if words in text), None):
        return detailed
    return STATUSES.get(status, f"the server answers {status}")


def named_in(error: Exception, names: Iterable[str]) -> list[str]:
    """Return the names that the text of an error quotes."""
    return [name for name in names if f"'{name}'" in str(error)]


def is_out_of_range(error: Exception) -> bool:
    """Return whether a read has failed because the object is now shorter than its listing says."""
    return bool(_OUT_OF_RANGE.search(str(error)))


def is_not_partial(error: Exception) -> bool:
    """Return whether a server has answered a read of some bytes with the whole object, or without its length."""
    return bool(_NOT_PARTIAL.search(str(error)))


def rejected_key(error: Exception) -> str | None:
    """Return the key that obstore does not accept, given its InvalidPathError; None if it does not name the key."""
    found = _REJECTED_PATH.search(str(error))
    return found[1] if found else None
