"""Every spelling of a storage URI names its place, or one sentence says what to write instead."""

import tomllib
from pathlib import Path

import pytest

from tests.clouds.servers import SECRET
from traits_sandbox.bulk.storage.sources import Access, FileSource
from traits_sandbox.errors import UsageError
from traits_sandbox.settings.storage_locations import location_of
from traits_sandbox.settings.storage_uris import INSTEAD, SCHEMES

URIS = tomllib.loads(Path(__file__).with_name("storage_uris.toml").read_text(encoding="utf-8"))["uris"]
READ = [each for each in URIS if "name" in each]
REFUSED = [each for each in URIS if "message" in each]
OPTIONS = {"s3": {}, "gs": {"skip_signature": "true"}, "az": {"account_name": "other", "skip_signature": "true"}}


@pytest.mark.parametrize("entry", READ, ids=lambda entry: entry["uri"])
def test_a_spelling_names_its_place(entry: dict[str, str]) -> None:
    location = location_of(entry["uri"])
    for name in ("account", "endpoint", "region"):
        assert getattr(location, name) == entry.get(name, "")
    options = dict(OPTIONS[location.cloud])
    if location.account:
        del options["account_name"]
    assert FileSource(entry["uri"], Access(options=options)).name == entry["name"]
    assert location_of(location.name).name == entry["name"]


@pytest.mark.parametrize("entry", REFUSED, ids=lambda entry: entry["uri"])
def test_a_refused_uri_has_a_sentence(entry: dict[str, str]) -> None:
    with pytest.raises(UsageError) as raised:
        FileSource(entry["uri"].replace("{secret}", SECRET))
    assert entry["message"] in str(raised.value)
    assert SECRET not in str(raised.value)


def test_every_scheme_is_in_the_list() -> None:
    schemes = {entry["uri"].partition(":")[0].lower() for entry in URIS}
    assert set(SCHEMES) <= schemes
    for scheme, sentence in INSTEAD.items():
        if scheme != "https":
            with pytest.raises(UsageError, match=sentence[:20]):
                FileSource(f"{scheme}://host/a")
