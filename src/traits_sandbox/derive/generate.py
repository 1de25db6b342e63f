"""Lists the files that follow from a contract, byte for byte reproducible."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from traits_sandbox.contract.model import Contract
from traits_sandbox.derive.json_schema import documents
from traits_sandbox.derive.openapi import openapi
from traits_sandbox.errors import UsageError

PATTERNS: Final = ("contract.json", "openapi.json", "*.schema.json")

# Each derivation gives the values of its files by file name.
DERIVATIONS: Final[tuple[Callable[[Contract], dict[str, Any]], ...]] = (
    lambda contract: {"contract.json": contract},
    documents,
    lambda contract: {"openapi.json": openapi(contract)},
)


def generate(contract: Contract) -> dict[str, bytes]:
    """Return every generated file of an edition: its name and its content."""
    return {name: pretty(value) for derive in DERIVATIONS for name, value in derive(contract).items()}


def pretty(value: Any) -> bytes:
    """Return a value as JSON with two spaces of indentation and a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def write(files: dict[str, bytes], folder: Path) -> None:
    """Write the generated files of an edition into its folder, and remove those of earlier times.

    Raises:
        UsageError: the folder cannot be written.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in generated_names(folder) - files.keys():
            (folder / name).unlink()
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}") from error


def differences(files: dict[str, bytes], folder: Path) -> list[str]:
    """Return in words each file of an edition's folder that is not what was generated; empty when all are."""
    present = generated_names(folder)
    found = [f"missing {name}" for name in sorted(files.keys() - present)]
    found += [f"unexpected {name}" for name in sorted(present - files.keys())]
    both = sorted(files.keys() & present)
    return found + [f"stale {name}" for name in both if (folder / name).read_bytes() != files[name]]


def generated_names(folder: Path) -> set[str]:
    """Return the names of the generated files in a folder; hand-written files are never among them."""
    return {path.name for pattern in PATTERNS for path in folder.glob(pattern)}
