"""Generates the files that are derived from a contract; the same contract gives the same bytes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from traits_sandbox.contract.model import Contract
from traits_sandbox.derive.json_schema import documents
from traits_sandbox.derive.openapi.document import openapi
from traits_sandbox.derive.postman import collection as postman
from traits_sandbox.derive.postman.requests import SAMPLE
from traits_sandbox.errors import UsageError

POSTMAN: Final = "postman"
PATTERNS: Final = (
    "contract.json",
    "openapi.json",
    "*.schema.json",
    f"{POSTMAN}/{postman.COLLECTION}",
    f"{POSTMAN}/{postman.ENVIRONMENT}",
    f"{POSTMAN}/*{SAMPLE}",
)

# Each derivation returns the values of its files by name. A text is written as it is, any other value as JSON.
DERIVATIONS: Final[tuple[Callable[[Contract], dict[str, Any]], ...]] = (
    lambda contract: {"contract.json": contract},
    documents,
    lambda contract: {"openapi.json": openapi(contract)},
    lambda contract: {f"{POSTMAN}/{name}": value for name, value in postman.files(contract).items()},
)


def generate(contract: Contract) -> dict[str, bytes]:
    """Return the content of every generated file of an edition by name."""
    return {name: _content(value) for derive in DERIVATIONS for name, value in derive(contract).items()}


def pretty(value: Any) -> bytes:
    """Return a value as JSON, indented by two spaces and with a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def write(files: dict[str, bytes], folder: Path) -> None:
    """Write the generated files of an edition, and remove generated files that are no longer needed.

    Raises:
        UsageError: a file cannot be written or removed.

    """
    try:
        for name in generated_names(folder) - files.keys():
            place(folder, name).unlink()
        for name, content in files.items():
            path = place(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"cannot write to {error.filename}: {error.strerror}") from error


def differences(files: dict[str, bytes], folder: Path) -> list[str]:
    """Return a message for each file in a folder that differs from the generated one; empty if none does."""
    present = generated_names(folder)
    found = [f"missing {name}" for name in sorted(files.keys() - present)]
    found += [f"unexpected {name}" for name in sorted(present - files.keys())]
    both = ((name, place(folder, name).read_bytes()) for name in sorted(files.keys() & present))
    return found + [f"{_difference(content, files[name])} {name}" for name, content in both if content != files[name]]


def generated_names(folder: Path) -> set[str]:
    """Return the names of the generated files that an edition's folder has, without its hand-written files."""
    found = ((_root(folder, pattern), pattern) for pattern in PATTERNS)
    return {path.relative_to(root).as_posix() for root, pattern in found for path in root.glob(pattern)}


def place(folder: Path, name: str) -> Path:
    """Return the path of a generated file of an edition's folder."""
    return _root(folder, name) / name


def _root(folder: Path, name: str) -> Path:
    # The Postman folder of an edition in `schemas` is beside `schemas`, where people expect it.
    schemas = folder.resolve().parent
    return schemas.parent if name.startswith(f"{POSTMAN}/") and schemas.name == "schemas" else folder


def _difference(present: bytes, generated: bytes) -> str:
    return "CRLF line ends instead of LF in" if present.replace(b"\r\n", b"\n") == generated else "stale"


def _content(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else pretty(value)
