"""Known deviations: failures of one server that are expected for a time.

An expected failure that does not occur is a failure too.
"""

import tomllib
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import msgspec

from traits_sandbox.conformance.judging.report import Result
from traits_sandbox.errors import UsageError

Filled = Annotated[str, msgspec.Meta(min_length=1)]


class Deviation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One expected failure.

    `case` is the id of a result, as the report prints it, or a pattern of such ids. `observed` is the symptom that
    the report prints; with another symptom, the case fails. `target` is a pattern of base URLs. After the day
    `expires`, the deviation has no effect.
    """

    case: Filled
    observed: Filled
    reason: Filled
    expires: date
    target: str = "*"

    def covers(self, result: Result) -> bool:
        """Return whether this is the expected failure."""
        return fnmatchcase(result.id, self.case) and result.observed == self.observed

    def counts(self, target: str, today: date) -> bool:
        """Return whether the deviation is for this target and has not expired."""
        return fnmatchcase(target, self.target) and today <= self.expires


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    deviation: tuple[Deviation, ...]


def read_deviations(file: Path) -> tuple[Deviation, ...]:
    """Read a file of deviations.

    Raises:
        UsageError: the file cannot be read, or does not have the documented form.

    """
    try:
        return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8-sig")), _File).deviation
    except OSError as error:
        raise UsageError(f"the deviations cannot be read: {error.strerror or error}: {file}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{file} is not a file of deviations: {error}") from error
