"""Prints a run: a table on a terminal, plain lines elsewhere, or JSON."""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure, Result, Skipped
from benchmarks.machine import Machine

COLUMNS = ("id", "what", "median", "min–max", "target", "met")
WORDS = {True: "yes", False: "no", None: ""}
COLOURED = {"yes": "[green]yes[/green]", "no": "[red]no[/red]", "": ""}


def as_json(machine: Machine, results: Sequence[Result]) -> str:
    """Return a run as one JSON object."""
    run = {
        "machine": machine.as_json(),
        "figures": [each.as_json() for each in results if isinstance(each, Figure)],
        "skipped": [each.as_json() for each in results if isinstance(each, Skipped)],
    }
    return json.dumps(run, ensure_ascii=False, indent=2)


def show(console: Console, machine: Machine, results: Sequence[Result]) -> None:
    """Print a run; each ratio is the median of rounds in which both sides are measured in turn."""
    if console.is_terminal:
        console.print(_table(results))
        for each in results:
            if isinstance(each, Skipped):
                console.print(f"{each.id} skipped: {each.reason}", style="yellow")
        console.print(str(machine), style="dim", highlight=False)
    else:
        for each in results:
            print(line(each))
        print(machine)


def line(result: Result) -> str:
    """Return a result as one line."""
    if isinstance(result, Skipped):
        return f"{result.id}  skipped: {result.reason}"
    median, spread, target, met = _cells(result)
    verdict = f", target {target}: {'met' if met == 'yes' else 'missed'}" if target else ""
    note = f" ({result.note})" if result.note else ""
    return f"{result.id}  {result.what}: {median} ({spread}){verdict}{note}"


def _table(results: Sequence[Result]) -> Table:
    table = Table(*COLUMNS)
    for each in results:
        if isinstance(each, Figure):
            note = f"\n[dim]{each.note}[/dim]" if each.note else ""
            *cells, met = _cells(each)
            table.add_row(each.id, each.what + note, *cells, COLOURED[met])
    return table


def _cells(figure: Figure) -> tuple[str, str, str, str]:
    spread = f"{_number(min(figure.rounds))}–{_number(max(figure.rounds))}"
    return _number(figure.ratio), spread, str(figure.target or ""), WORDS[figure.met]


def _number(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"
