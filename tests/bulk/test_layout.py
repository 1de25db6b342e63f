import pytest

from tests.bulk.loading import CONTRACT
from traits_sandbox.bulk.storage.layout import FolderLayout, untimed
from traits_sandbox.bulk.values import FilePlace, Notice

LAYOUT = FolderLayout(CONTRACT)


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("logins/1600089751.ndjson", FilePlace(folder="logins", format="ndjson")),
        ("logins/a/b/c.jsonl", FilePlace(folder="logins", format="ndjson")),
        ("kpis/x.JSON", FilePlace(folder="kpis", format="ndjson")),
        ("items/x.csv.gz", FilePlace(folder="items", format="csv", compression="gz")),
        ("items/x.ndjson.zst", FilePlace(folder="items", format="ndjson", compression="zst")),
        ("items/x.parquet", FilePlace(folder="items", format="parquet")),
        (
            "purchases/date=16000000000/load_id=fgdhb4gwv34t/purchases.csv",
            FilePlace(folder="purchases", format="csv", partitions=("date=16000000000", "load_id=fgdhb4gwv34t")),
        ),
        ("purchases/logins/x.csv", FilePlace(folder="purchases", format="csv")),
    ],
)
def test_a_path_gives_category_format_and_partitions(key: str, place: FilePlace) -> None:
    assert LAYOUT.read(key) == place


@pytest.mark.parametrize("folder", [category.folder for category in CONTRACT.categories])
def test_every_folder_of_the_contract_is_known(folder: str) -> None:
    assert isinstance(LAYOUT.read(f"{folder}/x.csv"), FilePlace)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("x.ndjson", "unknown-folder"),
        ("Logins/x.ndjson", "unknown-folder"),
        ("events/logins/x.ndjson", "unknown-folder"),
        ("logins/x", "unknown-suffix"),
        ("logins/x.txt", "unknown-suffix"),
        ("logins/x.ndjson.bz2", "unknown-suffix"),
        ("logins/x.parquet.gz", "unknown-suffix"),
        ("logins/x.gz", "unknown-suffix"),
        ("logins/../items/x.csv", "unfit-key"),
        ("logins/x\n.csv", "unfit-key"),
        ("logins/\x1b[31m/x.csv", "unfit-key"),
    ],
)
def test_a_path_that_does_not_fit_the_layout_is_a_notice(key: str, kind: str) -> None:
    notice = LAYOUT.read(key)
    assert isinstance(notice, Notice)
    assert (notice.kind, notice.key) == (kind, key)


@pytest.mark.parametrize("key", ["logins/_SUCCESS", "logins/.x.csv", "logins/_temporary/x.csv", "_logs/x.csv", "a/"])
def test_hidden_names_are_skipped(key: str) -> None:
    assert LAYOUT.read(key) is None


@pytest.mark.parametrize(
    "name",
    [
        "purchases_1600089751.csv",
        "1600089751000.csv",
        "load-2020-09-15.csv",
        "20200915T1022.csv",
        "0186b4c0-9a1b-7cde-8f00-0123456789ab.csv",
        "c232ab00-9414-11ec-b909-0242ac120002.csv",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV.csv",
    ],
)
def test_a_name_with_a_time_is_as_it_should_be(name: str) -> None:
    assert untimed(f"purchases/{name}") is None


@pytest.mark.parametrize("name", ["purchases.csv", "part-00001.csv", "b4c0a1b2-9a1b-4cde-8f00-a1b2c3d4e5f6.csv"])
def test_a_flat_name_without_a_time_is_a_notice(name: str) -> None:
    notice = untimed(f"purchases/{name}")
    assert notice is not None
    assert notice.kind == "untimed-name"


def test_names_below_folders_need_no_time() -> None:
    assert untimed("purchases/date=1/purchases.csv") is None
