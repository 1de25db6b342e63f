"""Paths of Windows: drives, backslashes, network shares and reserved names."""

import os
from contextlib import chdir
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from traits_sandbox.bulk.checking.quarantine import fits, room_below, safe
from traits_sandbox.bulk.storage.folders import identity
from traits_sandbox.bulk.storage.paths import as_key, local_path, on_disk, path_of
from traits_sandbox.bulk.storage.sources import FileSource
from traits_sandbox.cli.report_files import wanted
from traits_sandbox.errors import UsageError

PLAIN = (
    r"C:\load", "C:/load", "c:load", "C:", r".\load", r"..\load", r"\\server\share\load", "//server/share/load",
    r"\\?\C:\load", r"\load", "load", "./s3", "s3:bucket", "a b/c", "x/s3://bucket", "C://load",
)  # fmt: skip
IN_A_CLOUD = ("s3://bucket/prefix", "gs://bucket", "az://container", "https://host/x", "S3://bucket")

# A file URI, and its path on Windows and on other systems.
FILES = {
    "file:///C:/load": ("C:/load", "/C:/load"),
    "file:///c:/my%20load": ("c:/my load", "/c:/my load"),
    "file:///C|/load": ("C:/load", "/C|/load"),
    "file://localhost/C:/load": ("C:/load", "/C:/load"),
    "FILE:///C:": ("C:/", "/C:"),
    "file:/C:/load": ("C:/load", "/C:/load"),
    "file:///load/a?b#c": ("/load/a?b#c", "/load/a?b#c"),
    "file:///": ("/", "/"),
    "file:///gr%C3%B6%C3%9Fe": ("/größe", "/größe"),
}
ON_WINDOWS_ONLY = {
    r"file:///C:\load\x": "C:/load/x",
    "file://C:/load": "C:/load",
    r"file://C:\load": "C:/load",
    "file://server/share/load": "//server/share/load",
    r"file:\\server\share": "//server/share",
}


KEPT_BY_WINDOWS = (
    "con", "NUL.csv", "com1.x", "COM¹", "lpt³.csv", "aux .txt", "a:b", "a\\b", "a*", "a?", 'a"', "a<b", "end.", "end ",
)  # fmt: skip


@pytest.mark.parametrize("windows", [False, True])
def test_a_drive_or_a_share_is_a_path_and_not_a_scheme(windows: bool) -> None:
    assert [path_of(each, windows=windows) for each in PLAIN] == list(PLAIN)
    assert [path_of(each, windows=windows) for each in IN_A_CLOUD] == [None] * len(IN_A_CLOUD)


@pytest.mark.parametrize("uri", FILES)
def test_a_file_uri_is_a_path_of_this_system(uri: str) -> None:
    assert (path_of(uri, windows=True), path_of(uri, windows=False)) == FILES[uri]


@pytest.mark.parametrize("uri", ON_WINDOWS_ONLY)
def test_windows_reads_backslashes_and_shares_in_file_uris(uri: str) -> None:
    assert path_of(uri, windows=True) == ON_WINDOWS_ONLY[uri]


@pytest.mark.parametrize("uri", ["file://server/share", "file://load", "file://C:/load"])
def test_a_file_uri_of_another_machine_is_an_error(uri: str) -> None:
    with pytest.raises(UsageError, match="is on another machine"):
        path_of(uri, windows=False)


@pytest.mark.skipif(os.name == "nt", reason="there, it is another folder")
def test_a_path_with_a_drive_is_relative_on_this_system(tmp_path: Path) -> None:
    with chdir(tmp_path):
        with pytest.raises(UsageError, match=r"there is no folder C:\\load"):
            FileSource(r"C:\load")
        Path(r"C:\load").mkdir()
        assert FileSource(r"C:\load").local


def test_keys_have_slashes_on_every_system() -> None:
    assert as_key(PureWindowsPath(r"purchases\d=1\größe.csv")) == "purchases/d=1/größe.csv"
    assert as_key(PurePosixPath("purchases/a\\b.csv")) == "purchases/a\\b.csv"
    assert on_disk("purchases/größe.csv") == "purchases/größe.csv"


def test_a_name_that_is_not_text_has_a_key_that_can_be_written() -> None:
    assert as_key(PurePosixPath("purchases/\udcff.csv")) == "purchases/\ufffd.csv"


def test_folders_are_distinguished_without_inodes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    unnumbered = os.stat_result((0o40755, 0, 0, 1, 0, 0, 0, 0, 0, 0))
    assert identity(str(tmp_path / "a"), unnumbered) != identity(str(tmp_path / "b"), unnumbered)
    assert identity(str(tmp_path / "a"), unnumbered) == identity(str(tmp_path / "b/../a"), unnumbered)


@pytest.mark.parametrize("name", KEPT_BY_WINDOWS)
def test_a_reserved_name_of_windows_is_not_the_name_of_a_quarantined_file(name: str) -> None:
    # ntpath knows the reserved names, except those with superscript digits.
    name_on_disk = f"{safe(name)}.bad.csv"
    assert name_on_disk != f"{name}.bad.csv"
    assert not set(name_on_disk) & set('<>:"\\|?*')
    assert name_on_disk.partition(".")[0].rstrip(" ").lower() not in {"con", "nul", "aux", "com1", "com¹", "lpt³"}


def test_a_quarantined_file_fits_into_a_path_of_windows() -> None:
    folder = r"C:\Users\somebody\bad-rows"
    room = room_below(folder, windows=True)
    longest = "/".join(["x" * 100, "y" * (room - 101)])
    assert fits(longest, room=room)
    assert len(rf"{folder}\{longest}.bad.ndjson") <= 259
    assert not fits(f"{longest}z", room=room)
    assert room_below("/x" * 300, windows=False) == 1000


@pytest.mark.skipif(os.name == "nt", reason="there, it is another folder")
def test_report_files_can_be_on_a_drive(tmp_path: Path) -> None:
    with chdir(tmp_path):
        found = wanted([r"html=C:\out\x.html,junit=D:\a,b.xml", "json=C:x"], ("html", "junit", "json"))
    assert [str(path) for _, path in found] == [r"C:\out\x.html", r"D:\a,b.xml", "C:x"]


def test_all_spellings_of_a_folder_have_the_same_name(tmp_path: Path) -> None:
    spellings = (str(tmp_path), f"{tmp_path}/", tmp_path.as_uri(), f"file://localhost{tmp_path.as_posix()}")
    assert {FileSource(each).name for each in spellings} == {tmp_path.resolve().as_posix()}
    assert local_path(tmp_path.as_uri()) == tmp_path
