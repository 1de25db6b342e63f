"""What every storage can do, how it is reached, and the errors that it raises."""

from enum import StrEnum
from typing import Protocol

import msgspec

from traits_sandbox.bulk.values import STORAGE, Stored
from traits_sandbox.errors import TraitsSandboxError

UNREACHABLE = "cannot connect to the storage"


class StorageAction(StrEnum):
    """What was tried on a storage."""

    LIST = "listed"
    READ = "read"


class GoneReason(StrEnum):
    """Why a listed object cannot be read."""

    MISSING = "it no longer exists"
    CHANGED = "it changed after it was listed"
    SHORTER = "it became shorter while it was read"


class StorageError(TraitsSandboxError):
    """A storage cannot be reached, or does not allow listing or reading. The message is one sentence."""

    kind = STORAGE


class ObjectError(StorageError):
    """One object cannot be read, for a reason that other objects do not have. The message is one sentence."""

    kind = "object"


class ObjectGone(TraitsSandboxError):
    """An object disappeared or changed after it was listed."""

    def __init__(self, reason: GoneReason) -> None:
        super().__init__(reason)
        self.reason = reason


class Access(msgspec.Struct, frozen=True):
    """How to reach a storage. The values override the usual environment variables of its cloud.

    `options` are those of obstore, such as `access_key_id`. `endpoint` is the URL of a server to use instead of the
    cloud's own, and `ca_file` has more certificates to trust. The values can be secret, so no output shows them.
    """

    endpoint: str = ""
    options: dict[str, str] = {}
    ca_file: str = ""

    def __repr__(self) -> str:
        return "Access(***)"


class Storage(Protocol):
    """Files that can only be listed and read."""

    def files(self) -> list[Stored]:
        """Return every file, in any order.

        Raises:
            StorageError: the storage cannot be listed.

        """

    def read(self, stored: Stored, start: int, end: int) -> bytes:
        """Return the bytes of a file from `start` up to `end`; fewer if the file ends before.

        Raises:
            StorageError: the file cannot be read.
            ObjectGone: it no longer exists, or changed after it was listed.

        """

    def encoding(self, stored: Stored) -> str:
        """Return the `Content-Encoding` of a file that was read, or an empty text."""

    def check(self, stored: Stored) -> None:
        """Check that a file has not changed after it was listed.

        Raises:
            StorageError: the file cannot be read.
            ObjectGone: it no longer exists, or changed after it was listed.

        """


def storage_error(uri: str, action: StorageAction, reason: str) -> StorageError:
    """Return the error of a storage that cannot be listed or read."""
    return StorageError(f"{UNREACHABLE}: {uri} cannot be {action} ({reason})")


def require_unchanged(listed: Stored, *, size: int, etag: str) -> None:
    """Raise ObjectGone if the size or the etag of a file differs from the listed one."""
    if size != listed.size or (etag and listed.etag and etag != listed.etag):
        raise ObjectGone(GoneReason.CHANGED)
