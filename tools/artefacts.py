"""The table of all generated files that are committed: `scripts/generate` writes them, one test compares them.

A new generated file is a new row. The kill matrix's findings are measured, which takes long, by
`python -m tests.conformance.kill_matrix --write`; here its files are only rendered again from these findings.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from traits_sandbox.errors import UsageError

if TYPE_CHECKING:
    from traits_sandbox.contract.model import Contract

ROOT: Final = Path(__file__).resolve().parents[1]

# The content of files by their path below the checkout; None for a file that is no longer generated.
Files = dict[str, bytes | None]
Render = Callable[[Path], Files]

# The libraries whose versions may change how a file is written.
LIBRARIES: Final = ("click", "markdown-it-py", "mdit-py-plugins", "msgspec", "orjson", "pyyaml")


def editions(root: Path) -> Files:
    """Return the contract of each edition with its JSON Schemas, its OpenAPI document and its Postman files."""
    from traits_sandbox.contract.build import DOCUMENT, build_edition
    from traits_sandbox.derive.generate import generate, generated_names, place

    files: Files = {}
    for document in sorted((root / "schemas").glob(f"*/{DOCUMENT}")):
        edition = document.parent
        contents = generate(build_edition(edition)[0])
        for name in sorted(generated_names(edition) | contents.keys()):
            files[place(edition, name).relative_to(root).as_posix()] = contents.get(name)
    return files


def control_api(root: Path) -> Files:
    """Return the OpenAPI document of the control API, as a sandbox serves it for the default edition."""
    from traits_sandbox.derive.generate import pretty
    from traits_sandbox.web.control.openapi import control_openapi

    return {"schemas/control.openapi.json": pretty(control_openapi(_default_contract(root)))}


def conformance_report(_: Path) -> Files:
    """Return the JSON Schema of the conformance report."""
    from traits_sandbox.conformance.reports.json_form import schema

    return {"conformance/report.schema.json": schema()}


def kill_matrix(root: Path) -> Files:
    """Return the kill matrix as a table, and its findings in the form in which they are kept."""
    from tests.conformance.kill_matrix import as_table, as_toml, read
    from traits_sandbox.conformance.judging.requirements import registry

    found = read(root / "conformance/kill-matrix.toml")
    return {
        "conformance/kill-matrix.toml": as_toml(found).encode(),
        "conformance/kill-matrix.md": as_table(found, registry()).encode(),
    }


def options(root: Path) -> Files:
    """Return the README with the table of options."""
    from traits_sandbox.settings import readme_table

    return section(root, "README.md", "options", readme_table())


# Each row gets the path of the checkout.
ARTEFACTS: Final[Mapping[str, Render]] = {
    "editions": editions,
    "control API": control_api,
    "conformance report": conformance_report,
    "kill matrix": kill_matrix,
    "options of serve": options,
}


def section(root: Path, page: str, name: str, body: str) -> Files:
    """Return a page with a new text between the lines `<!-- name -->` and `<!-- /name -->`.

    Raises:
        UsageError: the page does not have each of the two lines once, in this order.

    """
    first, last = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    text = (root / page).read_bytes().decode()
    if (text.count(first), text.count(last)) != (1, 1) or text.index(last) < text.index(first):
        raise UsageError(f"{page} needs the lines {first.strip()} and {last.strip()}, each once, in this order")
    before, _, rest = text.partition(first)
    return {page: f"{before}{first}{body}{last}{rest.partition(last)[2]}".encode()}


def _default_contract(root: Path) -> "Contract":
    from traits_sandbox.contract.build import build_edition
    from traits_sandbox.settings import Settings

    return build_edition(root / "schemas" / Settings().contract)[0]
