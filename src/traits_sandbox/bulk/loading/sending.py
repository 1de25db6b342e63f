"""Sends the rows of objects to a sandbox: to one behind a URL, or to the one that this process is."""

import asyncio
import ssl
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from threading import Event
from typing import Any, Final, Protocol, TypeVar

import msgspec
import orjson

from traits_sandbox.bulk.loading.ingested_rows import UnreadableRow
from traits_sandbox.bulk.loading.intake import MAX_ROWS, BatchResult, BulkIntake, Gap, Outage, RowBatch
from traits_sandbox.bulk.loading.rows import FileRow
from traits_sandbox.bulk.storage.streams import Unreadable
from traits_sandbox.control.ledger import Ledger
from traits_sandbox.errors import TraitsSandboxError, UsageError

# A batch is closed once it is as large as this; a single row may be larger than a batch.
_ROWS: Final = min(1000, MAX_ROWS)
_BYTES: Final = 2**19
_MAX_ROW: Final = 2**20 + 2**18
_PATIENCE: Final = 30.0
_BLINK: Final = 0.2
_ENDING: Final = "the sandbox is ending"

T = TypeVar("T")


class SandboxFault(TraitsSandboxError):
    """The sandbox cannot be reached, or does not answer as one; the message is one sentence."""


class Known(msgspec.Struct, frozen=True):
    """What a sandbox knows of an object."""

    key: str
    etag: str
    offset: int
    complete: bool
    overwritten: str


class SendResult(msgspec.Struct, frozen=True):
    """Rows on their way, as JSON; the fields are those of a RowBatch."""

    key: str
    etag: str
    source: str
    offset: int = 0
    rows: tuple[bytes, ...] = ()
    lines: tuple[int, ...] = ()
    unread: tuple[UnreadableRow, ...] = ()
    last: bool = True
    error: str = ""

    def body(self) -> bytes:
        """Return the body of a call; the rows stay as they are."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        unread = msgspec.to_builtins(self.unread)
        return orjson.dumps(fields | {"rows": list(map(orjson.Fragment, self.rows)), "unread": unread})


class Taker(Protocol):
    """A sandbox that objects are sent to."""

    def known(self, source: str) -> Mapping[str, Known]:
        """Return what it knows of a source's objects, by key; raises SandboxFault."""

    def take(self, folder: str, sent: SendResult) -> BatchResult:
        """Hand rows over; raises SandboxFault, and Gap if others have to come first."""

    def report(self, outage: Outage) -> None:
        """Tell that a storage cannot be connected to; raises SandboxFault."""


def batches(rows: Iterable[FileRow], name: SendResult, offset: int) -> Iterator[SendResult]:
    """Yield the rows behind a line, as batches of one name; the last of them says so, and whether it ends too soon."""
    name = msgspec.structs.replace(name, offset=offset, last=False)
    pending, size, error = list[FileRow](), 0, ""
    try:
        for row in rows:
            if row.line <= offset:
                continue
            if pending and (len(pending) == _ROWS or size + len(row.json) > _BYTES):
                yield _sent(name, pending)
                name = msgspec.structs.replace(name, offset=pending[-1].line)
                pending, size = [], 0
            pending.append(_fitting(row))
            size += len(row.json)
    except Unreadable as unreadable:
        error = f"it {unreadable}"
    yield msgspec.structs.replace(_sent(name, pending), last=True, error=error)


def _sent(name: SendResult, pending: list[FileRow]) -> SendResult:
    whole = [row for row in pending if row.unread is None]
    return msgspec.structs.replace(
        name,
        rows=tuple(row.json for row in whole),
        lines=tuple(row.line for row in whole),
        unread=tuple(row.unread for row in pending if row.unread is not None),
    )


def _fitting(row: FileRow) -> FileRow:
    if len(row.json) <= _MAX_ROW:
        return row
    return FileRow(
        line=row.line, unread=UnreadableRow(row.line, "size", f"must be at most {_MAX_ROW} bytes long as JSON")
    )


class Inside:
    """The sandbox of this process. It runs in a loop of its own, which is waited for."""

    def __init__(self, door: BulkIntake, ledger: Ledger, dashboard: str, *, loop: asyncio.AbstractEventLoop) -> None:
        """Prepare to hand over, from another thread; when `stop` is set, nothing is waited for any more."""
        self._door, self._ledger, self._dashboard, self._loop = door, ledger, dashboard, loop
        self.stop = Event()

    def known(self, source: str) -> Mapping[str, Known]:
        """Return what the ledger has of a source."""

        async def read() -> list[dict[str, Any]]:
            loads = self._ledger.of(self._dashboard)
            return [msgspec.to_builtins(load) for load in loads if load.source == source]

        return _by_key(self._wait(read()))

    def take(self, folder: str, sent: SendResult) -> BatchResult:
        """Hand rows over."""
        batch = msgspec.convert(orjson.loads(sent.body()), RowBatch)
        return self._wait(self._door.ingest(self._dashboard, folder, batch))

    def report(self, outage: Outage) -> None:
        """Tell that a storage cannot be connected to."""

        async def tell() -> None:
            self._door.report(self._dashboard, outage)

        self._wait(tell())

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            waited = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:
            work.close()
            self.stop.set()
            raise SandboxFault(_ENDING) from None
        while True:
            try:
                return waited.result(_BLINK)
            except CancelledError:
                raise SandboxFault(_ENDING) from None
            except TimeoutError:
                if self.stop.is_set():
                    waited.cancel()
                    raise SandboxFault(_ENDING) from None


class Remote:
    """A sandbox behind a URL, spoken to over its control API."""

    def __init__(self, url: str, *, api_key: str = "", token: str = "") -> None:
        """Prepare to send; raises UsageError if the URL is none."""
        import httpx

        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {api_key}"} if api_key else {}
        headers |= {"Sandbox-Control-Token": token} if token else {}
        try:
            base = httpx.URL(url)
        except httpx.InvalidURL:
            base = httpx.URL()
        if base.scheme not in ("http", "https") or not base.host:
            raise UsageError("--to is the URL of a sandbox, such as http://127.0.0.1:8012")
        self._shown = f"{base.scheme}://{base.netloc.decode()}"
        self._http = httpx
        self._client = httpx.Client(
            base_url=base, headers=headers, timeout=_PATIENCE, verify=ssl.create_default_context(), trust_env=False
        )
        self._version, self._objects = "", list[dict[str, Any]]()

    def __enter__(self) -> "Remote":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def known(self, source: str) -> Mapping[str, Known]:
        """Return what the ledger has of a source; it is fetched only when it has changed."""
        reply = self._call("GET", "/_sandbox/bulk", headers={"If-None-Match": self._version})
        if reply.status_code != 304:
            self._objects = _json(reply)["objects"]
            self._version = reply.headers.get("etag", "")
        return _by_key(each for each in self._objects if each["source"] == source)

    def take(self, folder: str, sent: SendResult) -> BatchResult:
        """Hand rows over."""
        reply = self._call("POST", f"/_sandbox/bulk/{folder}", content=sent.body())
        return msgspec.convert(_json(reply), BatchResult)

    def report(self, outage: Outage) -> None:
        """Tell that a storage cannot be connected to."""
        self._call("POST", "/_sandbox/bulk", content=msgspec.json.encode(outage))

    def _call(self, method: str, path: str, **more: Any) -> Any:
        try:
            reply = self._client.request(method, path, **more)
        except self._http.HTTPError as error:
            raise SandboxFault(f"cannot reach the sandbox at {self._shown} ({type(error).__name__})") from None
        if reply.status_code == 409:
            raise Gap(int(_json(reply)["offset"]))
        if reply.status_code >= 500:
            raise SandboxFault(f"the sandbox at {self._shown} answers {reply.status_code}")
        if reply.status_code >= 400:
            raise UsageError(f"the sandbox at {self._shown} answers {reply.status_code}: {_message(reply)}")
        return reply


def _json(reply: Any) -> dict[str, Any]:
    try:
        value = orjson.loads(reply.content)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise UsageError("what answers at --to is no traits-sandbox")
    return value


def _message(reply: Any) -> str:
    try:
        return str(_json(reply).get("message", ""))[:300]
    except UsageError:
        return "it is no traits-sandbox"


def _by_key(objects: Iterable[Mapping[str, Any]]) -> dict[str, Known]:
    return {each["key"]: msgspec.convert(each, Known) for each in objects}
