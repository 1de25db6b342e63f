"""Watches a storage: each new object is sent to a sandbox once, as soon as it has stopped changing."""

from collections.abc import Callable
from functools import cache
from threading import Event
from typing import Final

import msgspec

from traits_sandbox.bulk.checking.judging import CategoryRules
from traits_sandbox.bulk.loading.intake import OVERWRITTEN, BatchResult, Gap, Outage
from traits_sandbox.bulk.loading.rows import rows
from traits_sandbox.bulk.loading.sending import Known, SandboxFault, SendResult, Taker, batches
from traits_sandbox.bulk.storage.layout import FolderLayout
from traits_sandbox.bulk.storage.sources import FileSource, ObjectGone, StorageFault
from traits_sandbox.bulk.values import FileFormat, FilePlace, Notice, Stored, Task
from traits_sandbox.clock import Clock
from traits_sandbox.contract.model import Contract

# Formats whose last line shows whether a file is complete.
_LINED: Final[tuple[FileFormat, ...]] = ("ndjson", "csv")
_ENDS: Final = (b"\n", b"")

# What may be out of reach beside single objects, under names that no key has, and what is said when it is back.
_STORAGE: Final = "\0storage"
_SANDBOX: Final = "\0sandbox"
_BACK: Final = {_STORAGE: "the storage can be listed again", _SANDBOX: "the sandbox answers again"}


class Round(msgspec.Struct):
    """What came of one look at a storage: objects sent, those with refused rows, and those that still change."""

    failed: bool = False
    sent: int = 0
    bad: int = 0
    waiting: int = 0

    @property
    def exit_code(self) -> int:
        """Return 0 if all that there was is with the sandbox, and good; else 1, or 3 if something is out of reach."""
        return 3 if self.failed else int(bool(self.bad or self.waiting))


class Watch:
    """Looks at one storage again and again. What was sent is known by the sandbox, not here."""

    def __init__(
        self,
        source: FileSource,
        contract: Contract,
        taker: Taker,
        *,
        interval: float,
        clock: Clock,
        say: Callable[[str], None],
        stop: Event | None = None,
    ) -> None:
        """Prepare to look every `interval` seconds until `stop` is set; `say` is given lines for a person."""
        self._source, self._taker, self._say, self._clock = source, taker, say, clock
        self._interval = interval
        self.stop = stop or Event()
        self._layout = FolderLayout(contract)
        self._category = cache(lambda folder: CategoryRules(contract, folder))
        self._before, self._seen = dict[str, Stored](), dict[str, Stored]()
        self._told: dict[str, str] = {}
        self._goes_on = True

    def run(self) -> None:
        """Look until told to stop."""
        while not self.stop.is_set():
            self.look()
            self.stop.wait(self._interval)

    def once(self) -> Round:
        """Send what is there now, which may take a second look; return what came of both."""
        self._goes_on = False
        first = self.look()
        if not first.waiting:
            return first
        self.stop.wait(self._interval)
        second = self.look()
        second.sent, second.bad = second.sent + first.sent, second.bad + first.bad
        if second.waiting:
            self._say(f"{second.waiting} files still change, and are left out")
        return second

    def look(self) -> Round:
        """List the storage once, and send what is new and complete."""
        done = Round()
        try:
            listed = list(self._source.files())
            self._tell(_STORAGE, "")
            self._before, self._seen = self._seen, {stored.key: stored for stored in listed}
            known = self._taker.known(self._source.name)
            self._tell(_SANDBOX, "")
            for stored in listed:
                if self.stop.is_set():
                    break
                self._consider(stored, known.get(stored.key), done)
        except StorageFault as fault:
            done.failed = True
            self._outage(_STORAGE, str(fault))
        except SandboxFault as fault:
            done.failed = True
            self._tell(_SANDBOX, str(fault))
        return done

    def _consider(self, stored: Stored, known: Known | None, done: Round) -> None:
        place = self._place(stored)
        if place is None or (known and _is_settled(stored, known)):
            return
        try:
            if self._is_complete(stored, place) and self._send(stored, place, known, done):
                self._tell(stored.key, "")
                return
        except ObjectGone:  # it changed while it was read: the next look sees what it has become
            pass
        except StorageFault as fault:
            done.failed = True
            self._outage(stored.key, str(fault))
            return
        done.waiting += 1

    def _place(self, stored: Stored) -> FilePlace | None:
        place = self._layout.read(stored.key)
        if stored.fault or isinstance(place, Notice):
            self._tell(stored.key, stored.fault or getattr(place, "message", ""))
            return None
        return place

    def _is_complete(self, stored: Stored, place: FilePlace) -> bool:
        """Tell whether an object has not changed for an interval, and ends as a whole one."""
        if (seen := self._before.get(stored.key)) and (seen.etag, seen.size) == (stored.etag, stored.size):
            return True
        return self._clock() - stored.modified >= self._interval and not self._breaks_off(stored, place)

    def _breaks_off(self, stored: Stored, place: FilePlace) -> bool:
        """Tell whether a local file ends within a line, as one that is being written does."""
        lined = place.format in _LINED and not place.compression
        return (
            self._source.local
            and lined
            and self._source.read(stored, max(0, stored.size - 1), stored.size) not in _ENDS
        )

    def _send(self, stored: Stored, place: FilePlace, known: Known | None, done: Round) -> bool:
        """Send an object; return whether all of it is with the sandbox."""
        name = SendResult(key=stored.key, etag=stored.etag, source=self._source.name)
        if known and known.etag != stored.etag and (known.offset or known.complete):
            self._tell_of(stored, self._taker.take(place.folder, name), done)
            return True
        task = Task(root=self._source.uri, stored=stored, place=place, end=stored.size)
        found = rows(task, self._source, self._category(place.folder))
        offset = known.offset if known and known.etag == stored.etag else 0
        try:
            for sent in batches(found, name, offset):
                if self.stop.is_set():
                    return False
                taken = self._taker.take(place.folder, sent)
        except Gap:  # the sandbox was emptied meanwhile
            return False
        self._tell_of(stored, taken, done)
        return True

    def _tell_of(self, stored: Stored, taken: BatchResult, done: Round) -> None:
        notices = [notice for notice in taken.notices if (notice.kind == OVERWRITTEN) == (taken.became == OVERWRITTEN)]
        if taken.became == "taken":
            refused = f", {taken.refused_rows} refused" if taken.refused_rows else ""
            rows_of = "1 row" if taken.rows == 1 else f"{taken.rows} rows"
            self._say(f"{stored.key}: {rows_of}, {taken.records} stored{refused}")
            done.sent += 1
            done.bad += bool(notices)
        for notice in notices:
            self._say(f"{stored.key}: {notice.message}")

    def _outage(self, about: str, message: str) -> None:
        """Tell that something cannot be listed or read; the sandbox hears of it when it can."""
        if self._tell(about, message):
            try:
                told = f"{about}: {message}" if about != _STORAGE else message
                self._taker.report(Outage(self._source.name, told))
            except SandboxFault as fault:
                self._tell(_SANDBOX, str(fault))

    def _tell(self, about: str, message: str) -> bool:
        """Say something unless it was said last about the same; return whether it was said."""
        before = self._told.pop(about, "")
        if message:
            self._told[about] = message
        if message and message != before and not self.stop.is_set():
            again = "; trying again" if self._goes_on else ""
            self._say(f"{about}: {message}" if about not in _BACK else f"{message}{again}")
            return True
        if before and not message and about in _BACK:
            self._say(_BACK[about])
        return False


def _is_settled(stored: Stored, known: Known) -> bool:
    if known.etag == stored.etag:
        return known.complete
    return known.overwritten == stored.etag
