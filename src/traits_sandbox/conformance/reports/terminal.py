"""The report for a terminal or a log: failures and how to reproduce them, the verdict last."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from rich.console import Console
from rich.text import Text

from traits_sandbox.conformance.http.exchange import Exchange
from traits_sandbox.conformance.judging.report import Report, RequirementOutcome, Result
from traits_sandbox.conformance.reports.reasons import describe, hint, next_step
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.reports.words import (
    OUTCOMES,
    REACHES,
    by_area,
    deciding,
    excerpt,
    explored,
    headline,
    pattern,
    reasons,
    received,
    request_line,
    simplest,
    sources,
    verdict_line,
)
from traits_sandbox.reporting.terminal import StyledText, count_table, print_line, styled_count
from traits_sandbox.reporting.words import plural, printable_lines

CASES: Final = 3
"""How many failing cases of a requirement are shown, and how many exchanges of a case."""

EXCERPT: Final = 160
REASONS: Final = 10
FINDINGS: Final = 5
STYLES: Final = {
    "passed": "green",
    "failed": "bold red",
    "noted": "yellow",
    "deviation": "yellow",
    "inconclusive": "bold magenta",
    "skipped": "dim",
    "conformant": "bold green",
    "not conformant": "bold red",
}
_EXPIRY: Final = timedelta(days=30)


class Terminal:
    """Prints a report to a console. The key must be masked in it."""

    def __init__(self, console: Console, report: Report, way: Reproduction) -> None:
        self._console, self._report, self._way = console, report, way

    def show(self) -> None:
        """Print everything."""
        for part in (self._failed, self._noted, self._exploration, self._skipped, self._left, self._areas):
            part()
        self.verdict()

    def exchange(self, exchange: Exchange, limit: int = EXCERPT) -> None:
        """Print a request and its reply."""
        request, reply = exchange.request, exchange.reply
        self._item("sent", f"{request_line(request)}  {excerpt(request.body, limit)}".rstrip())
        self._item("received", f"{received(exchange)}  {excerpt(reply.body if reply else b'', limit)}".rstrip())

    def say(self, *pieces: StyledText, indent: int = 0) -> None:
        """Print one line, which is never wrapped, so that users can copy it."""
        print_line(self._console, *pieces, indent=indent)

    def _item(self, name: str, text: str, style: str = "") -> None:
        self.say((f"{name:10}", "dim"), (printable_lines(text), style), indent=6)

    def _title(self, *pieces: StyledText) -> None:
        self.say()
        self.say(*pieces)

    def _failed(self) -> None:
        for judged in self._report.failed:
            requirement = judged.requirement
            self._title((f"FAILED  {requirement.id}", STYLES["failed"]), f"  {requirement.level}")
            self.say(requirement.statement, indent=2)
            self.say((f"document: {sources(requirement)}", "dim"), indent=2)
            for result in simplest(judged.failures)[:CASES]:
                self._case(result)
            self._more(judged)
        self._deviation()

    def _more(self, judged: RequirementOutcome) -> None:
        more = simplest(judged.failures)[CASES:]
        if more:
            ids = ", ".join(each.id for each in more[:CASES]) + ", …" * (len(more) > CASES)
            self.say()
            self.say((f"and {plural(len(more), 'more case')}", "bold"), f": {ids}", indent=4)

    def _case(self, result: Result) -> None:
        self.say()
        self.say((result.id, "bold"), f"  {printable_lines(result.title)}", indent=4)
        for exchange in result.exchanges[-CASES:]:
            self.exchange(exchange)
        self._item("expected", result.expected)
        if result.observed not in {each.symptom for each in result.exchanges}:
            self._item("observed", result.observed, "red")
        for line in self._lines(result):
            self._item("again", line)

    def _lines(self, result: Result) -> Iterator[str]:
        """Yield the lines that reproduce it: curl if possible, else the replay of the case."""
        lines = [self._way.curl(each.request) for each in result.exchanges]
        if lines and all(lines) and len(lines) <= CASES:
            yield from lines
        else:
            yield self._way.replay(result.case)

    def _deviation(self) -> None:
        """Print a deviation for the first failure, to copy into a file."""
        if not self._report.failed:
            return
        judged = self._report.failed[0]
        observed = simplest(judged.failures)[0].observed
        expires = date.fromisoformat(self._report.about.started[:10]) + _EXPIRY
        entry = {"case": pattern(judged), "observed": observed, "reason": "why, and who fixes it"}
        self._title("To expect a failure for a time, put it into a file for --deviations:")
        for line in ("[[deviation]]", *(f"{name} = {_toml(text)}" for name, text in entry.items())):
            self.say(line, indent=2)
        self.say(f"expires = {expires}", indent=2)

    def _noted(self) -> None:
        if self._report.noted:
            self._title(("NOTED", STYLES["noted"]), f"  decides nothing at profile {self._report.about.profile}")
        for judged in self._report.noted:
            requirement, failures = judged.requirement, simplest(judged.failures)
            self.say((requirement.id, "bold"), f"  {requirement.level}  {requirement.statement}", indent=2)
            count = f", {plural(len(failures), 'case')}" if len(failures) > 1 else ""
            self.say((f"observed {printable_lines(failures[0].observed)} ({failures[0].id}{count})", "dim"), indent=4)

    def _exploration(self) -> None:
        exploration = self._report.exploration
        if exploration is None:
            return
        self._title(("EXPLORED", "bold"), f"  decides nothing: {printable_lines(explored(exploration))}")
        for finding in exploration.findings[:FINDINGS]:
            self.say((f"{finding.operation}: {printable_lines(finding.title)}", "bold"), indent=2)
            self._item("observed", excerpt(finding.message.encode(), 2 * EXCERPT))
            self._item("again", finding.curl)
        if more := exploration.findings[FINDINGS:]:
            self.say((f"and {plural(len(more), 'more finding')}; the reports have all", "bold"), indent=2)

    def _skipped(self) -> None:
        results = [result for judged in self._report.judged for result in judged.results]
        for number, (reason, ids) in enumerate(reasons(results).items()):
            if not number:
                self._title(("SKIPPED", "bold"))
            self.say(f"{plural(len(ids), 'case')}: {printable_lines(describe(reason))}", indent=2)
            if step := hint(reason, self._report):
                self.say((step, "dim"), indent=4)

    def _left(self) -> None:
        if self._report.left_behind:
            self._title(("LEFT BEHIND", STYLES["noted"]), "  data of this run that could not be removed")
        for each in self._report.left_behind:
            self.say(printable_lines(each), indent=2)

    def _areas(self) -> None:
        counts = by_area(self._report)
        shown = [name for name in OUTCOMES if any(counted[name] for counted in counts.values())]
        if not shown:
            return
        table = count_table("requirements", *shown)
        for area, counted in counts.items():
            cells = [styled_count(str(counted[name]), STYLES[name], is_zero=not counted[name]) for name in shown]
            table.add_row(Text(area), *cells)
        self.say()
        self._console.print(table)

    def outcome(self) -> None:
        """Print the result of a replay: the verdict, or a failure that does not decide the verdict."""
        report = self._report
        if report.noted and report.verdict == "conformant":
            ids = ", ".join(each.requirement.id for each in report.noted)
            told = f"  {ids}: decides nothing at profile {report.about.profile}, so that the exit code is 0"
            self._title(("FAILED", STYLES["noted"]), told)
            self._how()
        else:
            self.verdict()

    def verdict(self) -> None:
        """Print the verdict with its reasons, what to do next, and how the run was made."""
        report = self._report
        self._title((headline(report), STYLES[report.verdict]), f"  {printable_lines(verdict_line(report))}")
        reasons = (*report.unused, *map(describe, report.missing))
        if report.failed and reasons:
            self.say("and besides:", indent=2)
        for each in reasons[:REASONS]:
            self.say(printable_lines(each), indent=2)
        if len(reasons) > REASONS:
            self.say(f"and {len(reasons) - REASONS} more", indent=2)
        if step := next_step(report):
            self.say((step, "bold"), indent=2)
        self._how()

    def _how(self) -> None:
        report, about = self._report, self._report.about
        how = f"{about.target}, profile {about.profile} ({deciding(report)}), allowed to {REACHES[about.reach]}"
        self.say((f"{how}, seed {about.seed}: {plural(report.sent, 'request')} in {about.seconds:.1f} s", "dim"))


def _toml(text: str) -> str:
    """Return a text as a basic string of TOML without invisible characters."""
    return (
        '"'
        + "".join(each if each.isprintable() and each not in '"\\' else f"\\U{ord(each):08x}" for each in text)
        + '"'
    )
