import pytest

from traits_sandbox.errors import UsageError
from traits_sandbox.extras import required


def test_a_missing_extra_is_reported_with_the_command_to_install_it() -> None:
    with pytest.raises(UsageError) as refusal, required("tls", by="--tls"):
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401
    assert str(refusal.value) == "--tls needs the extra 'tls': pip install 'traits-sandbox[tls]'"


def test_an_installed_extra_raises_nothing() -> None:
    with required("tls", by="--tls"):
        import json
    assert json.dumps(1) == "1"
