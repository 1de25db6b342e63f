"""Simulates other systems: without uvloop and process limits, with other signals and start methods of processes."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.bulk.loading import checked, purchase, put
from tests.patience import PATIENCE
from tests.portability.programs import RESOURCE_OF_MACOS, WITHOUT_RESOURCE, WITHOUT_UVLOOP, other_system
from tests.wire.served import serving
from traits_sandbox.bulk.checking.engine import ProcessEngine
from traits_sandbox.system import MOST_PROCESSES, create_private, ending_signals, existing_signals, raised, remove

PUSH = {"level_ups": [{"user_id": "1001", "level": 3}]}
# `fork` is never used, because it is not safe with threads.
METHODS = sorted({*multiprocessing.get_all_start_methods()} - {"fork"})
MANY = 2**63 - 1


def pushed(folder: Path, env: dict[str, str]) -> str:
    """Start a sandbox, push, end it by SIGTERM; return the log."""
    with serving(folder, env=env) as served, served.client() as client:
        assert client.post("/v1/level-ups", json=PUSH).status_code == 201
        # A fault that resets the connection uses the socket of the event loop.
        client.post("/_sandbox/faults", json={"reset": "before", "first": 1})
        with pytest.raises(Exception, match=r"reset|disconnected|10054"):
            client.post("/v1/level-ups", json=PUSH)
    assert not (folder / "ready.json").exists()
    return served.log


def test_without_uvloop_asyncio_serves(tmp_path: Path) -> None:
    assert "bug" not in pushed(tmp_path, other_system(tmp_path / "modules", WITHOUT_UVLOOP))


def test_a_system_without_process_limits_sets_none(tmp_path: Path) -> None:
    assert "open files" not in pushed(tmp_path, other_system(tmp_path / "modules", WITHOUT_RESOURCE))


@pytest.mark.parametrize(("most", "has"), [(122_880, 65_536), (24_576, 24_576), (10_240, 10_240)])
def test_the_largest_accepted_limit_is_set_if_the_hard_limit_is_not_accepted(most: int, has: int) -> None:
    asked: list[int] = []

    def set_soft(wanted: int) -> None:
        asked.append(wanted)
        if wanted > most:
            raise ValueError("current limit exceeds maximum limit")

    assert raised(256, MANY, set_soft) == has
    assert asked == sorted(asked, reverse=True)


def test_a_limit_is_raised_to_the_hard_limit_and_never_lowered() -> None:
    asked: list[int] = []
    assert raised(1024, 4096, asked.append) == 4096
    assert raised(4096, 4096, asked.append) == 4096
    assert raised(100_000, -1, asked.append) == 100_000
    assert raised(-1, -1, asked.append) is None
    assert asked == [4096]


def test_limits_that_cannot_be_raised_are_kept() -> None:
    def refuse(_: int) -> None:
        raise OSError(1, "Operation not permitted")

    assert raised(256, 4096, refuse) == 256


def test_serve_starts_if_the_infinite_hard_limit_is_not_accepted(tmp_path: Path) -> None:
    module = {"resource": RESOURCE_OF_MACOS.format(most=10_240)}
    log = pushed(tmp_path, other_system(tmp_path / "modules", module))
    assert (tmp_path / "modules/asked").read_text(encoding="utf-8").splitlines()[-1] == "10240 True"
    assert "open files" not in log


def test_serve_warns_if_few_files_can_be_open(tmp_path: Path) -> None:
    log = pushed(tmp_path, other_system(tmp_path / "modules", {"resource": RESOURCE_OF_MACOS.format(most=0)}))
    assert log.startswith("this system allows 256 open files, so fewer than 1000 connections are served at once\n")


def test_serve_starts_under_a_low_hard_limit(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="this system has no limits of processes")
    lowered = "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
    log = pushed(tmp_path, other_system(tmp_path / "modules", {"sitecustomize": lowered}))
    assert log.startswith("this system allows 64 open files")


def test_signals_that_a_system_does_not_have_are_ignored() -> None:
    assert existing_signals("SIGINT", "SIGNOTHING", "SIGTERM") == (signal.SIGINT, signal.SIGTERM)
    assert {each.name for each in ending_signals()} >= {"SIGINT", "SIGTERM"}
    assert ("SIGBREAK" in {each.name for each in ending_signals()}) == (os.name == "nt")


def test_a_file_that_is_open_in_another_program_is_removed_after_it_is_closed(tmp_path: Path) -> None:
    remove(tmp_path / "missing")
    file = tmp_path / "file"
    file.touch()
    opened = file.open("rb")
    closing = threading.Timer(0.2, opened.close)
    closing.start()
    remove(file)
    closing.join()
    assert not file.exists()


def test_removing_gives_up_after_its_time_limit(tmp_path: Path) -> None:
    # Unlinking a folder fails like unlinking an open file on Windows.
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        remove(tmp_path / "folder", within=0.1)


def test_a_private_file_has_every_byte(tmp_path: Path) -> None:
    content = b"a\nb\r\n\x1a\x00"
    create_private(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == content
    with pytest.raises(FileExistsError):
        create_private(tmp_path / "file", content)


def test_a_ready_file_that_cannot_be_replaced_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "ready.json").mkdir()
    command = [sys.executable, "-m", "traits_sandbox", "serve", "--port", "0", "--ready-file", "ready.json/"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (2, "", False)


def test_there_are_no_more_processes_than_windows_can_wait_for() -> None:
    assert MOST_PROCESSES == 61 if os.name == "nt" else MOST_PROCESSES > 61


@pytest.mark.parametrize("method", METHODS)
def test_the_report_does_not_depend_on_the_start_method_of_processes(method: str, tmp_path: Path) -> None:
    for number in range(4):
        put(tmp_path, f"purchases/d=1/{number}.ndjson", [purchase(row, price=row % 3) for row in range(50)])
    before = set(multiprocessing.active_children())
    assert checked(tmp_path, engine=ProcessEngine(2, method=method)).as_json() == checked(tmp_path).as_json()
    assert set(multiprocessing.active_children()) - before == set()
