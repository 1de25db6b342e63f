"""The requirements: every promise that is tested, read from `conformance/requirements.toml`."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from traits_sandbox import resources

Level = Literal["MUST", "SHOULD", "INFO"]
Basis = Literal["document", "example", "rfc", "emulator"]
Profile = Literal["core", "strict", "emulator"]

FILE = "requirements.toml"

DECIDING: dict[Profile, frozenset[Level]] = {
    "core": frozenset({"MUST"}),
    "strict": frozenset({"MUST", "SHOULD"}),
    "emulator": frozenset({"MUST", "SHOULD", "INFO"}),
}
"""The levels that decide the verdict of a profile. The others are reported but do not change the verdict."""

AREAS = {
    "OP": "Operations",
    "AUTH": "Authentication",
    "TLS": "Transport security",
    "ENV": "Envelope",
    "LIM": "Limits",
    "TYPE": "Fields and types",
    "TS": "Timestamps",
    "BODY": "Bodies",
    "ATOM": "Atomicity",
    "CT": "Content types",
    "CSV": "CSV uploads",
    "HOOK": "Webhook",
    "STATE": "Status, personas and traits",
    "DEL": "Deletion",
    "IDEM": "Repetition and concurrency",
    "HTTP": "HTTP",
}


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One promise of the document. Its id is stable and never reused.

    `basis`: the document says it, an example shows it, an RFC demands it, or only the emulator promises it.
    `passages` maps headings of the reference to digests of their text when the requirement was written; a digest that
    differs from the current one marks the requirement as stale.
    """

    id: str
    level: Level
    basis: Basis
    statement: str
    passages: dict[str, str] = {}

    @property
    def area(self) -> str:
        """Return the name of its area."""
        return AREAS[self.id.partition("-")[0]]


class Registry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: the version of the suite, and its requirements in the order of the report.

    `silent` maps headings without a promise that can be tested over HTTP to the reason.
    """

    version: str
    requirement: tuple[Requirement, ...]
    silent: dict[str, str] = {}

    def __getitem__(self, requirement_id: str) -> Requirement:
        """Return a requirement; raises KeyError if there is none."""
        for requirement in self.requirement:
            if requirement.id == requirement_id:
                return requirement
        raise KeyError(requirement_id)


@cache
def registry() -> Registry:
    """Return the requirements that come with this version."""
    return read_registry(resources.folder("conformance") / FILE)


def read_registry(file: Path) -> Registry:
    """Read a file of requirements; raises msgspec.ValidationError if it does not have the form."""
    return msgspec.toml.decode(file.read_bytes(), type=Registry)


def passages(reference: str) -> dict[str, str]:
    """Return a digest of the text under each heading of a document."""
    found: dict[str, list[str]] = {}
    fenced, heading = False, ""
    for line in reference.splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("#") and not fenced:
            heading = line.lstrip("#").strip()
        found.setdefault(heading, []).append(line.rstrip())
    return {name: hashlib.sha256("\n".join(lines).strip().encode()).hexdigest()[:12] for name, lines in found.items()}
