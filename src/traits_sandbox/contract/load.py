"""Loads a compiled contract. A running sandbox needs no other part of the compiler."""

from codecs import BOM_UTF8
from pathlib import Path

import msgspec

from traits_sandbox import resources
from traits_sandbox.contract.model import Contract
from traits_sandbox.errors import UsageError

CONTRACT_FILE = "contract.json"


def load(path_or_edition: str | Path) -> Contract:
    """Return the contract of a bundled edition, of a folder with a `contract.json`, or of such a file.

    Raises:
        UsageError: there is no such file, it cannot be read, or it is not a contract.

    """
    path = locate(path_or_edition)
    file = path / CONTRACT_FILE if path.is_dir() else path
    try:
        return msgspec.json.decode(file.read_bytes().removeprefix(BOM_UTF8), type=Contract)
    except OSError as error:
        raise UsageError(f"cannot read the contract {file}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise UsageError(f"{file} is not a contract of this version; run `traits-sandbox contract build`") from error


def locate(path_or_edition: str | Path) -> Path:
    """Return the folder of a bundled edition, or the path itself if no edition has this name.

    Raises:
        UsageError: no edition has this name, and the path does not exist.

    """
    known = editions()
    if path_or_edition in known:
        return resources.schemas() / path_or_edition
    path = Path(path_or_edition)
    if not path.exists():
        raise UsageError(f"no contract {str(path)!r}: neither a path nor an edition ({', '.join(known)})")
    return path


def editions() -> list[str]:
    """Return the names of the bundled editions, oldest first."""
    return sorted(each.name for each in resources.schemas().iterdir() if each.is_dir())
