"""Builds the contract of an edition from its two hand-written files."""

from pathlib import Path

from traits_sandbox.contract import errata
from traits_sandbox.contract.compile import Contradiction, compile_file
from traits_sandbox.contract.model import Contract

DOCUMENT = "reference.md"
ERRATA = "errata.toml"


def build(document: Path, errata_file: Path | None) -> tuple[Contract, tuple[Contradiction, ...]]:
    """Compile a document and apply its errata; without errata the edition is the document's file stem.

    Raises:
        UsageError: a file cannot be read, or holds what the compiler does not know.

    """
    if errata_file is None:
        return compile_file(document, edition=document.stem)
    settled = errata.read(errata_file)
    contract, findings = compile_file(document, edition=settled.edition)
    return errata.apply(contract, settled), findings


def build_edition(folder: Path) -> tuple[Contract, tuple[Contradiction, ...]]:
    """Build an edition's folder out of its `reference.md` and, where there is one, `errata.toml`; as `build`."""
    settled = folder / ERRATA
    return build(folder / DOCUMENT, settled if settled.exists() else None)
