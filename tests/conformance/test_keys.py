"""The key, its near misses, and the mask."""

import base64
import html
import json
import subprocess
from urllib.parse import quote

import pytest

from traits_sandbox.conformance.http.keys import VARIABLE, as_shell, marked, marker, reveal
from traits_sandbox.reporting.masking import Masker

KEY = "tsc-canary-Zk3/9+q=_<key>&\"x'"
VARIANTS = ["", "headless", "longer", "swapped", "first", "basic"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_shell_makes_the_same_of_the_variable_as_the_kit_makes_of_the_key(variant: str) -> None:
    text = f"Bearer {marker(variant)}"
    told = subprocess.run(
        ["sh", "-c", f'printf %s "{as_shell(text)}"'], env={VARIABLE: KEY, "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert told == reveal(text, KEY)
    assert marked(text)


@pytest.mark.parametrize("variant", VARIANTS[1:])
@pytest.mark.parametrize("key", [KEY, "sandbox-key", "sandbox-key/name", "aaaaaaaa"])
def test_a_near_miss_is_another_text_than_the_key(variant: str, key: str) -> None:
    assert reveal(marker(variant), key) != key


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
@pytest.mark.parametrize(
    "spelled",
    [
        str,
        quote,
        lambda text: quote(text, safe=""),
        html.escape,
        lambda text: json.dumps(text)[1:-1],
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
        lambda text: base64.b64encode(f"{text}:".encode()).decode().rstrip("="),
        lambda text: base64.b64encode(f"Authorization: Bearer {text}\r\n".encode()).decode(),
    ],
)
def test_the_key_is_hidden_however_it_is_spelled(before: str, spelled: object) -> None:
    assert callable(spelled)
    text = f"x {spelled(before + KEY)} y"
    masker = Masker([KEY])
    hidden = masker(text)
    assert hidden != text
    assert masker.data(text.encode()) == hidden.encode()
    assert masker.shows(text.encode())
    assert not masker.shows(hidden.encode())


def test_what_is_not_the_key_stays() -> None:
    assert Masker([KEY])("a perfectly ordinary reply, key excluded") == "a perfectly ordinary reply, key excluded"
