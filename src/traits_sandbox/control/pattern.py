"""Regular expressions that cannot be made slow: matched state by state, in time linear in the text.

Python's own engine backtracks, and one pattern from a client could hold the whole sandbox up for hours. What is
understood is what test expectations need: literals, `.`, `\\d \\w \\s` and their opposites, character classes, groups,
`|`, `* + ? {m,n}` (lazy ones too, which find the same), `^` and `$`. Anything else is refused by name.
"""

import re
from collections.abc import Iterable
from typing import Final, NoReturn

MAX_PATTERN: Final = 500
MAX_TEXT: Final = 4_000

# Repetitions are unrolled, so this bounds `((a{99}){99}){99}`.
MAX_STATES: Final = 1_000

_SPECIAL: Final = "|)*+?{"
_CLASSES: Final = "dDwWsS"
_CONTROLS: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_COUNTS: Final = re.compile(r"\{(\d{1,3})(?:(,)(\d{1,3})?)?\}")
_HEX: Final = re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})")

# A tree: what to match is a one-character pattern of `re`, an anchor, or a tuple of a kind and its parts.
Tree = tuple[str, "re.Pattern[str] | str | tuple[Tree, ...] | None"]


class PatternError(Exception):
    """What is wrong with a pattern, as the rest of a sentence."""


class Pattern:
    """A compiled pattern. Texts longer than MAX_TEXT characters are looked into up to there."""

    def __init__(self, pattern: str) -> None:
        """Compile a pattern; raises PatternError where it is not understood."""
        if len(pattern) > MAX_PATTERN:
            raise PatternError(f"may have at most {MAX_PATTERN} characters")
        self._states: list[State] = []
        self._start = self._build(_Reader(pattern).read(), self._add("end"))

    def found_in(self, text: str) -> bool:
        """Tell whether the pattern fits some part of a text."""
        text = text[:MAX_TEXT]
        present: set[int] = set()
        for place in range(len(text) + 1):
            # A match may begin at every place.
            reached, ends = self._closure({self._start, *present}, place, len(text))
            if ends:
                return True
            if place < len(text):
                present = {state.next for state in reached if state.takes(text[place])}
        return False

    def _closure(self, begin: Iterable[int], place: int, length: int) -> "tuple[list[State], bool]":
        """Return the states that take a character, reached without one, and whether the end is among them."""
        stack, seen, taking = list(begin), set(begin), []
        while stack:
            state = self._states[stack.pop()]
            if state.kind == "end":
                return [], True
            if state.kind == "char":
                taking.append(state)
            elif state.passes(place, length):
                fresh = [number for number in state.follow() if number not in seen]
                seen.update(fresh)
                stack += fresh
        return taking, False

    def _add(self, kind: str, to: int = -1, other: int = -1, char: re.Pattern[str] | None = None) -> int:
        if len(self._states) >= MAX_STATES:
            raise PatternError("is too large once its repetitions are written out")
        self._states.append(State(kind, to, other, char))
        return len(self._states) - 1

    def _build(self, tree: Tree, to: int) -> int:
        """Add the states of a tree that lead on to a state; return the first of them."""
        kind, part = tree
        if isinstance(part, re.Pattern):
            return self._add("char", to, char=part)
        if isinstance(part, str):
            return self._add(part, to)
        parts = part or ()
        if kind == "sequence":
            for each in reversed(parts):
                to = self._build(each, to)
            return to
        if kind == "choice":
            starts = [self._build(each, to) for each in parts]
            first = starts.pop()
            while starts:
                first = self._add("split", starts.pop(), first)
            return first
        if kind == "optional":
            return self._add("split", self._build(parts[0], to), to)
        loop = self._add("split", -1, to)
        self._states[loop].next = self._build(parts[0], loop)
        return loop


class State:
    """One state: takes a character, splits, or passes at an anchor."""

    __slots__ = ("_char", "_other", "kind", "next")

    def __init__(self, kind: str, to: int, other: int, char: re.Pattern[str] | None) -> None:
        self.kind, self.next, self._other, self._char = kind, to, other, char

    def takes(self, char: str) -> bool:
        """Tell whether a character leads on from here."""
        return self._char is not None and self._char.match(char) is not None

    def passes(self, place: int, length: int) -> bool:
        """Tell whether this state may be left without a character at a place of the text."""
        return not (self.kind == "^" and place) and not (self.kind == "$" and place < length)

    def follow(self) -> tuple[int, ...]:
        """Return the states that come next."""
        return (self.next,) if self._other < 0 else (self.next, self._other)


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def read(self) -> Tree:
        tree = self._choice()
        if self._at < len(self._pattern):
            self._refuse("has a ')' without a '('")
        return tree

    def _choice(self) -> Tree:
        choices = [self._sequence()]
        while self._take("|"):
            choices.append(self._sequence())
        return ("choice", tuple(choices)) if len(choices) > 1 else choices[0]

    def _sequence(self) -> Tree:
        parts: list[Tree] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            parts.append(self._repeated(self._atom()))
        return ("sequence", tuple(parts))

    def _repeated(self, atom: Tree) -> Tree:
        low, high = self._counts()
        if self._counts() != (1, 1):
            self._refuse("repeats a repetition")
        if high is not None and high < low:
            self._refuse("has a repetition whose bounds are the wrong way round")
        required = (atom,) * low
        if high is None:
            return ("sequence", (*required, ("loop", (atom,))))
        rest: Tree = ("sequence", ())
        for _ in range(high - low):
            rest = ("optional", (("sequence", (atom, rest)),))
        return ("sequence", (*required, rest))

    def _counts(self) -> tuple[int, int | None]:
        for sign, counts in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                self._take("?")
                return counts
        if match := _COUNTS.match(self._pattern, self._at):
            self._at = match.end()
            self._take("?")
            low = int(match[1])
            return low, (int(match[3]) if match[3] else None) if match[2] else low
        return 1, 1

    def _atom(self) -> Tree:
        char = self._next()
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        if char in "^$":
            return ("anchor", char)
        if char == ".":
            return ("char", re.compile("."))
        if char == "\\":
            return ("char", self._compiled(self._escape()))
        if char in _SPECIAL:
            self._refuse(f"has a {char!r} with nothing to repeat (write \\{char} for the character)")
        return ("char", re.compile(re.escape(char)))

    def _group(self) -> Tree:
        if self._take("?") and not self._take(":"):
            self._refuse("has a group that begins with '(?', of which only '(?:' is understood")
        self._depth += 1
        if self._depth > 50:
            self._refuse("has groups that are nested too deeply")
        tree = self._choice()
        if not self._take(")"):
            self._refuse("has a '(' without a ')'")
        self._depth -= 1
        return tree

    def _class(self) -> Tree:
        negated, members, first = self._take("^"), "", True
        while first or not self._take("]"):
            char, first = self._next(), False
            members += self._escape() if char == "\\" else char if char == "-" else re.escape(char)
        return ("char", self._compiled(f"[{'^' if negated else ''}{members}]"))

    def _escape(self) -> str:
        """Return what follows a backslash as `re` writes it."""
        if match := _HEX.match(self._pattern, self._at):
            self._at = match.end()
            return re.escape(chr(int(match[1] or match[2], 16)))
        char = self._next()
        if char in _CLASSES:
            return f"\\{char}"
        if char.isalnum() and char not in _CONTROLS:
            self._refuse(f"has \\{char}, which is not understood")
        return re.escape(_CONTROLS.get(char, char))

    def _compiled(self, source: str) -> re.Pattern[str]:
        try:
            return re.compile(source)
        except re.error as error:
            return self._refuse(f"has a character class that makes no sense: {error.msg}")

    def _next(self) -> str:
        if self._at == len(self._pattern):
            self._refuse("ends in the middle")
        self._at += 1
        return self._pattern[self._at - 1]

    def _take(self, text: str) -> bool:
        taken = self._pattern.startswith(text, self._at)
        self._at += len(text) * taken
        return taken

    def _refuse(self, reason: str) -> NoReturn:
        raise PatternError(reason)
