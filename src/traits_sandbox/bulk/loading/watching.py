"""Watches a storage: each new object is sent to a sandbox once, after it has been stable for one interval.

A watch does not end because of an error: it logs each one once, waits longer, and goes on.
"""

from collections.abc import Callable
from functools import cache
from threading import Event
from typing import Final

import msgspec

from traits_sandbox.bulk.checking.judging import CategoryRules
from traits_sandbox.bulk.checking.unchecked import RootListing, unchecked_root
from traits_sandbox.bulk.loading.intake import LONGEST_MESSAGE, OVERWRITTEN, BatchResult, Gap, Outage
from traits_sandbox.bulk.loading.retries import Retries, describe_bug, pause
from traits_sandbox.bulk.loading.rows import rows
from traits_sandbox.bulk.loading.sending import (
    KnownObject,
    OutgoingBatch,
    RowReceiver,
    SandboxError,
    batches,
)
from traits_sandbox.bulk.storage.layout import FolderLayout
from traits_sandbox.bulk.storage.sources import FileSource, ObjectError, ObjectGone, StorageError
from traits_sandbox.bulk.values import FileFormat, FilePlace, Notice, Stored, Task, UncheckedRoot
from traits_sandbox.clock import Clock
from traits_sandbox.contract.model import Contract
from traits_sandbox.errors import UsageError

# Formats whose last line shows whether a file is complete.
_TEXT_FORMATS: Final[tuple[FileFormat, ...]] = ("ndjson", "csv")
_LINE_ENDS: Final = (b"\n", b"")

# The storage, the sandbox and the layout as subjects of log lines, beside the keys of objects; no key contains NUL.
_STORAGE: Final = "\0storage"
_SANDBOX: Final = "\0sandbox"
_ROOT: Final = "\0root"
_POLL: Final = "\0poll"
_RECOVERED: Final = {
    _STORAGE: "the storage can be listed again",
    _SANDBOX: "the sandbox answers again",
    _ROOT: "there are files to ingest now",
    _POLL: "the watch works again",
}


class PollResult(msgspec.Struct):
    """The result of one poll: objects that were sent, sent with refused rows, cannot be read, or are still changing.

    `unreadable` counts objects that cannot be listed, `known` those that can be ingested or have been. `failed` means
    that the storage or the sandbox cannot be reached, `ended` that other objects were not tried. `unchecked` says why
    no object is known.
    """

    failed: bool = False
    ended: bool = False
    sent: int = 0
    bad: int = 0
    unread: int = 0
    waiting: int = 0
    unreadable: int = 0
    known: int = 0
    unchecked: UncheckedRoot | None = None

    @property
    def exit_code(self) -> int:
        """Return 0 if all rows of all objects are ingested, 3 if something cannot be reached, 2 if there are none."""
        if self.failed:
            return 3
        return int(bool(self.bad or self.unread or self.waiting or self.unreadable)) or (2 if self.unchecked else 0)


class IngestedFile(msgspec.Struct, frozen=True):
    """A file that was sent: the numbers of its rows, stored records and refused rows, and what is wrong with it.

    The sandbox keeps the violations of its rows as the upload `upload_id`.
    """

    key: str
    rows: int
    records: int
    refused_rows: int
    notices: tuple[str, ...]
    upload_id: str

    @property
    def headline(self) -> str:
        """Return the counts as one line."""
        refused = f", {self.refused_rows} refused" if self.refused_rows else ""
        count = "1 row" if self.rows == 1 else f"{self.rows} rows"
        return f"{self.key}: {count}, {self.records} stored{refused}"


class Watch:
    """Polls one storage, and sends new objects. The sandbox remembers what was sent, not this object."""

    def __init__(
        self,
        source: FileSource,
        contract: Contract,
        receiver: RowReceiver,
        *,
        interval: float,
        clock: Clock,
        log: Callable[[str], None],
        log_file: Callable[[IngestedFile], None] | None = None,
        stop: Event | None = None,
    ) -> None:
        """Prepare to poll every `interval` seconds until `stop` is set.

        `log` gets lines of text. `log_file` gets each file that was sent, instead of `log`.
        """
        self._log_file = log_file
        self._source, self._receiver, self._log, self._clock = source, receiver, log, clock
        self._interval = interval
        self.stop = stop or Event()
        self._layout = FolderLayout(contract)
        self._category = cache(lambda folder: CategoryRules(contract, folder))
        self._before, self._seen = dict[str, Stored](), dict[str, Stored]()
        self._logged: dict[str, str] = {}
        self._retries = Retries()
        self._continues, self._reached = True, False

    def run(self) -> None:
        """Poll until `stop` is set.

        Raises:
            UsageError: the sandbox refuses the first call, for example because of its API key.

        """
        failures = 0
        while not self.stop.is_set():
            failures = failures + 1 if self._poll_safely().ended else 0
            self.stop.wait(pause(self._interval, failures))

    def once(self) -> PollResult:
        """Send the objects that exist now; poll again after one interval if some of them are still changing."""
        self._continues = False
        first = self.poll()
        if not first.waiting:
            return first
        self.stop.wait(self._interval)
        second = self.poll()
        second.sent, second.bad = second.sent + first.sent, second.bad + first.bad
        second.unread = max(second.unread, first.unread)
        if second.waiting:
            self._log(f"{second.waiting} files are still changing, so they are not sent")
        return second

    def poll(self) -> PollResult:
        """List the storage once, and send the objects that are new and complete."""
        done = PollResult()
        try:
            listed = list(self._source.files())
            self._log_change(_STORAGE, "")
            self._before, self._seen = self._seen, {stored.key: stored for stored in listed}
            self._retries.keep(self._seen)
            known = self._receiver.known(self._source.name)
            self._reached = True
            self._log_change(_SANDBOX, "")
            for stored in listed:
                if self.stop.is_set():
                    break
                self._send_if_new(stored, known.get(stored.key), done)
            else:
                self._explain_nothing(listed, done)
            self._log_change(_POLL, "")
        except StorageError as error:
            done.failed = done.ended = True
            self._report_outage(_STORAGE, str(error))
        except SandboxError as error:
            done.failed = done.ended = True
            self._log_change(_SANDBOX, str(error))
        return done

    def _explain_nothing(self, listed: list[Stored], done: PollResult) -> None:
        """Log why no object can be ingested, unless there is none at all, which is usual before the first load."""
        if done.known or done.unreadable:
            self._log_change(_ROOT, "")
            return
        root = RootListing(self._source.uri, self._source.name)
        for stored in listed:
            root.add(stored, self._layout)
        done.unchecked = unchecked_root(root, self._layout.folders)
        if not done.unchecked.empty:
            self._log_change(_ROOT, f"nothing can be ingested: {done.unchecked.message}; {done.unchecked.next_step}")

    def _poll_safely(self) -> PollResult:
        """Poll once, and log what a poll does not expect."""
        try:
            return self.poll()
        except UsageError as error:
            if not self._reached:
                raise
            self._log_change(_SANDBOX, str(error))
        except Exception as error:
            self._log_change(_POLL, describe_bug(error))
        return PollResult(failed=True, ended=True)

    def _send_if_new(self, stored: Stored, known: KnownObject | None, done: PollResult) -> None:
        place = self._place(stored)
        done.unreadable += bool(stored.fault)
        done.known += place is not None
        if place is None or (known and _is_settled(stored, known)):
            return
        if self._continues and self._retries.waits(stored.key):
            done.unread += 1
            return
        try:
            if self._is_complete(stored, place) and self._send(stored, place, known, done):
                self._log_change(stored.key, "")
                self._retries.forget(stored.key)
                return
        except ObjectGone:  # It changed while it was read; the next poll reads it again.
            pass
        except SandboxError:
            raise
        except Exception as error:
            self._keep_going(stored, error, done)
            return
        done.waiting += 1

    def _keep_going(self, stored: Stored, error: Exception, done: PollResult) -> None:
        """Report that one object cannot be sent, so that the others are; with `once`, only errors of the storage."""
        if isinstance(error, StorageError):
            done.failed |= not isinstance(error, ObjectError)
            self._report_outage(stored.key, str(error))
        elif not self._continues:
            raise error
        else:
            message = str(error) if isinstance(error, UsageError) else describe_bug(error)
            self._log_change(stored.key, message)
        done.unread += 1
        self._retries.add(stored.key)

    def _place(self, stored: Stored) -> FilePlace | None:
        place = self._layout.read(stored.key)
        if stored.fault or isinstance(place, Notice):
            self._log_change(stored.key, stored.fault or getattr(place, "message", ""))
            return None
        return place

    def _is_complete(self, stored: Stored, place: FilePlace) -> bool:
        """Return whether an object has been stable for one interval."""
        if (seen := self._before.get(stored.key)) and (seen.etag, seen.size) == (stored.etag, stored.size):
            return True
        return self._clock() - stored.modified >= self._interval and not self._is_cut_off(stored, place)

    def _is_cut_off(self, stored: Stored, place: FilePlace) -> bool:
        """Return whether a local file ends in the middle of a line, which means that it is still being written."""
        has_lines = place.format in _TEXT_FORMATS and not place.compression
        return (
            self._source.local
            and has_lines
            and self._source.read(stored, max(0, stored.size - 1), stored.size) not in _LINE_ENDS
        )

    def _send(self, stored: Stored, place: FilePlace, known: KnownObject | None, done: PollResult) -> bool:
        """Send an object; return whether the sandbox has all of it."""
        empty = OutgoingBatch(key=stored.key, etag=stored.etag, source=self._source.name)
        if known and known.etag != stored.etag and (known.offset or known.complete):
            self._log_result(stored, self._receiver.ingest(place.folder, empty), done)
            return True
        task = Task(root=self._source.uri, stored=stored, place=place, end=stored.size)
        found = rows(task, self._source, self._category(place.folder))
        offset = known.offset if known and known.etag == stored.etag else 0
        try:
            for batch in batches(found, empty, offset):
                if self.stop.is_set():
                    return False
                result = self._receiver.ingest(place.folder, batch)
        except Gap:  # The sandbox was reset meanwhile.
            return False
        self._log_result(stored, result, done)
        return True

    def _log_result(self, stored: Stored, result: BatchResult, done: PollResult) -> None:
        overwritten = result.status == OVERWRITTEN
        notices = [notice for notice in result.notices if (notice.kind == OVERWRITTEN) == overwritten]
        if result.status == "taken":
            done.sent += 1
            done.bad += bool(notices)
            messages = tuple(notice.message for notice in notices)
            file = IngestedFile(stored.key, result.rows, result.records, result.refused_rows, messages, result.id)
            if self._log_file:
                self._log_file(file)
                return
            self._log(file.headline)
        for notice in notices:
            self._log(f"{stored.key}: {notice.message}")

    def _report_outage(self, subject: str, message: str) -> None:
        """Log that something cannot be listed or read, and report it to the sandbox if that is possible."""
        if self._log_change(subject, message):
            try:
                line = f"{subject}: {message}" if subject != _STORAGE else message
                self._receiver.report(Outage(self._source.name, line[:LONGEST_MESSAGE]))
            except (SandboxError, UsageError) as error:
                self._log_change(_SANDBOX, str(error))

    def _log_change(self, subject: str, message: str) -> bool:
        """Log a message unless it is the last one about this subject; return whether it was logged.

        An empty message means that there is no problem any more, which is logged for all but single objects.
        """
        before = self._logged.pop(subject, "")
        if message:
            self._logged[subject] = message
        if message and message != before and not self.stop.is_set():
            retry = "; trying again" if self._continues else ""
            self._log(f"{subject}: {message}" if subject not in _RECOVERED else f"{message}{retry}")
            return True
        if before and not message and subject in _RECOVERED:
            self._log(_RECOVERED[subject])
        return False


def _is_settled(stored: Stored, known: KnownObject) -> bool:
    if known.etag == stored.etag:
        return known.complete
    return known.overwritten == stored.etag
