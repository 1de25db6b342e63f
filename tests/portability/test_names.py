"""Only the module `system` uses names that some systems do not have."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tiers import Tier, part

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "traits_sandbox"

SYSTEM = SOURCE / "system.py"
"""The only module in which the names below are allowed."""

# Modules that Windows does not have.
MODULES = {
    "crypt", "curses", "fcntl", "grp", "nis", "posix", "posixpath", "pty", "pwd", "readline", "resource", "spwd",
    "syslog", "termios", "tty",
}  # fmt: skip

# Names that some systems do not have, by module. Signals are looked up by name, so a missing signal is no problem.
NAMES = {
    "asyncio": {"create_unix_connection", "create_unix_server", "open_unix_connection", "start_unix_server", "uvloop"},
    "multiprocessing": {"set_start_method"},
    "os": {
        "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "chown", "chroot", "confstr", "ctermid", "fchmod", "fchown", "fork",
        "forkpty", "getegid", "geteuid", "getgid", "getgroups", "getloadavg", "getpgid", "getpgrp", "getpriority",
        "getresuid", "getsid", "getuid", "getxattr", "killpg", "lchown", "mkfifo", "mknod", "nice", "openpty",
        "posix_fadvise", "posix_spawn", "pread", "preadv", "pwrite", "sched_getaffinity", "sched_setaffinity",
        "sendfile", "setpgid", "setsid", "setuid", "statvfs", "sysconf", "ttyname", "uname", "wait", "wait4",
    },
    "select": {"epoll", "kqueue", "poll"},
    "signal": {
        "SIGALRM", "SIGBREAK", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP", "SIGTSTP",
        "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIG_BLOCK", "SIG_SETMASK", "SIG_UNBLOCK", "alarm", "pthread_kill",
        "pthread_sigmask", "setitimer", "set_wakeup_fd", "sigwait", "CTRL_BREAK_EVENT", "CTRL_C_EVENT",
    },
    "socket": {
        "AF_UNIX", "CMSG_LEN", "MSG_DONTWAIT", "MSG_NOSIGNAL", "SCM_RIGHTS", "SO_REUSEPORT", "TCP_CORK", "TCP_QUICKACK",
        "TCP_USER_TIMEOUT", "fromfd", "send_fds", "socketpair",
    },
    "time": {"clock_gettime", "pthread_getcpuclockid", "tzset"},
}  # fmt: skip
NAMES["os"].add("name")
NAMES["sys"] = {"getwindowsversion", "platform", "winver"}
OPENED = {"tap.open": "a tap of exchanges"}
METHODS = {"add_signal_handler": "no loop of Windows has it", "preexec_fn": "Windows cannot fork"}


def uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the names that some systems do not have, with their lines."""
    for node in ast.walk(tree):
        for name in _used(node):
            yield getattr(node, "lineno", 0), name


def _used(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (each.name for each in names if each.name in MODULES)
        case ast.ImportFrom(module=str(module), names=names):
            if module in MODULES:
                yield module
            yield from (f"{module}.{each.name}" for each in names if each.name in NAMES.get(module, ()))
        case ast.Attribute(value=ast.Name(id=str(module)), attr=attribute) if attribute in NAMES.get(module, ()):
            yield f"{module}.{attribute}"
        case ast.Attribute(attr=attribute) if attribute in METHODS:
            yield attribute
        case ast.keyword(arg=str(argument)) if argument in METHODS:
            yield argument


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the calls that read or write text without an explicit encoding or line end, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from ((node.lineno, f"{ast.unparse(node)[:60]}: {why}") for why in _left_open(node))


def _left_open(call: ast.Call) -> Iterator[str]:
    if ast.unparse(call.func) in OPENED:
        return
    name = ast.unparse(call.func).rpartition(".")[2]
    given = {each.arg for each in call.keywords}
    mode = _mode(call, name)
    if name in ("open", "fdopen", "NamedTemporaryFile", "TemporaryFile") and "b" not in mode:
        if "encoding" not in given:
            yield "no encoding"
        if set(mode) & set("wax+") and "newline" not in given:
            yield "line ends as the system has them"
    if name == "read_text" and not call.args and "encoding" not in given:
        yield "no encoding"
    if name == "write_text":
        yield from (f"no {each}" for each in ("encoding", "newline") if each not in given)
    if ast.unparse(call.func) in ("subprocess.run", "subprocess.Popen") and {"text", "universal_newlines"} & given:
        yield from [] if "encoding" in given else ["no encoding"]


def _mode(call: ast.Call, name: str) -> str:
    given = [each.value for each in call.keywords if each.arg == "mode"]
    # The path comes before the mode, except in a method of a path.
    place = 1 if isinstance(call.func, ast.Name) or ast.unparse(call.func).startswith("os.") else 0
    found = given or call.args[place : place + 1]
    if not found:
        return "b" if name.startswith(("Named", "Temporary")) else "r"
    return found[0].value if isinstance(found[0], ast.Constant) and isinstance(found[0].value, str) else "b"


def found(search: object) -> list[str]:
    assert callable(search)
    modules = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py"))}
    return [
        f"{path.relative_to(ROOT).as_posix()}:{line}: {what}"
        for path, tree in modules.items()
        if path != SYSTEM
        for line, what in search(tree)
    ]


def test_no_name_is_used_that_some_systems_do_not_have() -> None:
    assert found(uses) == []


def test_every_text_file_has_an_explicit_encoding_and_line_end() -> None:
    assert found(texts) == []


@pytest.mark.parametrize(
    "source",
    [
        "import fcntl", "import resource", "from os import fork", "os.geteuid()", "signal.SIGHUP", "socket.AF_UNIX",
        "loop.add_signal_handler(1, f)", "subprocess.run([], preexec_fn=f)", "select.poll()", "time.tzset()",
    ],
)  # fmt: skip
def test_a_name_that_some_systems_do_not_have_is_found(source: str) -> None:
    assert list(uses(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "open(path)", "open(path, 'w', encoding='utf-8')", "path.open('a')", "path.read_text()", "path.open()",
        "path.write_text(text, encoding='utf-8')", "subprocess.run([], text=True)", "os.fdopen(1, 'w')",
    ],
)  # fmt: skip
def test_a_text_file_that_depends_on_the_system_is_found(source: str) -> None:
    assert list(texts(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "open(path, 'rb')", "open(path, 'w', encoding='utf-8', newline='')", "path.open('ab')", "path.read_bytes()",
        "path.read_text('utf-8')", "path.open(encoding='utf-8')", "open(handle, 'wb')", "signal.SIGINT",
    ],
)  # fmt: skip
def test_names_that_all_systems_have_are_allowed(source: str) -> None:
    tree = ast.parse(source)
    assert [*texts(tree), *uses(tree)] == []


@part("project", Tier.PROOFS)
@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_types_are_correct_for_other_systems(platform: str) -> None:
    command = [sys.executable, "-m", "mypy", "--platform", platform, "--cache-dir", f".mypy_cache/{platform}", "src"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout
