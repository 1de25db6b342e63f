"""Maps the errors of obstore to reasons of ours.

obstore has few exception classes, so most reasons are recognised by a fixed word in the error's text. The text itself
is never shown, because it can contain addresses and credentials.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

_STATUS: Final = re.compile(r"status code: (\d{3})")
_OUT_OF_RANGE: Final = re.compile(r"status code: 416|Wanted range starting")
_REJECTED_PATH: Final = re.compile(r'[Pp]ath "(.*?)"(?: contained|: Encountered)', re.DOTALL)


class CloudReason(StrEnum):
    """Why a bucket cannot be opened, listed or read."""

    NO_BUCKET = "no such bucket"
    NO_CONTAINER = "no such container"
    UNKNOWN_ACCESS_KEY = "the access key is unknown"
    WRONG_SECRET_KEY = "the secret key is wrong"
    EXPIRED_TOKEN = "the token has expired"
    TOKEN_NOT_ALLOWED = "the token does not allow it"
    WRONG_CREDENTIALS = "the credentials are wrong"
    NOT_ALLOWED = "the credentials do not allow it"
    NO_CREDENTIALS = "there are no credentials"
    OTHER_REGION = "the bucket is in another region"
    REFUSED = "connection refused"
    UNKNOWN_HOST = "unknown host"
    UNTRUSTED = "its certificate is not trusted"
    NO_TLS = "the server does not use TLS"
    TIMEOUT = "timed out"
    NO_CONNECTION = "no connection"
    NO_ACCOUNT = "the option account_name is missing"
    BAD_ACCOUNT_KEY = "the account key is not valid Base64"
    BAD_SAS = "the SAS token is not valid"
    BAD_SERVICE_ACCOUNT = "the service account key is not valid JSON"
    NO_SERVICE_ACCOUNT = "the service account file cannot be read"
    BAD_PRIVATE_KEY = "the private key is not in PEM format"
    BAD_OPTION_VALUE = "an option has an invalid value"
    UNKNOWN_OPTION = "an option has an unknown name"
    UNKNOWN = "unknown error"


# The first sign that is in the text decides.
_SIGNS: Final = {
    "NoSuchBucket": CloudReason.NO_BUCKET,
    "ContainerNotFound": CloudReason.NO_CONTAINER,
    "no bucket named": CloudReason.NO_BUCKET,
    "InvalidAccessKeyId": CloudReason.UNKNOWN_ACCESS_KEY,
    "SignatureDoesNotMatch": CloudReason.WRONG_SECRET_KEY,
    "ExpiredToken": CloudReason.EXPIRED_TOKEN,
    "AuthorizationPermissionMismatch": CloudReason.TOKEN_NOT_ALLOWED,
    "AuthenticationFailed": CloudReason.WRONG_CREDENTIALS,
    "AuthorizationFailure": CloudReason.WRONG_CREDENTIALS,
    "PermanentRedirect": CloudReason.OTHER_REGION,
    "BareRedirect": CloudReason.OTHER_REGION,
    "MissingAccount": CloudReason.NO_ACCOUNT,
    "InvalidAccessKey": CloudReason.BAD_ACCOUNT_KEY,
    "SasComponent": CloudReason.BAD_SAS,
    "DecodeCredentials": CloudReason.BAD_SERVICE_ACCOUNT,
    "OpenCredentials": CloudReason.NO_SERVICE_ACCOUNT,
    "failed to parse": CloudReason.BAD_OPTION_VALUE,
    "token request": CloudReason.NO_CREDENTIALS,
    "169.254.169.254": CloudReason.NO_CREDENTIALS,
    "Missing": CloudReason.NO_CREDENTIALS,
    "pem file": CloudReason.BAD_PRIVATE_KEY,
    "401 Unauthorized": CloudReason.WRONG_CREDENTIALS,
    "403 Forbidden": CloudReason.NOT_ALLOWED,
    "Connection refused": CloudReason.REFUSED,
    "dns error": CloudReason.UNKNOWN_HOST,
    "certificate": CloudReason.UNTRUSTED,
    "InvalidContentType": CloudReason.NO_TLS,
    "TimedOut": CloudReason.TIMEOUT,
    "kind: Timeout": CloudReason.TIMEOUT,
    "kind: Connect": CloudReason.NO_CONNECTION,
}


def reason_of(error: Exception) -> str:
    """Return why something failed: a CloudReason, or the status that the server answered with."""
    text = str(error)
    for sign, reason in _SIGNS.items():
        if sign in text:
            return reason
    status = _STATUS.search(text)
    return f"the server answers {status[1]}" if status else CloudReason.UNKNOWN


def named_in(error: Exception, names: Iterable[str]) -> list[str]:
    """Return the names that the text of an error quotes."""
    return [name for name in names if f"'{name}'" in str(error)]


def is_out_of_range(error: Exception) -> bool:
    """Return whether a read has failed because the object is now shorter than its listing says."""
    return bool(_OUT_OF_RANGE.search(str(error)))


def rejected_key(error: Exception) -> str | None:
    """Return the key that obstore does not accept, given its InvalidPathError; None if it does not name the key."""
    found = _REJECTED_PATH.search(str(error))
    return found[1] if found else None
