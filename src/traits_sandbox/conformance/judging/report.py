"""The report of a run, as values: what was asked of the server, what it did, and the verdict."""

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
    """What came of one case for one requirement.

    `case` is the id of the case whose exchanges showed it; where these were judged for another requirement than
    the case's own, `requirement` differs from the case's. `reason` says why nothing was judged, or by which
    deviation a failure was expected. `exchanges` are kept for what did not pass.
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
        """Return what the result is addressed by: the case, behind the requirement if that is not the case's own."""
        own = self.case.partition(".")[0] == self.requirement
        return self.case if own else f"{self.requirement}.{self.case}"


@dataclass(frozen=True, slots=True)
class RequirementOutcome:
    """A requirement with all results for it. `passed` counts how often it was kept, by cases and by single replies."""

    requirement: Requirement
    passed: int
    results: tuple[Result, ...]

    @property
    def outcome(self) -> Outcome:
        """Return the worst that came of it; `skipped` if nothing was judged."""
        seen = {result.outcome for result in self.results}
        order: tuple[Outcome, ...] = ("failed", "inconclusive", "deviation")
        worst = next((each for each in order if each in seen), None)
        return worst or ("passed" if self.passed else "skipped")

    @property
    def failures(self) -> tuple[Result, ...]:
        """Return the results that failed, unexpectedly."""
        return tuple(result for result in self.results if result.outcome == "failed")


@dataclass(frozen=True, slots=True)
class ExplorationFinding:
    """Something that exploration came upon: told apart from the verdict."""

    operation: str
    title: str
    message: str
    curl: str


@dataclass(frozen=True, slots=True)
class Exploration:
    """What exploration did: how many requests, what it found, why it did not run."""

    examples: int
    requests: int
    findings: tuple[ExplorationFinding, ...] = ()
    skipped: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What was run, on what, when; enough to run it again.

    `started` is UTC in ISO 8601, `seconds` how long it took, `only` the patterns of what was asked for, none for all.
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

    `obstacle` says why nothing could be judged at all. `missing` lists what keeps the run from proving conformance:
    requirements without an answer, operations that never succeeded. `left_behind` lists what the run could not
    remove. `unused` are deviations that were expected and did not show: each makes the server fail.
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
        """Tell whether everything was judged that was not excluded on purpose."""
        return not (self.obstacle or self.missing)

    def counts(self) -> Counter[Outcome]:
        """Return how many requirements came out how."""
        return Counter(each.outcome for each in self.judged)

    def of_area(self, area: str) -> Iterable[RequirementOutcome]:
        """Return what was judged in an area."""
        return (each for each in self.judged if each.requirement.area == area)
