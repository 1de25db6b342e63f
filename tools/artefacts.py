"""The table of all committed files that are generated: `scripts/generate` writes them, and a test compares them.

A new generated file is a new row. `python -m tests.conformance.kill_matrix --write` measures the kill matrix, which
takes long. Here its files are only written again from the measured results.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from traits_sandbox.contract.model import Contract

ROOT: Final = Path(__file__).resolve().parents[1]
REFERENCE: Final = "docs/reference"

# The content of files by their path in the checkout; None for a file that is no longer generated.
Files = dict[str, bytes | None]
Render = Callable[[Path], Files]

# The libraries whose versions can change the text of a file.
LIBRARIES: Final = ("click", "markdown-it-py", "mdit-py-plugins", "msgspec", "orjson", "pyyaml")


def editions(root: Path) -> Files:
    """Return the contract of each edition with its JSON Schemas, its OpenAPI document and its Postman files."""
    from traits_sandbox.contract.build import build_edition
    from traits_sandbox.derive.generate import generate, generated_names, place

    files: Files = {}
    for edition in _editions(root):
        contents = generate(build_edition(edition)[0])
        for name in sorted(generated_names(edition) | contents.keys()):
            files[place(edition, name).relative_to(root).as_posix()] = contents.get(name)
    return files


def control_api(root: Path) -> Files:
    """Return the OpenAPI document of the control API, as a sandbox serves it for the default edition."""
    from traits_sandbox.derive.generate import pretty
    from traits_sandbox.web.control.openapi.document import control_openapi

    return {"schemas/control.openapi.json": pretty(control_openapi(_default_contract(root)))}


def conformance_report(_: Path) -> Files:
    """Return the JSON Schema of the conformance report."""
    from traits_sandbox.conformance.reports.json_form import schema

    return {"conformance/report.schema.json": schema()}


def kill_matrix(root: Path) -> Files:
    """Return the kill matrix as a table, and its measured results."""
    from tests.conformance.kill_matrix import as_table, as_toml, read
    from traits_sandbox.conformance.judging.requirements import registry

    found = read(root / "conformance/kill-matrix.toml")
    return {
        "conformance/kill-matrix.toml": as_toml(found).encode(),
        "conformance/kill-matrix.md": as_table(found, registry()).encode(),
    }


def commands(_: Path) -> Files:
    """Return the reference page of all commands."""
    from tools.command_page import commands_page

    return {f"{REFERENCE}/commands.md": commands_page()}


def edition_pages(root: Path) -> Files:
    """Return the reference page of each edition."""
    from tools.edition_page import edition_page
    from traits_sandbox.contract.build import build_edition

    contracts = [build_edition(folder)[0] for folder in _editions(root)]
    return {f"{REFERENCE}/{contract.edition}.md": edition_page(contract) for contract in contracts}


def control_api_page(root: Path) -> Files:
    """Return the reference page of the control API."""
    from tools.control_page import control_page

    (document,) = control_api(root).values()
    assert document is not None
    return {f"{REFERENCE}/control-api.md": control_page(json.loads(document))}


def pictures(_: Path) -> Files:
    """Return the pictures of the documentation; none where the system has no POSIX terminals to draw."""
    if os.name != "posix":
        return {}
    from tools.pictures import failing_push

    return {"docs/pictures/failing-push.svg": failing_push()}


# Each row gets the path of the checkout.
ARTEFACTS: Final[Mapping[str, Render]] = {
    "editions": editions,
    "control API": control_api,
    "conformance report": conformance_report,
    "kill matrix": kill_matrix,
    "command pages": commands,
    "edition pages": edition_pages,
    "control API page": control_api_page,
    "pictures": pictures,
}


def _editions(root: Path) -> list[Path]:
    """Return the folder of each edition."""
    from traits_sandbox.contract.build import DOCUMENT

    return sorted(document.parent for document in (root / "schemas").glob(f"*/{DOCUMENT}"))


def _default_contract(root: Path) -> "Contract":
    from traits_sandbox.contract.build import build_edition
    from traits_sandbox.settings import Settings

    return build_edition(root / "schemas" / Settings().contract)[0]
