import random
from pathlib import Path

from tests.bulk.loading import checked, every_notice, purchase, put
from traits_sandbox.bulk.checking.notices import about_file
from traits_sandbox.bulk.checking.sketch import SIZE, Sketch, share, unpacked
from traits_sandbox.bulk.values import UNLISTED, FileReport, LoadReport

FIRST, SECOND = "purchases/purchases_1600089751.ndjson", "purchases/purchases_1600089777.ndjson"


def kinds(report: LoadReport) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for notice in every_notice(report):
        found.setdefault(notice.kind, []).append(notice.key)
    return found


def kinds_of(root: Path, files: dict[str, list[object]]) -> dict[str, list[str]]:
    for key, rows in files.items():
        put(root, key, rows)
    return kinds(checked(root))


def purchases(*numbers: int) -> list[object]:
    return [purchase(number) for number in range(*numbers)]


def test_an_incremental_load_has_no_notice(tmp_path: Path) -> None:
    assert kinds_of(tmp_path, {FIRST: purchases(0, 300), SECOND: purchases(300, 600)}) == {}


def test_a_load_that_holds_an_earlier_one_looks_like_a_full_one(tmp_path: Path) -> None:
    assert kinds_of(tmp_path, {FIRST: purchases(0, 300), SECOND: purchases(0, 600)}) == {"full-load": [SECOND]}


def test_the_order_of_the_rows_does_not_hide_a_full_load(tmp_path: Path) -> None:
    mixed = purchases(0, 5000)
    random.Random(1).shuffle(mixed)
    assert kinds_of(tmp_path, {FIRST: purchases(0, 3000), SECOND: mixed}) == {"full-load": [SECOND]}


def test_nearly_all_rows_are_enough_and_half_of_them_are_not(tmp_path: Path) -> None:
    assert kinds_of(tmp_path / "most", {FIRST: purchases(0, 1000), SECOND: purchases(20, 2000)}) == {
        "full-load": [SECOND]
    }
    assert kinds_of(tmp_path / "half", {FIRST: purchases(0, 1000), SECOND: purchases(500, 2000)}) == {}


def test_a_few_repeated_rows_are_not_a_notice(tmp_path: Path) -> None:
    assert kinds_of(tmp_path, {FIRST: purchases(0, 99), SECOND: purchases(0, 600)}) == {}


def test_a_partition_is_one_load_however_many_files_it_has(tmp_path: Path) -> None:
    day = "purchases/date=16000000{}/load_id=x/part-{}.ndjson"
    files = {
        day.format(1, 0): purchases(0, 200),
        day.format(1, 1): purchases(200, 400),
        day.format(2, 0): purchases(100, 500),
        day.format(2, 1): purchases(0, 100),
        day.format(3, 0): purchases(500, 900),
    }
    assert kinds_of(tmp_path, files) == {"full-load": ["purchases/date=160000002/load_id=x/"]}


def test_each_full_load_is_reported_once_with_the_nearest_load_in_it(tmp_path: Path) -> None:
    files = {f"purchases/d=1/p=2/x_{day}.ndjson": purchases(0, 1) for day in range(2)}
    flat = {f"purchases/p_160008975{day}.ndjson": purchases(0, 200 + 100 * day) for day in range(4)}
    for key, rows in (files | flat).items():
        put(tmp_path, key, rows)
    told = [notice for notice in checked(tmp_path).notices if notice.kind == "full-load"]
    assert [(notice.key[-8], notice.message.split("p_160008975")[1][0]) for notice in told] == [
        ("1", "0"),
        ("2", "1"),
        ("3", "2"),
    ]


def test_a_folder_that_cannot_be_listed_needs_no_timestamp() -> None:
    folder = FileReport(key="purchases/x", folder="purchases", format="ndjson", size=0, error="x", error_kind=UNLISTED)
    assert list(about_file(folder)) == []


def test_the_same_content_is_reported_across_roots_too(tmp_path: Path) -> None:
    for root in ("one", "two"):
        put(tmp_path / root, FIRST, purchases(0, 2))
    (notice,) = [each for each in checked(tmp_path / "one", tmp_path / "two").notices if each.kind == "same-content"]
    assert (notice.root, notice.key) == (str(tmp_path / "two"), FIRST)
    assert f"as {tmp_path}/one/{FIRST};" in notice.message


def test_a_root_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    put(tmp_path, FIRST, purchases(0, 2))
    report = checked(tmp_path, tmp_path / "purchases" / "..", tmp_path)
    assert (report.uris, len(report.files)) == ((str(tmp_path),), 1)


def test_the_same_content_is_reported_only_as_that(tmp_path: Path) -> None:
    assert kinds_of(tmp_path, {FIRST: purchases(0, 300), SECOND: purchases(0, 300)}) == {"same-content": [SECOND]}


def test_a_thousand_equal_loads_are_reported_once_each(tmp_path: Path) -> None:
    for number in range(1000):
        put(tmp_path, f"purchases/p_{1600000000 + number}.ndjson", purchases(0, 100 + number % 7))
    told = kinds(checked(tmp_path))
    assert len(told["full-load"]) + len(told["same-content"]) <= 1000


def test_a_sketch_is_the_same_however_the_rows_are_parted_and_ordered() -> None:
    rows = [f"row {number}".encode() for number in range(10_000)]
    whole = Sketch()
    whole.add_texts(rows)
    chance = random.Random(7)
    for parts in (2, 3, 17):
        chance.shuffle(rows)
        sketches = [Sketch() for _ in range(parts)]
        for row in rows + rows[:500]:
            chance.choice(sketches).add_texts([row])
        assert unpacked(*(sketch.packed for sketch in sketches)) == unpacked(whole.packed)


def test_a_sketch_estimates_which_share_of_rows_another_file_has() -> None:
    def sketch(*numbers: int) -> frozenset[int]:
        made = Sketch()
        made.add_texts([f'{{"user_id": "{number}"}}'.encode() for number in range(*numbers)])
        return unpacked(made.packed)

    assert share(sketch(0, 50), sketch(0, 90)) == (50, 50)
    assert share(sketch(0, 50_000), sketch(50_000, 90_000))[0] == 0
    found, comparable = share(sketch(0, 50_000), sketch(0, 100_000))
    assert found == comparable
    assert SIZE / 4 < comparable < SIZE
    found, comparable = share(sketch(0, 50_000), sketch(25_000, 100_000))
    assert 0.3 < found / comparable < 0.7


def test_names_and_places_have_their_notices(tmp_path: Path) -> None:
    files: dict[str, list[object]] = {
        "purchases/flat.ndjson": purchases(0, 1),
        "purchases/d=opaque value/x.ndjson": purchases(1, 2),
        "purchases/d=/x.ndjson": purchases(2, 3),
        "purchases/empty_1600089777.ndjson": [],
        "purchases/notes.txt": [],
        "stuff/x.ndjson": [],
        "top.ndjson": [],
        "purchases/_SUCCESS": [],
        "purchases/.hidden/x.ndjson": [],
        "_temporary/x.ndjson": [],
    }
    assert kinds_of(tmp_path, files) == {
        "untimed-name": ["purchases/flat.ndjson"],
        "empty-file": ["purchases/empty_1600089777.ndjson"],
        "unknown-suffix": ["purchases/notes.txt"],
        "unknown-folder": ["stuff/x.ndjson", "top.ndjson"],
    }


def test_unknown_fields_are_counted(tmp_path: Path) -> None:
    rows = [purchase(1), purchase(2, colour="red"), purchase(3, colour="red"), purchase(4, shade=1)]
    put(tmp_path, FIRST, rows)
    report = checked(tmp_path)
    assert report.good
    assert [notice.message for notice in report.files[0].notices] == [
        "colour is not a field of this category (2 rows)",
        "shade is not a field of this category (1 row)",
    ]


def test_notices_never_fail_a_check(tmp_path: Path) -> None:
    put(tmp_path, "purchases/flat.ndjson", purchases(0, 1))
    report = checked(tmp_path)
    assert every_notice(report)
    assert report.exit_code == 0
