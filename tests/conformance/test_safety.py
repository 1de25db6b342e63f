"""What may leave: nothing but reads to a host that was not allowed, and deletions of the run's own users alone."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import orjson
import pytest

from tests.conformance.kit import InProcess, report_on
from tests.conformance.mutants.facts import KEY, sandbox_app
from tests.tiers import part
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.client import Target
from traits_sandbox.conformance.http.exchange import BEARER, JSON, Request
from traits_sandbox.conformance.http.exchange import KEY as KEY_MARKER
from traits_sandbox.conformance.http.reach import REACHES, Reach
from traits_sandbox.conformance.http.safety import Gate, Permit, is_loopback
from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.reasons import Vetoed
from traits_sandbox.conformance.running.options import Options
from traits_sandbox.conformance.running.run import Run
from traits_sandbox.contract.load import load
from traits_sandbox.errors import UsageError

PREFIX = "tsc-0123abcd-"
MADE = RequestFactory(load("2020-09"), PREFIX)
OWN = MADE.remove(MADE.id("u"))
HOST = "api.example.test"


def gate(allowed: Reach = "unsafe") -> Gate:
    return Gate(MADE.contract, Permit(allowed, PREFIX))


def deletion(user_id: object) -> Request:
    return replace(OWN, body=orjson.dumps({"id": user_id}))


def asked(method: str, path: str, **more: object) -> Request:
    return Request(method, path, headers=(BEARER,), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("operation", MADE.contract.operations, ids=lambda each: each.id)
def test_documented_requests_reach_as_far_as_their_operation(operation: object) -> None:
    assert gate().reach(MADE.documented(operation)) == operation.effect  # type: ignore[arg-type, attr-defined]


@pytest.mark.parametrize(
    "request_",
    [
        *(MADE.remove(MADE.id(name)) for name in ("u", "CASE", "a/b", "a%2Fb", "end ", "caf\u00e9", "\U0001f40e")),
        MADE.remove(MADE.id(MADE.id("end"))),
        replace(OWN, query=(("api_key", KEY_MARKER),)),
    ],
    ids=lambda each: each.body.decode(),
)
def test_a_deletion_of_an_own_user_is_known_as_one(request_: Request) -> None:
    assert gate().reach(request_) == "destroy"


FOREIGN: list[object] = [
    "1001", "", None, 1, True, [], {}, [MADE.id("u")], PREFIX, PREFIX[:-1], PREFIX.upper() + "u", f" {MADE.id('u')}",
    MADE.id("u\n1001"), MADE.id("u,1001"), MADE.id("u 1001"), MADE.id("u' or '1'='1"), MADE.id("u|.*"),
    MADE.id("u\0"), MADE.id("u;"), MADE.id("u" * 301), MADE.id("u&id=1001"), MADE.id('u"'),
]  # fmt: skip


@pytest.mark.parametrize("user_id", FOREIGN, ids=repr)
def test_a_deletion_of_anything_else_is_unsafe(user_id: object) -> None:
    assert gate().reach(deletion(user_id)) == "unsafe"


MISREAD = {
    "no body": replace(OWN, body=None),
    "empty": replace(OWN, body=b""),
    "no id": replace(OWN, body=b"{}"),
    "broken": replace(OWN, body=(OWN.body or b"")[:-1]),
    "more": replace(OWN, body=orjson.dumps({"id": MADE.id("u"), "user_id": "1001"})),
    "twice": replace(OWN, body=b'{"id":"1001",' + (OWN.body or b"")[1:]),
    "trailing": replace(OWN, body=(OWN.body or b"") + b'{"id":"1001"}'),
    "query": replace(OWN, query=(("id", "1001"),)),
    "chunked": replace(OWN, chunked=True),
    "another type": replace(OWN, headers=(BEARER, ("Content-Type", "application/x-www-form-urlencoded"))),
    "two types": replace(OWN, headers=(BEARER, JSON, ("content-type", "text/plain"))),
    "no type": replace(OWN, headers=(BEARER,)),
    "another method": replace(OWN, method="DELETE"),
    "another header": replace(OWN, headers=(*OWN.headers, ("X-HTTP-Method-Override", "DELETE"))),
    "another path": replace(OWN, headers=(*OWN.headers, ("X-Original-URL", "/v1/users"))),
}


@pytest.mark.parametrize("request_", MISREAD.values(), ids=MISREAD)
def test_a_deletion_that_a_server_may_read_otherwise_is_unsafe(request_: Request) -> None:
    assert gate().reach(request_) == "unsafe"


OTHERS = {
    "POST /v1/user-data/": "unsafe",
    "POST /v1/User-Data": "unsafe",
    "POST /v1//user-data": "unsafe",
    "POST /v1/user%2Ddata": "unsafe",
    "POST /v1%2fuser-data": "unsafe",
    "POST /v1/unheard-of": "unsafe",
    "POST /v1/actions/": "unsafe",
    "POST /v1/assessment/user/status": "unsafe",
    "DELETE /v1/actions": "unsafe",
    "PUT /v1/actions": "unsafe",
    "PATCH /v1/actions": "unsafe",
    "TRACE /v1/actions": "unsafe",
    "delete /v1/actions": "unsafe",
    "GET /v1/actions": "read",
    "HEAD /v1/actions": "read",
    "OPTIONS /v1/actions": "read",
    "GET /v1/user-data": "read",
    "GET /v1/unheard-of": "read",
    "POST /v1/segments/default/personas/all/users": "read",
    "POST /v1/segments/default/personas/-1/traits": "read",
    "POST /v1/segments/%2e%2e/personas/%2E%2e/users": "unsafe",
    "POST /v1/segments/..%2f..%2fuser-data/personas/1/users": "unsafe",
    "POST /v1/segments/%252e%252e%252fuser-data/personas/1/users": "unsafe",
    "POST /v1/segments/a%5cb/personas/1/users": "unsafe",
    "POST /v1/segments/a;b/personas/1/users": "unsafe",
    "POST /v1/segments/a%3fb/personas/1/users": "unsafe",
    "POST /v1/segments/a%00/personas/1/users": "unsafe",
    "POST /v1/segments/a/personas//users": "unsafe",
}


@pytest.mark.parametrize(("line", "reach"), OTHERS.items())
def test_other_methods_and_paths_reach_as_far_as_a_broken_server_might_take_them(line: str, reach: Reach) -> None:
    assert gate().reach(asked(*line.split(" ", 1))) == reach


@pytest.mark.parametrize("path", ["/v1/user-data", "/v1//user-data", "/v1/User-Data/x", "/v1/user%2ddata"])
@pytest.mark.parametrize("more", [{"query": (("id", "1001"),)}, {"body": b'{"id":"1001"}'}], ids=["query", "body"])
def test_a_get_that_says_something_to_the_path_of_a_deletion_is_unsafe(path: str, more: dict[str, object]) -> None:
    assert gate().reach(asked("GET", path, **more)) == "unsafe"


def test_a_get_may_not_say_that_it_is_another_method() -> None:
    assert gate().reach(asked("GET", "/v1/actions", query=(("_method", "DELETE"),))) == "unsafe"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "v1",
        "//evil.test/v1",
        "http://evil.test/",
        "/v1/../v2",
        "/v1/.",
        "/..",
        "/v1?x=1",
        "/v1#x",
        "/a b",
        "/\u00e9",
    ],
)
def test_a_path_that_would_not_leave_as_it_stands_does_not_leave(path: str) -> None:
    with pytest.raises(Vetoed):
        gate().check(asked("GET", path))


@pytest.mark.parametrize("allowed", REACHES)
def test_what_reaches_further_than_allowed_does_not_leave(allowed: Reach) -> None:
    requests: dict[Reach, Request] = {
        "read": MADE.users(), "append": MADE.introduce("u"), "destroy": OWN, "unsafe": deletion("1001"),
    }  # fmt: skip
    for reach, request in requests.items():
        if REACHES.index(reach) <= REACHES.index(allowed):
            gate(allowed).check(request)
        else:
            with pytest.raises(Vetoed):
                gate(allowed).check(request)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("localhost", True), ("0.0.0.0", False),
     ("localhost.example.test", False), ("127.0.0.1.example.test", False), ("10.0.0.1", False), (HOST, False)],
)  # fmt: skip
def test_only_this_machine_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


class Recorded(httpx.AsyncBaseTransport):
    """A sandbox that keeps every request that leaves for it."""

    def __init__(self) -> None:
        self.requests: list[tuple[httpx.Request, bytes]] = []
        self._inner = InProcess(sandbox_app(allow_host=(HOST,)))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request, await request.aread()))
        return await self._inner.handle_async_request(request)

    def sent(self) -> Iterator[tuple[str, str, bytes]]:
        return (
            (request.method, request.url.raw_path.decode().partition("?")[0], body) for request, body in self.requests
        )


def run(options: Options, url: str = f"https://{HOST}") -> tuple[Recorded, Report]:
    recorded = Recorded()
    return recorded, report_on(recorded, options, url=url, prefix=PREFIX)


def test_nothing_but_reads_leaves_for_another_host_by_default() -> None:
    recorded, report = run(Options(profile="strict"))
    reads = {("POST", f"/v1/segments/{segment}/personas/") for segment in ("default", f"{PREFIX}no-segment")}
    for method, path, _ in recorded.sent():
        assert method in ("GET", "HEAD") or any(path.startswith(begin) for _, begin in reads), (method, path)
    assert (report.failed, report.left_behind) == ((), ())
    kept = {each.requirement.id for each in report.judged if each.outcome == "passed"}
    assert kept >= {"AUTH-001", "AUTH-002", "AUTH-003", "STATE-003", "STATE-004", "STATE-005", "HTTP-002", "TLS-001"}


def test_writes_that_are_allowed_delete_own_users_alone_and_all_of_them() -> None:
    recorded, report = run(Options(profile="strict", allow_writes=HOST))
    paths = {each.path for each in MADE.contract.operations if each.method == "POST"}
    posted = [(path, body) for method, path, body in recorded.sent() if method not in ("GET", "HEAD")]
    assert {method for method, _, _ in recorded.sent()} == {"GET", "HEAD", "POST"}
    assert all(path in paths or path.startswith("/v1/segments/") for path, _ in posted)
    deleted = [orjson.loads(body) for path, body in posted if path == "/v1/user-data"]
    assert all(each.keys() == {"id"} and each["id"].startswith(PREFIX) for each in deleted)
    assert deleted
    assert report.failed == ()
    assert not any("users whose ids" in each for each in report.left_behind)


def test_plain_http_to_another_host_is_refused_unless_it_is_asked_for() -> None:
    for options in (Options(), Options(allow_writes=HOST)):
        with pytest.raises(UsageError, match=f"in clear to {HOST}: .*, or add --allow-plain-http {HOST}"):
            run(options, f"http://{HOST}")
    with pytest.raises(UsageError, match=f"--allow-plain-http must name the target's host, {HOST}, not 10.0.0.1"):
        run(Options(allow_plain_http="10.0.0.1"), f"http://{HOST}")
    recorded, report = run(Options(allow_plain_http=HOST, only=("OP-001", "TLS-*")), f"http://{HOST}")
    assert {request.url.scheme for request, _ in recorded.requests} == {"http"}
    assert report.about.reach == "read"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_plain_http_to_this_machine_needs_no_leave(host: str) -> None:
    assert not Target(f"http://{host}:8012", KEY).in_clear
    Run(Target(f"http://{host}:8012", KEY), Options())


def test_the_key_never_leaves_over_plain_http_nor_for_another_host() -> None:
    recorded, _ = run(Options())
    hosts = {request.url.host for request, _ in recorded.requests}
    plain = [request for request, _ in recorded.requests if request.url.scheme == "http"]
    assert hosts == {HOST}
    assert plain
    assert not any(KEY in f"{request.url} {request.headers}" for request in plain)


@part("kit")
def test_the_requests_of_a_run_are_the_same_for_the_same_seed() -> None:
    first, second = (sorted(run(Options(seed=3), "http://127.0.0.1")[0].sent()) for _ in range(2))
    assert first == second
