"""Text is written in a thread: a stream that nobody reads stops nothing, and what is lost is counted."""

import io
import os
import re
import threading
from pathlib import Path

import pytest

from tests.patience import eventually
from traits_sandbox.reporting.writer import MOST_WAITING, LineWriter

LINE = "x" * 99 + "\n"
MANY = 3 * MOST_WAITING // len(LINE)


def test_every_line_arrives_in_order(tmp_path: Path) -> None:
    lines = [f"{number} é\n" for number in range(1000)]
    with (tmp_path / "log").open("w", encoding="utf-8") as file, LineWriter(file) as writer:
        for line in lines:
            writer.write(line)
    assert (tmp_path / "log").read_text(encoding="utf-8") == "".join(lines)


def test_a_stream_of_another_kind_gets_its_lines_too() -> None:
    stream = io.StringIO()
    with LineWriter(stream) as writer:
        writer.write("a\n")
        writer.write("b\n")
    assert stream.getvalue() == "a\nb\n"
    assert not writer.isatty()


def test_lines_that_find_no_room_are_dropped_and_counted() -> None:
    reading, writing = os.pipe()
    reader, pipe = os.fdopen(reading, encoding="utf-8"), os.fdopen(writing, "w", encoding="utf-8")
    with reader, pipe, LineWriter(pipe) as writer:
        for _ in range(MANY):  # nobody reads, but no write waits
            writer.write(LINE)
        arrived = 0
        for line in reader:
            if line != LINE:
                break
            arrived += 1
    dropped = re.fullmatch(r"(\d+) log entries were dropped here, because .*\n", line)
    assert dropped
    assert arrived + int(dropped[1]) == MANY
    assert int(dropped[1]) > 0


def test_a_pipe_that_another_program_made_non_blocking_loses_nothing() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    reader, pipe = os.fdopen(reading, encoding="utf-8"), os.fdopen(writing, "w", encoding="utf-8")
    with reader, pipe, LineWriter(pipe) as writer:
        for _ in range(3000):
            writer.write(LINE)
        assert [reader.readline() for _ in range(3000)] == [LINE] * 3000


def test_nothing_is_left_after_a_reader_is_gone() -> None:
    lost: list[str] = []
    reading, writing = os.pipe()
    os.close(reading)
    with (
        os.fdopen(writing, "w", encoding="utf-8") as pipe,
        LineWriter(pipe, lambda _, text: lost.append(text)) as writer,
    ):
        writer.write("READY\n")
        eventually(lambda: lost)
        writer.write("more\n")
    assert lost == ["READY\n"]
    assert "traits-sandbox-writer" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_is_reported_each_time_and_stops_nothing() -> None:
    lost: list[OSError] = []
    full = os.fdopen(os.open("/dev/full", os.O_WRONLY), "w")
    with full, LineWriter(full, lambda error, _: lost.append(error)) as writer:
        writer.write("a\n")
        eventually(lambda: lost)
        before = len(lost)
        writer.write("b\n")
        eventually(lambda: len(lost) > before)
    assert {error.strerror for error in lost} == {"No space left on device"}


def test_a_stream_that_is_closed_within_the_program_stops_nothing() -> None:
    stream = io.StringIO()
    with LineWriter(stream) as writer:
        stream.close()
        writer.write("a\n")
    writer.write("after the end\n")
