"""The report of a run as values: what was sent, what the server did, and the verdict."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from traits_sandbox.conformance.http.exchange import Exchange
from traits_sandbox.conformance.judging.requirements import DECIDING, Level, Profile, Requirement
from traits_sandbox.conformance.reasons import Reason

Outcome = Literal["passed", "failed", "deviation", "skipped", "inconclusive"]
Verdict = Literal["conformant", "not conformant", "inconclusive"]

EXIT_CODES: Final[dict[Verdict, int]] = {"conformant": 0, "not conformant": 1, "inconclusive": 3}


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one case for one requirement.

    `case` is the id of the case whose exchanges showed it; if these were judged for another requirement, `requirement`
    differs from the case's own. `reason` says why nothing was judged, or which deviation expects the failure.
    `exchanges` are kept unless it passed.
    """

    requirement: str
    case: str
    title: str
    operation: str
    outcome: Outcome
    observed: str = ""
    expected: str = ""
    reason: Reason | None = None
    exchanges: tuple[Exchange, ...] = ()

    @property
    def id(self) -> str:
        """Return the id of the result: the case, with the requirement before it if that is not the case's own."""
        own = self.case.partition(".")[0] == self.requirement
        return self.case if own else f"{self.requirement}.{self.case}"


@dataclass(frozen=True, slots=True)
class RequirementOutcome:
    """A requirement with all its results. `passed` counts the cases and the single replies that kept it."""

    requirement: Requirement
    passed: int
    results: tuple[Result, ...]

    @property
    def outcome(self) -> Outcome:
        """Return the worst outcome; `skipped` if nothing was judged."""
        seen = {result.outcome for result in self.results}
        order: tuple[Outcome, ...] = ("failed", "inconclusive", "deviation")
        worst = next((each for each in order if each in seen), None)
        return worst or ("passed" if self.passed else "skipped")

    @property
    def failures(self) -> tuple[Result, ...]:
        """Return the unexpected failures."""
        return tuple(result for result in self.results if result.outcome == "failed")


@dataclass(frozen=True, slots=True)
class ExplorationFinding:
    """A finding of exploration, which is separate from the verdict."""

    operation: str
    title: str
    message: str
    curl: str


@dataclass(frozen=True, slots=True)
class Exploration:
    """The result of exploration: its requests, its findings, and why it ended early."""

    examples: int
    requests: int
    findings: tuple[ExplorationFinding, ...] = ()
    skipped: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The facts that are needed to repeat a run: the kit, the server, the options and the time.

    `started` is a UTC time in ISO 8601. `seconds` is the duration. `only` has the patterns that select cases; it is
    empty if the run has all cases.
    """

    kit: str
    suite: str
    edition: str
    contract: str
    target: str
    profile: Profile
    reach: str
    seed: int
    prefix: str
    started: str
    seconds: float
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The report of a run.

    `obstacle` says why nothing could be judged at all. `missing` has the reasons why the run does not prove
    conformance: requirements that were not judged, operations that never succeeded. `left_behind` lists what the run
    could not remove. `unused` are deviations that were expected and did not occur: each makes the verdict a failure.
    """

    about: RunFacts
    judged: tuple[RequirementOutcome, ...]
    planned: int
    sent: int
    obstacle: Reason | None = None
    missing: tuple[Reason, ...] = ()
    left_behind: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    exploration: Exploration | None = None

    @property
    def deciding(self) -> frozenset[Level]:
        """Return the levels that decide the verdict."""
        return DECIDING[self.about.profile]

    @property
    def failed(self) -> tuple[RequirementOutcome, ...]:
        """Return the failed requirements that decide."""
        return tuple(each for each in self.judged if each.failures and each.requirement.level in self.deciding)

    @property
    def noted(self) -> tuple[RequirementOutcome, ...]:
        """Return the failed requirements that decide nothing at this profile."""
        return tuple(each for each in self.judged if each.failures and each.requirement.level not in self.deciding)

    @property
    def verdict(self) -> Verdict:
        """Return the verdict. A proven failure outranks everything else."""
        if self.failed or self.unused:
            return "not conformant"
        return "inconclusive" if self.obstacle or self.missing else "conformant"

    @property
    def exit_code(self) -> int:
        """Return the verdict as an exit code."""
        return EXIT_CODES[self.verdict]

    @property
    def complete(self) -> bool:
        """Return whether everything was judged, except for what was excluded on purpose."""
        return not (self.obstacle or self.missing)

    def counts(self) -> Counter[Outcome]:
        """Return the number of requirements by outcome."""
        return Counter(each.outcome for each in self.judged)

    def of_area(self, area: str) -> Iterable[RequirementOutcome]:
        """Return the outcomes of the requirements of an area."""
        return (each for each in self.judged if each.requirement.area == area)
