"""`traits-sandbox contract`: build, check, show and compare contracts."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from traits_sandbox.contract.build import DOCUMENT, build, build_edition
from traits_sandbox.contract.compile import compile_file
from traits_sandbox.contract.content import CompilerWarning
from traits_sandbox.contract.diff import Change, diff
from traits_sandbox.contract.load import editions, load, locate
from traits_sandbox.contract.model import Contract, Field
from traits_sandbox.derive.generate import differences, generate, place, pretty, write

Rows = list[tuple[str, ...]]


@click.group()
def contract() -> None:
    """Build, check, show and compare contracts."""


@contract.command("build")
@click.argument("document", type=click.Path(path_type=Path))
@click.option("--errata", type=click.Path(path_type=Path), help="What was settled beyond the document.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the generated files.")
def build_command(document: Path, errata: Path | None, out: Path) -> None:
    """Compile DOCUMENT and write what follows.

    The Postman collection goes to the folder `postman` below --out, or beside `schemas` where --out lies in that.

    \b
    Exit codes:
      0  the files are written
      2  could not run; the reason is one line on stderr
    """
    built, findings = build(document, errata)
    for finding in findings:
        click.echo(_finding(document, finding), err=True)
    files = generate(built)
    write(files, out)
    folders = Counter(place(out, name).parent for name in files)
    told = ", ".join(f"{count} files in {folder}" for folder, count in folders.items())
    click.echo(f"edition {built.edition}: {told}")


@contract.command()
@click.argument("edition", required=False)
def check(edition: str | None) -> None:
    """Tell whether generated files are fresh.

    EDITION is a name or a folder with reference.md and errata.toml; without it, every edition is checked.

    \b
    Exit codes:
      0  all generated files are fresh
      1  some are stale or missing
      2  could not run; the reason is one line on stderr
    """
    wrong = 0
    for folder in [locate(edition)] if edition else map(locate, editions()):
        built, _ = build_edition(folder)
        found = differences(generate(built), folder)
        click.echo("\n".join(f"{folder}: {each}" for each in found or ["fresh"]))
        wrong += len(found)
    sys.exit(1 if wrong else 0)


@contract.command()
@click.argument("edition", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the contract itself.")
def show(edition: str | None, as_json: bool) -> None:
    """Print operations and fields.

    EDITION is a name or a path; without it, the newest edition is shown.

    \b
    Exit codes:
      0  the contract is printed
      2  could not run; the reason is one line on stderr
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
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON.")
def diff_command(a: str, b: str, as_json: bool) -> None:
    """Compare documents A and B.

    Each is the path of a document or the name of an edition.

    \b
    Exit codes:
      0  no change breaks clients
      1  a change breaks clients
      2  could not run; the reason is one line on stderr
    """
    changes = diff(_document(a), _document(b))
    if as_json:
        click.echo(pretty(changes), nl=False)
    else:
        click.echo("\n".join(map(_change, changes)) or "no difference")
    sys.exit(1 if any(change.breaks for change in changes) else 0)


def _finding(document: Path, finding: CompilerWarning) -> str:
    return f"{document}:{finding.line}: {finding.section}: {finding.message}"


def _document(path_or_edition: str) -> Contract:
    path = locate(path_or_edition)
    compiled, _ = compile_file(path / DOCUMENT if path.is_dir() else path, edition=path_or_edition)
    return compiled


def _change(change: Change) -> str:
    values = (change.before, change.after)
    told = {
        "added": f": {change.after}" if change.after else "",
        "removed": f": {change.before}" if change.before else "",
        "changed": f": {values[0]} -> {values[1]}",
    }
    return f"{'BREAKS' if change.breaks else '      '} {change.kind:8}{change.what}{told[change.kind]}"


def _tables(shown: Contract) -> Iterator[tuple[str, tuple[str, ...], Rows]]:
    operations: Rows = [(each.id, each.method, each.path, each.behaviour, each.effect) for each in shown.operations]
    title = f"{shown.title}, edition {shown.edition}"
    yield title, ("operation", "method", "path", "behaviour", "effect"), operations
    for record in shown.records:
        fields: Rows = [
            (field.name, _type(field), "required" if field.required else "", _rules(field)) for field in record.fields
        ]
        yield f"{record.heading} ({record.kind})", ("field", "type", "", "rules"), fields


def _type(field: Field) -> str:
    return f"list<{field.item}>" if field.item else field.type


def _rules(field: Field) -> str:
    limits = {"min length": field.min_length, "from": field.minimum, "above": field.exclusive_minimum}
    rules = [f"{name} {value}" for name, value in limits.items() if value is not None]
    rules += [field.format] if field.format else []
    rules += [" | ".join(field.allowed)] if field.allowed else []
    return ", ".join(rules)


def _print_table(title: str, header: tuple[str, ...], rows: Rows) -> None:
    if sys.stdout.isatty():
        _print_rich(title, header, rows)
        return
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    click.echo(f"{title}\n")
    for row in (header, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    click.echo()


def _print_rich(title: str, header: tuple[str, ...], rows: Rows) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    columns = (Column(name, overflow="fold") for name in header)
    table = Table(*columns, title=Text(title), title_justify="left")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)
