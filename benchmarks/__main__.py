"""The command: `python -m benchmarks`, from the checkout."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext

import click
from rich.console import Console

from benchmarks.bulk import bulk
from benchmarks.direct import whole_app
from benchmarks.figures import FULL, QUICK, Benchmark, Effort, Result
from benchmarks.kit import kit
from benchmarks.machine import machine
from benchmarks.memory import memory
from benchmarks.report import as_json, line, show
from benchmarks.served import served
from benchmarks.start import start
from benchmarks.validation import invalid, valid

BENCHMARKS: Mapping[str, Benchmark] = {
    "P1": valid,
    "P2": invalid,
    "P3": whole_app,
    "P4": served,
    "P6": memory,
    "P7": start,
    "P9": bulk,
    "P10": kit,
}
KNOWN = ", ".join(BENCHMARKS)


def chosen(_context: click.Context, _parameter: click.Parameter, value: str) -> list[str]:
    """Return the ids in a list between commas."""
    ids = [each.strip().upper() for each in value.split(",")]
    if unknown := [each for each in ids if each not in BENCHMARKS]:
        raise click.BadParameter(f"no benchmark {', '.join(unknown)}; there are {KNOWN}.")
    return ids


@click.command()
@click.option("--only", metavar="IDS", default=KNOWN, callback=chosen, help="Run these alone, such as P1,P3.")
@click.option(
    "--quick", is_flag=True, help="Measure less: a minute or two instead of a quarter of an hour, and less sure."
)
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
def main(only: list[str], quick: bool, json_wanted: bool) -> None:
    """Measure the sandbox against the bars of its plan, side by side with what each is compared to.

    Every figure is a ratio; whether it is met is shown and does not fail the run. Exit codes: 0 it ran, whatever
    the figures; 2 it was asked for what there is not; 1 it broke.
    """
    here = machine()
    results = list(_results(only, QUICK if quick else FULL))
    if json_wanted:
        print(as_json(here, results))
    else:
        show(Console(), here, results)


def _results(ids: list[str], effort: Effort) -> Iterator[Result]:
    with _progress() as say:
        for each in ids:
            say(f"{each} …")
            for result in BENCHMARKS[each](effort):
                say(line(result))
                yield result


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Lend what tells how far the run is: on standard error, one line that changes where that is a terminal."""
    console = Console(stderr=True, highlight=False)
    with console.status("") if console.is_terminal else nullcontext() as status:
        yield status.update if status else lambda text: console.print(text, soft_wrap=True, markup=False)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
