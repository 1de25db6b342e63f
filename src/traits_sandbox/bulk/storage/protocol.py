"""What every storage can do, how it is reached, and how it fails."""

from typing import Protocol

import msgspec

from traits_sandbox.bulk.values import Stored
from traits_sandbox.errors import TraitsSandboxError, UsageError

UNREACHABLE = "cannot connect to the storage"


class StorageFault(TraitsSandboxError):
    """The storage cannot be reached, or does not let us list or read. The message is one sentence."""


class ObjectGone(TraitsSandboxError):
    """An object vanished, or changed, after it was listed."""


class Access(msgspec.Struct, frozen=True):
    """How a storage is reached: what overrides the usual environment of its cloud. Never shown anywhere.

    `options` are those of obstore, such as `access_key_id`; `endpoint` is the URL of another server than the cloud's.
    """

    endpoint: str = ""
    options: dict[str, str] = {}

    def __repr__(self) -> str:
        return "Access(***)"


class Storage(Protocol):
    """Files that can be listed and read, nothing else."""

    def files(self) -> list[Stored]:
        """Return every file, in any order; raises StorageFault."""

    def read(self, stored: Stored, start: int, end: int) -> bytes:
        """Return some bytes of a file, fewer where it ends; raises StorageFault and ObjectGone."""

    def check(self, stored: Stored) -> None:
        """Raise ObjectGone unless a file is what was listed; raises StorageFault too."""


def faulty(uri: str, verb: str, why: str) -> StorageFault:
    """Return the error of a storage that cannot be `listed` or `read`."""
    return StorageFault(f"{UNREACHABLE}: {uri} cannot be {verb} ({why})")


def compare(listed: Stored, *, size: int, etag: str) -> None:
    """Raise ObjectGone if a file is no longer what was listed."""
    if size != listed.size or (etag and listed.etag and etag != listed.etag):
        raise ObjectGone("it changed after it was listed")


def mistaken(uri: str) -> UsageError:
    """Return the error of a URI that means nothing; what may be a secret in it is left out."""
    return UsageError(f"{uri} is no folder, file://, s3://bucket, gs://bucket or az://container")
