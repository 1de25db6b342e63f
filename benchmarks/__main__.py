"""The command `python -m benchmarks`, to be run in the checkout."""

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
    """Return the ids of a list that is separated by commas."""
    ids = [each.strip().upper() for each in value.split(",")]
    if unknown := [each for each in ids if each not in BENCHMARKS]:
        raise click.BadParameter(f"no benchmark {', '.join(unknown)}; the benchmarks are {KNOWN}.")
    return ids


@click.command()
@click.option("--only", metavar="IDS", default=KNOWN, callback=chosen, help="Run only these benchmarks, such as P1,P3.")
@click.option(
    "--quick", is_flag=True, help="Measure for two minutes instead of fifteen; the figures are less reliable."
)
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
def main(only: list[str], quick: bool, json_wanted: bool) -> None:
    """Measure the sandbox, and compare each measurement with another one of the same run.

    Each figure is a ratio. Most figures have a target. Missed targets are reported but do not fail the run.

    \b
    Exit codes:
      0  the benchmarks ran
      1  a benchmark failed
      2  could not run: bad arguments
    """
    here = machine()
    results = list(_results(only, QUICK if quick else FULL))
    if json_wanted:
        print(as_json(here, results))
    else:
        show(Console(), here, results)


def _results(ids: list[str], effort: Effort) -> Iterator[Result]:
    with _progress() as show_line:
        for each in ids:
            show_line(f"{each} …")
            for result in BENCHMARKS[each](effort):
                show_line(line(result))
                yield result


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Yield a function that shows a line on stderr; on a terminal, each line replaces the one before."""
    console = Console(stderr=True, highlight=False)
    with console.status("") if console.is_terminal else nullcontext() as status:
        yield status.update if status else lambda text: console.print(text, soft_wrap=True, markup=False)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
