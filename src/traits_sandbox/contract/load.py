"""Loads a compiled contract; this is all of the compiler that a running sandbox needs."""

from pathlib import Path

import msgspec

from traits_sandbox import resources
from traits_sandbox.contract.model import Contract
from traits_sandbox.errors import UsageError

CONTRACT_FILE = "contract.json"


def load(path_or_edition: str | Path) -> Contract:
    """Return the contract of an edition that the package carries, of a folder, or of a `contract.json`.

    Raises:
        UsageError: there is no such contract, or the file does not hold one.

    """
    path = locate(path_or_edition)
    file = path / CONTRACT_FILE if path.is_dir() else path
    try:
        return msgspec.json.decode(file.read_bytes(), type=Contract)
    except OSError as error:
        raise UsageError(f"cannot read the contract {file}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise UsageError(f"{file} is not a contract: {error}; build it again") from error


def locate(path_or_edition: str | Path) -> Path:
    """Return the folder of an edition, or the path itself where no edition has the name.

    Raises:
        UsageError: it is neither.

    """
    known = editions()
    if path_or_edition in known:
        return resources.schemas() / path_or_edition
    path = Path(path_or_edition)
    if not path.exists():
        raise UsageError(f"no contract {str(path)!r}: neither a path nor an edition ({', '.join(known)})")
    return path


def editions() -> list[str]:
    """Return the names of the editions that the package carries, oldest first."""
    return sorted(each.name for each in resources.schemas().iterdir() if each.is_dir())
