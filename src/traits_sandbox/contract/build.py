"""Builds the contract of an edition from its two hand-written files."""

from pathlib import Path

from traits_sandbox.contract import errata
from traits_sandbox.contract.compile import Compiled, compile_file

DOCUMENT = "reference.md"
ERRATA = "errata.toml"


def build(document: Path, errata_file: Path | None) -> Compiled:
    """Return the contract of a document with its errata applied, and the compiler's warnings.

    Without an errata file, the edition is the document's file name without its extension.

    Raises:
        UsageError: a file cannot be read, or contains something that the compiler does not know.

    """
    if errata_file is None:
        return compile_file(document, edition=document.stem)
    settled = errata.read(errata_file)
    contract, warnings = compile_file(document, edition=settled.edition)
    return errata.apply(contract, settled), warnings


def build_edition(folder: Path) -> Compiled:
    """Build the contract of a folder from its `reference.md` and its `errata.toml`, if it has one.

    Raises:
        UsageError: as `build`.

    """
    settled = folder / ERRATA
    return build(folder / DOCUMENT, settled if settled.exists() else None)
