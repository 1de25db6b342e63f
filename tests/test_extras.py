import pytest

from traits_sandbox.errors import UsageError
from traits_sandbox.extras import required


def test_a_missing_extra_is_one_sentence_with_the_command_to_run() -> None:
    with pytest.raises(UsageError) as refusal, required("tls", by="--tls"):
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401
    assert str(refusal.value) == "--tls needs the extra 'tls': pip install 'traits-sandbox[tls]'"


def test_an_extra_that_is_there_says_nothing() -> None:
    with required("tls", by="--tls"):
        import json
    assert json.dumps(1) == "1"
