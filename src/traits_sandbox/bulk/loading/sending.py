"""Sends the rows of objects to a sandbox: to one at a URL, or to the one in this process."""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from threading import Event
from typing import Any, Final, Protocol, TypeVar

import msgspec
import orjson

from traits_sandbox.bulk.loading.ingested_rows import UnreadableRow
from traits_sandbox.bulk.loading.intake import LONGEST_MESSAGE, MAX_ROWS, BatchResult, BulkIntake, Gap, Outage, RowBatch
from traits_sandbox.bulk.loading.network_errors import reason_of
from traits_sandbox.bulk.loading.rows import FileRow
from traits_sandbox.bulk.storage.streams import Unreadable
from traits_sandbox.control.ledger import Ledger
from traits_sandbox.errors import TraitsSandboxError, UsageError
from traits_sandbox.trust import trust

# The largest batch, in rows and in bytes. A single larger row is sent in a batch of its own.
_ROWS: Final = min(1000, MAX_ROWS)
_BYTES: Final = 2**19
_MAX_ROW: Final = 2**20 + 2**18
# Seconds to wait for a remote sandbox, and between two checks whether to stop.
_TIMEOUT: Final = 30.0
_STOP_CHECK: Final = 0.2
_SHUTTING_DOWN: Final = "the sandbox is shutting down"
_NOT_A_SANDBOX: Final = "the server at --to is not a traits-sandbox"

T = TypeVar("T")


class SandboxError(TraitsSandboxError):
    """The sandbox cannot be reached, or answers with a server error; the message is one sentence."""


class KnownObject(msgspec.Struct, frozen=True):
    """An object in the ledger of a sandbox: how many of its lines are ingested, and of which version."""

    key: str
    etag: str
    offset: int
    complete: bool
    overwritten: str


class OutgoingBatch(msgspec.Struct, frozen=True):
    """Rows to send, each as JSON; the fields are those of a RowBatch."""

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
        """Return the body of a request; the rows are not encoded again."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        unread = msgspec.to_builtins(self.unread)
        return orjson.dumps(fields | {"rows": list(map(orjson.Fragment, self.rows)), "unread": unread})


class RowReceiver(Protocol):
    """A sandbox to which rows are sent."""

    def known(self, source: str) -> Mapping[str, KnownObject]:
        """Return the objects of a source that are in the ledger, by key.

        Raises:
            SandboxError: the sandbox cannot be reached.

        """

    def ingest(self, folder: str, batch: OutgoingBatch) -> BatchResult:
        """Send a batch of rows of a category folder.

        Raises:
            SandboxError: the sandbox cannot be reached.
            Gap: earlier rows of the object are missing.

        """

    def report(self, outage: Outage) -> None:
        """Report that a storage cannot be reached.

        Raises:
            SandboxError: the sandbox cannot be reached.

        """


def batches(rows: Iterable[FileRow], empty: OutgoingBatch, offset: int) -> Iterator[OutgoingBatch]:
    """Yield the rows after the line `offset` in batches; `empty` has the values that all batches share.

    The last batch is marked. It has an error if the object cannot be read to its end.
    """
    empty = msgspec.structs.replace(empty, offset=offset, last=False)
    pending, size, error = list[FileRow](), 0, ""
    try:
        for row in rows:
            if row.line <= offset:
                continue
            if pending and (len(pending) == _ROWS or size + len(row.json) > _BYTES):
                yield _filled(empty, pending)
                empty = msgspec.structs.replace(empty, offset=pending[-1].line)
                pending, size = [], 0
            pending.append(_within_limit(row))
            size += len(row.json)
    except Unreadable as unreadable:
        error = f"it {unreadable}"
    yield msgspec.structs.replace(_filled(empty, pending), last=True, error=error[:LONGEST_MESSAGE])


def _filled(empty: OutgoingBatch, pending: list[FileRow]) -> OutgoingBatch:
    readable = [row for row in pending if row.unread is None]
    return msgspec.structs.replace(
        empty,
        rows=tuple(row.json for row in readable),
        lines=tuple(row.line for row in readable),
        unread=tuple(row.unread for row in pending if row.unread is not None),
    )


def _within_limit(row: FileRow) -> FileRow:
    if len(row.json) <= _MAX_ROW:
        return row
    return FileRow(
        line=row.line, unread=UnreadableRow(row.line, "size", f"must be at most {_MAX_ROW} bytes long as JSON")
    )


class LocalSandbox:
    """The sandbox in this process, called from another thread than its event loop."""

    def __init__(self, intake: BulkIntake, ledger: Ledger, dashboard: str, *, loop: asyncio.AbstractEventLoop) -> None:
        """Prepare to send rows to a dashboard. After `stop` is set, every call raises SandboxError."""
        self._intake, self._ledger, self._dashboard, self._loop = intake, ledger, dashboard, loop
        self.stop = Event()

    def known(self, source: str) -> Mapping[str, KnownObject]:
        """Return the objects of a source that are in the ledger, by key."""

        async def read() -> list[dict[str, Any]]:
            loads = self._ledger.of(self._dashboard)
            return [msgspec.to_builtins(load) for load in loads if load.source == source]

        return _by_key(self._wait(read()))

    def ingest(self, folder: str, batch: OutgoingBatch) -> BatchResult:
        """Send a batch of rows of a category folder."""
        rows = msgspec.convert(orjson.loads(batch.body()), RowBatch)
        return self._wait(self._intake.ingest(self._dashboard, folder, rows))

    def report(self, outage: Outage) -> None:
        """Report that a storage cannot be reached."""

        async def report() -> None:
            self._intake.report(self._dashboard, outage)

        self._wait(report())

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            waited = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:
            work.close()
            self.stop.set()
            raise SandboxError(_SHUTTING_DOWN) from None
        while True:
            try:
                return waited.result(_STOP_CHECK)
            except CancelledError:
                raise SandboxError(_SHUTTING_DOWN) from None
            except TimeoutError:
                if self.stop.is_set():
                    waited.cancel()
                    raise SandboxError(_SHUTTING_DOWN) from None


class RemoteSandbox:
    """A sandbox at a URL, called over its control API."""

    def __init__(self, url: str, *, api_key: str = "", token: str = "", ca_file: str = "") -> None:
        """Prepare to send; nothing is sent yet. `ca_file` has certificates to trust in addition to the usual ones.

        Raises:
            UsageError: the URL is not an HTTP URL, or the file has no readable certificates.

        """
        import httpx

        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {api_key}"} if api_key else {}
        headers |= {"Sandbox-Control-Token": token} if token else {}
        try:
            base = httpx.URL(url)
        except httpx.InvalidURL:
            base = httpx.URL()
        if base.scheme not in ("http", "https") or not base.host:
            raise UsageError("--to must be the URL of a sandbox, such as http://127.0.0.1:8012")
        self._shown = f"{base.scheme}://{base.netloc.decode()}"
        self._http = httpx
        verify = trust(ca_file) if ca_file or base.scheme == "https" else False
        self._client = httpx.Client(base_url=base, headers=headers, timeout=_TIMEOUT, verify=verify, trust_env=False)
        self._version, self._objects = "", list[dict[str, Any]]()

    def __enter__(self) -> "RemoteSandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def known(self, source: str) -> Mapping[str, KnownObject]:
        """Return the objects of a source that are in the ledger, by key; an unchanged ledger is not fetched again."""
        reply = self._call("GET", "/_sandbox/bulk", headers={"If-None-Match": self._version})
        if reply.status_code != 304:
            self._objects = _json(reply)["objects"]
            self._version = reply.headers.get("etag", "")
        return _by_key(each for each in self._objects if each["source"] == source)

    def ingest(self, folder: str, batch: OutgoingBatch) -> BatchResult:
        """Send a batch of rows of a category folder."""
        reply = self._call("POST", f"/_sandbox/bulk/{folder}", content=batch.body())
        return msgspec.convert(_json(reply), BatchResult)

    def report(self, outage: Outage) -> None:
        """Report that a storage cannot be reached."""
        self._call("POST", "/_sandbox/bulk", content=msgspec.json.encode(outage))

    def _call(self, method: str, path: str, **more: Any) -> Any:
        try:
            reply = self._client.request(method, path, **more)
        except self._http.HTTPError as error:
            raise SandboxError(f"cannot reach the sandbox at {self._shown} ({reason_of(error)})") from None
        if reply.status_code == 409:
            raise Gap(int(_json(reply)["offset"]))
        if reply.status_code >= 500:
            raise SandboxError(f"the sandbox at {self._shown} answers {reply.status_code}")
        if reply.status_code >= 400:
            raise UsageError(f"the sandbox at {self._shown} answers {reply.status_code}: {_message(reply)}")
        return reply


def _json(reply: Any) -> dict[str, Any]:
    try:
        value = orjson.loads(reply.content)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise UsageError(_NOT_A_SANDBOX)
    return value


def _message(reply: Any) -> str:
    try:
        return str(_json(reply).get("message", ""))[:300]
    except UsageError:
        return "it is not a traits-sandbox"


def _by_key(objects: Iterable[Mapping[str, Any]]) -> dict[str, KnownObject]:
    return {each["key"]: msgspec.convert(each, KnownObject) for each in objects}
