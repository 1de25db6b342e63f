"""The kill matrix: which requirements find which mutant, as a golden file and as a table to read.

`python -m tests.conformance.kill_matrix` tells how the files differ from what is found now; `--write` renews them.
Names (`limits.*`) limit either to some mutants.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import track

from tests.conformance import timeless
from tests.conformance.mutants.facts import contract
from tests.conformance.mutants.mutant import PREFIX, Mutant
from tests.conformance.mutants.population import equivalent, population
from tests.patience import PATIENCE
from traits_sandbox.conformance.catalogue.every_case import catalogue
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.judging.requirements import Registry, registry

FOLDER = Path(__file__).parents[2] / "conformance"
GOLDEN, TABLE = FOLDER / "kill-matrix.toml", FOLDER / "kill-matrix.md"

# The number of cases that are tried alone, until one of them finds the mutant.
TRIES = 12


class Killed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A broken server: what it does, the requirements named for it, all that find it, a case that shows it."""

    does: str
    named: tuple[str, ...]
    killed_by: tuple[str, ...]
    shown_by: str


class Equivalent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A changed server that keeps every promise, and why."""

    does: str
    reason: str


class Matrix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The golden file."""

    broken: dict[str, Killed]
    equivalent: dict[str, Equivalent]


def read(file: Path) -> Matrix:
    return msgspec.toml.decode(file.read_bytes(), type=Matrix)


@cache
def golden() -> Matrix:
    return read(GOLDEN)


def found_by(name: str) -> tuple[str, ...]:
    """Return the requirements that find a mutant, by the golden file."""
    return golden().broken[name].killed_by if name in golden().broken else ()


def killers(report: Report) -> tuple[str, ...]:
    """Return the requirements that a mutant breaks, in the order of the registry."""
    return tuple(each.requirement.id for each in report.failed)


def found(mutant: Mutant) -> Killed:
    """Run the whole catalogue on a mutant."""
    report = judged(mutant)
    return Killed(does=mutant.does, named=mutant.kills, killed_by=killers(report), shown_by=showing(mutant, report))


def judged(mutant: Mutant, *only: str) -> Report:
    """Run the whole catalogue on a mutant, or a part of it."""
    run = timeless.run if mutant.in_process else asyncio.run
    return run(asyncio.wait_for(mutant.report(*only), PATIENCE))


def showing(mutant: Mutant, report: Report) -> str:
    """Return a case that finds a mutant when it is sent alone, empty if there is none."""
    failures = [each for judged in report.failed if judged.requirement.id in mutant.kills for each in judged.failures]
    # A requirement's own cases are about it; others only found it by chance.
    failures.sort(key=lambda each: each.id != each.case)
    sent = {case.id for case in catalogue(RequestFactory(contract(), PREFIX))}
    tried = list(dict.fromkeys(each.case for each in failures if each.case in sent))[:TRIES]
    return next((case for case in tried if set(killers(judged(mutant, case))) & set(mutant.kills)), "")


def matrix(judged: dict[str, Killed]) -> Matrix:
    mutants = population()
    same = {
        name: Equivalent(does=mutant.does, reason=equivalent(name))
        for name, mutant in mutants.items()
        if equivalent(name)
    }
    return Matrix({name: judged[name] for name in mutants if name in judged and name not in same}, same)


def judge_all(names: Iterable[str]) -> dict[str, Killed]:
    """Run every mutant of these names, as many at once as there are processors."""
    chosen = list(names)
    with ProcessPoolExecutor() as processes:
        each = track(processes.map(_found, chosen), "mutants", len(chosen), console=Console(stderr=True))
        return dict(zip(chosen, each, strict=True))


def _found(name: str) -> Killed:
    return found(population()[name])


def as_toml(whole: Matrix) -> str:
    """Return the golden file's text."""
    lines = [
        "# Which requirements find which broken server. Made by `python -m tests.conformance.kill_matrix --write`.",
        "#",
        "# broken      does: what is broken. named: at least one of these has to find it. killed_by: all that do.",
        "#             shown_by: a case that finds it when sent alone, empty where it takes more than one.",
        "# equivalent  changed servers that keep every promise, and why.",
        "",
    ]
    for kind, entries in (("broken", whole.broken), ("equivalent", whole.equivalent)):
        for name, entry in entries.items():
            lines += [f'[{kind}."{name}"]', *_pairs(msgspec.structs.asdict(entry)), ""]
    return "\n".join(lines)


def _pairs(entry: dict[str, object]) -> Iterator[str]:
    for name, value in entry.items():
        # A TOML string or array of strings is written as JSON writes it.
        yield f"{name} = {json.dumps(value, ensure_ascii=False)}"


def as_table(whole: Matrix, requirements: Registry) -> str:
    """Return the matrix in Markdown."""
    return "\n".join([*_introduction(whole), *_by_requirement(whole, requirements), *_by_mutant(whole), *_same(whole)])


def _introduction(whole: Matrix) -> Iterator[str]:
    generated = sum(_is_generated(name) for name in whole.broken)
    yield from (
        "# The kill matrix",
        "",
        "The kit must find broken servers. A mutant is a server that is broken in one known way: either code around "
        "the emulator changes its requests or replies, or the emulator uses a contract with one changed fact. The kit "
        "runs on each mutant, and a requirement that is named for the mutant must find it. Each requirement must find "
        "at least one mutant.",
        "",
        f"There are {len(whole.broken)} mutants, and the kit finds all of them. {generated} are generated from the "
        f"contract. {len(whole.equivalent)} other changed servers keep every promise; the list at the end has the "
        "reasons.",
        "",
        "`kill-matrix.toml` lists each mutant with all requirements that find it. "
        "`python -m tests.conformance.kill_matrix --write` writes both files, and tests keep them up to date.",
        "",
    )


def _is_generated(name: str) -> bool:
    return name.startswith("contract.")


def _by_requirement(whole: Matrix, requirements: Registry) -> Iterator[str]:
    kills = Counter(each for killed in whole.broken.values() for each in killed.killed_by)
    alone = Counter(killed.killed_by[0] for killed in whole.broken.values() if len(killed.killed_by) == 1)
    yield from (
        "## By requirement",
        "",
        "| Requirement | Level | Finds | Alone | What it demands |",
        "|---|---|--:|--:|---|",
    )
    for each in requirements.requirement:
        yield f"| {each.id} | {each.level} | {kills[each.id]} | {alone[each.id] or ''} | {each.statement} |"
    yield ""


def _by_mutant(whole: Matrix) -> Iterator[str]:
    yield from ("## Mutants by name", "", "| Mutant | What is broken | Found by |", "|---|---|---|")
    for name, killed in whole.broken.items():
        if not _is_generated(name):
            yield f"| `{name}` | {killed.does} | {_marked(killed)} |"
    yield from (
        "",
        "In bold: the requirements that are named for the mutant.",
        "",
        "## Mutants of the contract",
        "",
        "| Operator | Mutants | Found by (number of mutants) |",
        "|---|--:|---|",
    )
    families: defaultdict[str, list[Killed]] = defaultdict(list)
    for name, killed in whole.broken.items():
        if _is_generated(name):
            families[name.rpartition(".")[2]].append(killed)
    for operator, members in sorted(families.items()):
        counts = Counter(each for killed in members for each in killed.killed_by)
        shown = ", ".join(f"{each} ({count})" for each, count in counts.most_common(6))
        yield f"| {operator} | {len(members)} | {shown}{', …' if len(counts) > 6 else ''} |"
    yield ""


def _marked(killed: Killed) -> str:
    named = [f"**{each}**" for each in killed.killed_by if each in killed.named]
    others = [each for each in killed.killed_by if each not in killed.named]
    return ", ".join(named + others[:6]) + (f" and {len(others) - 6} more" if len(others) > 6 else "")


def _same(whole: Matrix) -> Iterator[str]:
    yield from (
        "## Changed servers that keep every promise",
        "",
        "| Servers | Why no client can see the change |",
        "|---|---|",
    )
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for name, entry in whole.equivalent.items():
        reasons[entry.reason].append(f"`{name}`")
    for reason, names in reasons.items():
        yield f"| {', '.join(names)} | {reason} |"
    yield ""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", default=["*"], help="mutants, with * for anything; all if left out")
    parser.add_argument("--write", action="store_true", help="renew the files")
    asked = parser.parse_args()
    named = [name for name in population() if any(fnmatchcase(name, pattern) for pattern in asked.names)]
    judged = judge_all(name for name in named if not equivalent(name))
    lives = [name for name, killed in judged.items() if not set(killed.named) & set(killed.killed_by)]
    differ = [name for name, killed in judged.items() if killed != golden().broken.get(name)]
    for name in lives:
        print(f"lives: {name} ({judged[name].does}), found by {', '.join(judged[name].killed_by) or 'nothing'}")
    for name in differ:
        print(f"differs: {name}")
    if asked.write:
        now = matrix(golden().broken | judged)
        GOLDEN.write_text(as_toml(now), encoding="utf-8")
        TABLE.write_text(as_table(now, registry()), encoding="utf-8")
        differ = []
    return int(bool(lives or differ))


if __name__ == "__main__":
    sys.exit(main())
