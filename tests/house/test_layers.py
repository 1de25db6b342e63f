"""Checks which parts of the package import each other, and which modules import which library."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
PACKAGE = "traits_sandbox"

# A row may import a column: x yes, no never (the two most important bans), - not needed, · itself.
DRAWING = """
            contract derive store control handlers bulk web conformance
contract        ·      -      -      -       -      -    -       -
derive          x      ·      -      -       -      -    -       -
store           x      -      ·      -       -      -    -       -
control         x      x      x      ·       -      -    -       -
handlers        x      x      x      no      ·      -    -       -
bulk            x      x      x      x       x      ·    -       -
web             x      x      x      x       x      x    ·       -
conformance     x      x      no     no      no     no   no      ·
"""
FOR_EVERYONE = {
    "errors",
    "event_results",
    "clock",
    "resources",
    "extras",
    "settings",
    "system",
    "reporting",
    "json_types",
    "trust",
    "__init__",
}
LEAVES = {"errors", "clock", "json_types", "__init__"}


def allowed_imports() -> dict[str, set[str]]:
    """Return the parts that each part may import, as the table allows."""
    columns, *rows = [line.split() for line in DRAWING.strip().splitlines()]
    return {name: {to for to, cell in zip(columns, cells, strict=True) if cell == "x"} for name, *cells in rows}


LAYERS = allowed_imports()
SERVER = set(LAYERS) - {"conformance"}
MAY_IMPORT = LAYERS | {
    **{name: set() for name in FOR_EVERYONE},
    "__main__": {"cli"},
    "sandbox": SERVER,
    "running": {"sandbox", "web"},
    "cli": {*LAYERS, "sandbox", "running"},
    "pytest_plugin": {*SERVER, "sandbox", "running", "cli"},
}

TLS = ("trustme", "cryptography", "platformdirs")
BULK = ("obstore", "polars", "pyarrow", "pandas", "dask", "distributed", "zstandard", "boto3")
KIT = ("hypothesis", "schemathesis", "jsonschema", "requests", "urllib3")
LATE = {*TLS, *BULK, *KIT, "redis"}

# Libraries, and the only modules that may import them. Libraries in LATE are imported only in functions.
FENCES: dict[str, set[str]] = {
    "starlette": {"web"},
    "python_multipart": {"web"},
    "httptools": {"web", "cli"},
    "uvicorn": {"web", "cli"},
    "uvloop": {"web", "cli"},
    "jsonschema_rs": {"derive.compiled"},
    "markdown_it": {"contract.markdown"},
    "mdit_py_plugins": {"contract.markdown"},
    "yaml": {"contract.markdown"},
    "redis": {"store.redis"},
    "click": {"cli", "settings"},
    "rich": {"cli", "bulk", "conformance", "reporting"},
    "jinja2": {"reporting.html"},
    "pytest": {"pytest_plugin"},
    "msgspec": set(MAY_IMPORT),
    "orjson": set(MAY_IMPORT),
    **{name: {"web.tls"} for name in TLS},
    **{name: {"bulk"} for name in BULK},
    "httpx": {"conformance", "bulk.loading.sending", "bulk.loading.network_errors"},
    **{name: {"conformance"} for name in KIT},
}


@dataclass(frozen=True, slots=True)
class Import:
    """One import: importing and imported module, place, and whether it is in a function or for types only (`late`)."""

    importer: str
    imported: str
    place: str
    late: bool

    @property
    def own(self) -> bool:
        return self.library == PACKAGE

    @property
    def library(self) -> str:
        return self.imported.partition(".")[0]

    @property
    def part(self) -> str:
        return self.imported.split(".")[1] if "." in self.imported else "__init__"

    def __str__(self) -> str:
        return f"{self.place}: {self.importer} imports {self.imported}"


def modules() -> dict[str, Path]:
    """Return each module by its dotted name without the package (`derive.validation`, `cli`)."""
    found = {}
    for path in sorted((SOURCE / PACKAGE).rglob("*.py")):
        parts = path.relative_to(SOURCE / PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = path
    return found


def imports() -> Iterator[Import]:
    for name, path in modules().items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        late = {id(node) for node in _late_nodes(tree)}
        for node in ast.walk(tree):
            for imported in _imported(node):
                place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
                yield Import(name, imported, place, id(node) in late)


def _late_nodes(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        typing_only = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        if typing_only or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from ast.walk(node)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        module = node.module or ""
        return [f"{PACKAGE}.{alias.name}" for alias in node.names] if module == PACKAGE else [module]
    if isinstance(node, ast.ImportFrom):
        return [f"{PACKAGE}.relative"]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        return [str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)]
    return []


def within(name: str, places: set[str]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


@pytest.fixture(scope="module")
def everything() -> list[Import]:
    return list(imports())


def part(name: str) -> str:
    return name.partition(".")[0]


def allowed(each: Import) -> bool:
    importer, imported = part(each.importer), each.part
    if imported not in MAY_IMPORT:  # `from traits_sandbox import __version__`
        return imported.startswith("__")
    if importer in LEAVES:
        return False
    return imported == importer or imported in FOR_EVERYONE or imported in MAY_IMPORT[importer]


def test_every_part_of_the_package_is_in_the_table() -> None:
    assert {part(name) for name in modules()} <= set(MAY_IMPORT)


def test_parts_import_only_what_the_table_allows(everything: list[Import]) -> None:
    assert [str(each) for each in everything if each.own and not allowed(each)] == []


def test_libraries_are_imported_only_where_the_table_allows(everything: list[Import]) -> None:
    libraries = [each for each in everything if not each.own and each.library not in sys.stdlib_module_names]
    assert [str(each) for each in libraries if not within(each.importer, FENCES.get(each.library, set()))] == []


def test_optional_libraries_are_imported_late(everything: list[Import]) -> None:
    assert [str(each) for each in everything if each.library in LATE and not each.late] == []


def test_serve_imports_no_library_that_it_does_not_use() -> None:
    program = "import sys, traits_sandbox.cli.serve; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) & (LATE | {"rich", "markdown_it", "mdit_py_plugins", "yaml"}) == set()


def test_forbidden_imports_are_found() -> None:
    assert not allowed(Import("handlers.accept", "traits_sandbox.control.faults", "here:1", late=False))
    assert not allowed(Import("conformance.cases", "traits_sandbox.web.app", "here:1", late=False))
    assert allowed(Import("web.app", "traits_sandbox.handlers.accept", "here:1", late=False))
    assert not within("handlers.accept", FENCES["starlette"])
