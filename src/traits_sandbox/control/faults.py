"""Faults as values, and a pure function that decides whether and how the n-th call fails.

Randomness comes from BLAKE2b over the seed, the effect of the fault and the number of the call. It does not depend on
dashboard and id, so a test suite sees the same failures on any dashboard; nor on the schedule, so a higher probability
adds failures and moves none.
"""

import hashlib
from math import ceil, cos, log, pi, sqrt
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

MAX_DELAY = 3600.0
_TWO_TO_64 = 18446744073709551616.0

Seconds = Annotated[float, Meta(ge=0, le=MAX_DELAY)]
Status = Annotated[int, Meta(ge=200, le=599)]
MediaType = Annotated[str, Meta(pattern="^[!-~]+/[ -~]+$", max_length=200)]
WholeSeconds = Annotated[int, Meta(ge=0, le=86400)]
Length = Annotated[int, Meta(ge=0)] | Annotated[float, Meta(ge=0, lt=1)]
Rate = Annotated[float, Meta(ge=1)]
Several = Annotated[int, Meta(ge=1)]
Chance = Annotated[float, Meta(ge=0, le=1)]
Lifetime = Annotated[float, Meta(gt=0, le=86400)]


class FaultValue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The base of all parts of a fault: immutable, made from keyword arguments, and strict about unknown names."""


class Uniform(FaultValue, frozen=True, tag_field="distribution", tag="uniform"):
    """Delays from `low` to `high` seconds, uniformly distributed."""

    low: Seconds
    high: Seconds


class Exponential(FaultValue, frozen=True, tag_field="distribution", tag="exponential"):
    """Exponentially distributed delays: mostly short, sometimes long."""

    mean: Seconds


class Normal(FaultValue, frozen=True, tag_field="distribution", tag="normal"):
    """Delays around a mean; none is below 0."""

    mean: Seconds
    deviation: Seconds


Delay = Seconds | Uniform | Exponential | Normal


class Quota(FaultValue, frozen=True):
    """At most `limit` calls within `window` seconds; a window begins with the first call after the last one's end."""

    limit: Annotated[int, Meta(ge=0)]
    window: Annotated[float, Meta(gt=0, le=86400)]


class FaultEffect(FaultValue, frozen=True):
    """The effect of a fault: one outcome (`status`, `reset`, `truncate`, `slow` or `lost`), a delay, or both."""

    status: Annotated[Status | None, Meta(description="a whole number from 200 to 599")] = None
    body: Annotated[Any, Meta(description="any JSON value; a string is sent as it is, not as JSON")] = None
    content_type: Annotated[MediaType | None, Meta(description="a media type such as text/html")] = None
    retry_after: Annotated[WholeSeconds | None, Meta(description="whole seconds from 0 to 86400")] = None
    delay: Annotated[
        Delay | None,
        Meta(
            description="seconds from 0 to 3600, or an object with a distribution: uniform with low and high, "
            "exponential with mean, or normal with mean and deviation"
        ),
    ] = None
    reset: Annotated[
        Literal["before", "during", "after"] | None, Meta(description="one of before, during and after")
    ] = None
    truncate: Annotated[
        Length | None,
        Meta(description="how much of the body is kept: whole bytes from 0, or a fraction below 1"),
    ] = None
    slow: Annotated[Rate | None, Meta(description="bytes a second, from 1")] = None
    lost: Annotated[bool, Meta(description="true or false")] = False

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Return the names of the outcomes that are given."""
        given = ((name, getattr(self, name)) for name in OUTCOMES)
        return tuple(name for name, value in given if value is not None and value is not False)


class Fault(FaultEffect, frozen=True):
    """An effect, the calls that it can apply to, and a schedule that selects some of them; all without a schedule.

    With `one_of`, one of these effects is drawn for each call. `sequence` has one entry for each call: true for the
    fault's own effect, false for none, an object for that effect; after its end nothing fails. Effects without a delay
    have the fault's delay. Calls beyond a `quota` get a 429 unless another effect is given.
    """

    operation: Annotated[str | None, Meta(description="the id of an operation, such as push_actions")] = None
    match: Annotated[Any, Meta(description="a matcher for the request's JSON body or a record in it")] = None
    one_of: Annotated[tuple[FaultEffect, ...], Meta(max_length=100, description="a list of at most 100 effects")] = ()
    first: Annotated[Several | None, Meta(description="a whole number from 1")] = None
    every: Annotated[Several | None, Meta(description="a whole number from 1")] = None
    probability: Annotated[Chance | None, Meta(description="a number from 0 to 1")] = None
    sequence: Annotated[
        Annotated[tuple[bool | FaultEffect, ...], Meta(min_length=1, max_length=1000)] | None,
        Meta(description="a list of 1 to 1000, each true, false or an effect"),
    ] = None
    quota: Annotated[
        Quota | None, Meta(description='an object such as {"limit": 10, "window": 1}, the window in seconds')
    ] = None
    ttl: Annotated[Lifetime | None, Meta(description="seconds above 0, at most 86400")] = None
    seed: Annotated[int | None, Meta(description="a whole number")] = None

    @property
    def schedules(self) -> tuple[str, ...]:
        """Return the names of the schedules that are given."""
        return tuple(name for name in SCHEDULES if getattr(self, name) is not None)

    @property
    def effect(self) -> FaultEffect:
        """Return the effect without the calls and the schedule."""
        return FaultEffect(**{name: getattr(self, name) for name in FaultEffect.__struct_fields__})


OUTCOMES = ("status", "reset", "truncate", "slow", "lost")
SCHEDULES = ("first", "every", "probability", "sequence", "quota")


class Turn(msgspec.Struct, frozen=True):
    """The number of a call: `number` from 1 overall, `in_window` from 1 within the quota's window.

    The window ends in `left` seconds.
    """

    number: int
    in_window: int = 0
    left: float = 0.0


class Decision(msgspec.Struct, frozen=True):
    """The effect on one call, with its delay in seconds."""

    effect: FaultEffect
    delay: float = 0.0


def decide(fault: Fault, turn: Turn, *, seed: int) -> Decision | None:
    """Return the decision for a call, None if it does not fail; `seed` is used if the fault has none."""
    draw = Draw(fault, seed=seed)
    if (effect := _scheduled(fault, turn, draw)) is None:
        return None
    if fault.quota and effect.status is not None and effect.retry_after is None:
        effect = msgspec.structs.replace(effect, retry_after=max(1, ceil(turn.left)))
    return Decision(effect, _delay(fault.delay if effect.delay is None else effect.delay, turn, draw))


class Draw:
    """Named random values of a fault, independent of the order in which they are drawn."""

    def __init__(self, fault: Fault, *, seed: int) -> None:
        content = (fault.operation, fault.match, fault.effect, fault.one_of)
        identity = f"{seed if fault.seed is None else fault.seed}\x00".encode()
        self._key = hashlib.blake2b(identity + msgspec.json.encode(content, order="sorted"), digest_size=32).digest()

    def __call__(self, name: str, number: int) -> float:
        """Return a value from 0 up to, but not including, 1."""
        digest = hashlib.blake2b(f"{name}\x00{number}".encode(), digest_size=8, key=self._key).digest()
        # Rounded down to the 53 bits of a float: rounding up would reach 1.
        return (int.from_bytes(digest, "big") & ~0x7FF) / _TWO_TO_64


def _scheduled(fault: Fault, turn: Turn, draw: Draw) -> FaultEffect | None:
    """Return the effect on a call, if it has one."""
    if fault.sequence is not None:
        step = fault.sequence[turn.number - 1] if turn.number <= len(fault.sequence) else False
        return step if isinstance(step, FaultEffect) else _effect(fault, turn, draw) if step else None
    return _effect(fault, turn, draw) if _meets(fault, turn, draw) else None


def _meets(fault: Fault, turn: Turn, draw: Draw) -> bool:
    if fault.first is not None:
        return turn.number <= fault.first
    if fault.every is not None:
        return turn.number % fault.every == 0
    if fault.probability is not None:
        return draw("probability", turn.number) < fault.probability
    return fault.quota is None or turn.in_window > fault.quota.limit


def _effect(fault: Fault, turn: Turn, draw: Draw) -> FaultEffect:
    if fault.one_of:
        return fault.one_of[int(draw("one_of", turn.number) * len(fault.one_of))]
    if fault.quota and not fault.outcomes:
        return msgspec.structs.replace(fault.effect, status=429)
    return fault.effect


def _delay(delay: Delay | None, turn: Turn, draw: Draw) -> float:
    """Return the delay of a call in seconds, drawn if it has a distribution."""
    match delay:
        case Uniform(low=low, high=high):
            seconds = low + (high - low) * draw("delay", turn.number)
        case Exponential(mean=mean):
            seconds = -mean * log(1 - draw("delay", turn.number))
        case Normal(mean=mean, deviation=deviation):
            # The Box-Muller transform.
            radius = sqrt(-2 * log(1 - draw("delay", turn.number)))
            seconds = mean + deviation * radius * cos(2 * pi * draw("angle", turn.number))
        case _:
            seconds = delay or 0.0
    return min(MAX_DELAY, max(0.0, seconds))
