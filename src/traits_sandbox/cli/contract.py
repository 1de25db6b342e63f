"""`traits-sandbox contract`: build, check, show and compare contracts."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from traits_sandbox.cli.exit_codes import FAILED, SUCCESS, lists_exit_codes
from traits_sandbox.cli.options import json_option
from traits_sandbox.cli.streams import console
from traits_sandbox.contract.build import DOCUMENT, build, build_edition
from traits_sandbox.contract.compile import compile_file
from traits_sandbox.contract.diff import Change, diff
from traits_sandbox.contract.load import editions, load, locate
from traits_sandbox.contract.model import Contract, Field
from traits_sandbox.derive.generate import differences, generate, place, pretty, write

TableRows = list[tuple[str, ...]]
"""The cells of a printed table, row by row."""


@click.group()
def contract() -> None:
    """Build, check, show and compare contracts."""


@contract.command("build")
@click.argument("document", type=click.Path(path_type=Path))
@click.option("--errata", type=click.Path(path_type=Path), help="TOML file with decisions about the document.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the generated files.")
@lists_exit_codes("contract build")
def build_command(document: Path, errata: Path | None, out: Path) -> None:
    """Compile DOCUMENT to a contract, and write the files that are generated from it.

    Contradictions and omissions of the document are printed on standard error. The Postman collection is written to
    the folder `postman` below --out, or beside `schemas` if --out is in a folder of that name.
    """
    built, warnings = build(document, errata)
    for warning in warnings:
        click.echo(f"{document}:{warning.line}: {warning.section}: {warning.message}", err=True)
    files = generate(built)
    write(files, out)
    folders = Counter(place(out, name).parent for name in files)
    counts = ", ".join(f"{count} files in {folder}" for folder, count in folders.items())
    click.echo(f"edition {built.edition}: {counts}")


@contract.command()
@click.argument("edition", required=False)
@lists_exit_codes("contract check")
def check(edition: str | None) -> None:
    """Check whether the generated files are up to date.

    EDITION is a name, or a folder with reference.md and errata.toml. Without it, all editions are checked.
    """
    wrong = 0
    for folder in [locate(edition)] if edition else map(locate, editions()):
        built, _ = build_edition(folder)
        found = differences(generate(built), folder)
        click.echo("\n".join(f"{folder}: {each}" for each in found or ["fresh"]))
        wrong += len(found)
    sys.exit(FAILED if wrong else SUCCESS)


@contract.command()
@click.argument("edition", required=False)
@json_option("the whole contract")
@lists_exit_codes("contract show")
def show(edition: str | None, as_json: bool) -> None:
    """Print the operations and the fields of a contract.

    EDITION is a name or a path. Without it, the newest edition is printed.
    """
    shown = load(edition or editions()[-1])
    if as_json:
        click.echo(pretty(shown), nl=False)
        return
    for title, header, rows in _tables(shown):
        _print_table(title, header, rows)


@contract.command("diff")
@click.argument("a")
@click.argument("b")
@json_option("the changes")
@lists_exit_codes("contract diff")
def diff_command(a: str, b: str, as_json: bool) -> None:
    """Print the changes from document A to document B.

    A and B are paths of documents or names of editions. A change that breaks clients is marked with BREAKS.
    """
    changes = diff(_document(a), _document(b))
    if as_json:
        click.echo(pretty(changes), nl=False)
    else:
        click.echo("\n".join(map(_change, changes)) or "no difference")
    sys.exit(FAILED if any(change.breaks for change in changes) else SUCCESS)


def _document(path_or_edition: str) -> Contract:
    path = locate(path_or_edition)
    compiled, _ = compile_file(path / DOCUMENT if path.is_dir() else path, edition=path_or_edition)
    return compiled


def _change(change: Change) -> str:
    values = {
        "added": f": {change.after}" if change.after else "",
        "removed": f": {change.before}" if change.before else "",
        "changed": f": {change.before} -> {change.after}",
    }
    return f"{'BREAKS' if change.breaks else '      '} {change.kind:8}{change.what}{values[change.kind]}"


def _tables(shown: Contract) -> Iterator[tuple[str, tuple[str, ...], TableRows]]:
    operations: TableRows = [
        (each.id, each.method, each.path, each.behaviour, each.effect) for each in shown.operations
    ]
    title = f"{shown.title}, edition {shown.edition}"
    yield title, ("operation", "method", "path", "behaviour", "effect"), operations
    for record in shown.records:
        fields: TableRows = [
            (field.name, _type(field), "required" if field.required else "", _rules(field)) for field in record.fields
        ]
        yield f"{record.heading} ({record.kind})", ("field", "type", "", "rules"), fields


def _type(field: Field) -> str:
    return f"list<{field.item}>" if field.item else field.type


def _rules(field: Field) -> str:
    from traits_sandbox.derive.sentences import bounds

    rules = bounds(field)
    rules += [field.format] if field.format else []
    rules += [" | ".join(field.allowed)] if field.allowed else []
    return ", ".join(rules)


def _print_table(title: str, header: tuple[str, ...], rows: TableRows) -> None:
    if sys.stdout.isatty():
        _print_rich(title, header, rows)
        return
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    click.echo(f"{title}\n")
    for row in (header, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    click.echo()


def _print_rich(title: str, header: tuple[str, ...], rows: TableRows) -> None:
    from rich.table import Column, Table
    from rich.text import Text

    columns = (Column(name, overflow="fold") for name in header)
    table = Table(*columns, title=Text(title), title_justify="left")
    for row in rows:
        table.add_row(*map(Text, row))
    console(err=False).print(table)
