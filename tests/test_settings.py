import dataclasses
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from traits_sandbox.errors import UsageError
from traits_sandbox.settings import SETTINGS, Settings, options

MIB = 1024**2


def chosen(*arguments: str, **environment: str) -> Settings:
    """Return the settings of a command line and an environment."""
    seen: list[Settings] = []

    @click.command()
    @options
    def command(settings: Settings) -> None:
        seen.append(settings)

    variables = {setting.variable: None for setting in SETTINGS}
    result = CliRunner().invoke(command, arguments, env={**variables, **environment}, catch_exceptions=False)
    if result.exit_code:
        raise UsageError(result.output)
    return seen[0]


def test_the_table_and_the_dataclass_have_the_same_names_in_the_same_order() -> None:
    assert [field.name for field in dataclasses.fields(Settings)] == [setting.name for setting in SETTINGS]


def test_without_options_the_settings_have_their_defaults() -> None:
    settings = chosen()
    assert settings == Settings()
    assert (settings.host, settings.port, settings.api_key) == ("127.0.0.1", 8012, ("sandbox-key",))
    assert settings.max_memory == 512 * MIB


def test_every_option_can_come_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "pem").touch()
    settings = chosen(
        *("--host", "::1", "--port", "0", "--api-key", "one", "--api-key", "two", "--seed", "-7", "--personas", "100"),
        *("--max-memory", "1GiB", "--ready-file", str(tmp_path / "ready"), "--log-format", "json"),
        *("--allow-host", "API.example.test", "--allow-host", "10.0.2.2", "--grace", "0.5", "--contract", "elsewhere"),
        *("--tls-cert", str(tmp_path / "pem"), "--tls-key", str(tmp_path / "pem")),
    )
    assert settings == Settings(
        host="::1",
        port=0,
        api_key=("one", "two"),
        seed=-7,
        personas=100,
        max_memory=1024 * MIB,
        ready_file=tmp_path / "ready",
        log_format="json",
        allow_host=("api.example.test", "10.0.2.2"),
        grace=0.5,
        contract="elsewhere",
        tls_cert=tmp_path / "pem",
        tls_key=tmp_path / "pem",
    )
    assert settings.secure


def test_every_option_can_come_from_the_environment() -> None:
    settings = chosen(
        TRAITS_SANDBOX_HOST="localhost",
        TRAITS_SANDBOX_PORT="9000",
        TRAITS_SANDBOX_API_KEY="one two",
        TRAITS_SANDBOX_SEED="3",
        TRAITS_SANDBOX_PERSONAS="2",
        TRAITS_SANDBOX_MAX_MEMORY="64MiB",
        TRAITS_SANDBOX_READY_FILE="ready",
        TRAITS_SANDBOX_LOG_FORMAT="none",
        TRAITS_SANDBOX_ALLOW_HOST="a.test b.test",
        TRAITS_SANDBOX_TLS="1",
        TRAITS_SANDBOX_GRACE="0",
        TRAITS_SANDBOX_CONTRACT="elsewhere",
    )
    assert settings == Settings(
        host="localhost",
        port=9000,
        api_key=("one", "two"),
        seed=3,
        personas=2,
        max_memory=64 * MIB,
        ready_file=Path("ready"),
        log_format="none",
        allow_host=("a.test", "b.test"),
        tls=True,
        grace=0.0,
        contract="elsewhere",
    )


def test_the_command_line_overrides_the_environment_and_an_empty_variable_is_ignored() -> None:
    assert chosen("--port", "1", TRAITS_SANDBOX_PORT="2").port == 1
    assert chosen(TRAITS_SANDBOX_PORT="", TRAITS_SANDBOX_API_KEY="", TRAITS_SANDBOX_TLS="") == Settings()


@pytest.mark.parametrize(("text", "size"), [("1", 1), ("2KiB", 2048), ("512MiB", 512 * MIB), ("1 GiB", 1024 * MIB)])
def test_a_size_is_in_bytes_or_has_a_binary_unit(text: str, size: int) -> None:
    assert chosen("--max-memory", text).max_memory == size


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "65536"], "'--port'"),
        (["--port", "http"], "'--port'"),
        (["--personas", "0"], "'--personas'"),
        (["--personas", "101"], "'--personas'"),
        (["--max-memory", "512MB"], "A size is"),
        (["--max-memory", "0"], "A size is"),
        (["--max-memory", "-1"], "A size is"),
        (["--grace", "nan"], "number of seconds"),
        (["--grace", "-1"], "number of seconds"),
        (["--log-format", "xml"], "'--log-format'"),
        (["--api-key", ""], "An API key"),
        (["--api-key", "two words"], "An API key"),
        (["--api-key", "key/name"], "An API key"),
        (["--api-key", "schlüssel"], "An API key"),
        (["--api-key", "one", "--api-key", "one"], "given twice"),
        (["--allow-host", "example.test:80"], "not a host name"),
        (["--allow-host", "http://example.test"], "not a host name"),
        (["--host", ""], "not a host name"),
        (["--tls", "--tls-cert", __file__, "--tls-key", __file__], "--tls generates its own"),
        (["--tls-cert", __file__], "must be used together"),
        (["--tls-key", __file__], "must be used together"),
        (["--tls-cert", "missing.pem", "--tls-key", __file__], "there is no file missing.pem"),
    ],
)
def test_a_bad_value_is_reported_in_one_sentence(arguments: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        chosen(*arguments)


def test_the_message_about_a_bad_key_does_not_contain_it() -> None:
    with pytest.raises(UsageError) as raised:
        chosen("--api-key", "very/secret")
    assert "very" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": -1},
        {"personas": 0},
        {"api_key": ()},
        {"api_key": ("a b",)},
        {"max_memory": 0},
        {"log_format": "xml"},
        {"tls_cert": Path(__file__)},
    ],
)
def test_settings_made_in_python_follow_the_same_rules(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        dataclasses.replace(Settings(), **wrong)  # type: ignore[arg-type]


def test_a_command_can_have_other_options_too() -> None:
    @click.command()
    @click.argument("name")
    @options
    def command(name: str, settings: Settings) -> None:
        click.echo(f"{name} {settings.port}")

    assert CliRunner().invoke(command, ["me", "--port", "5"]).output == "me 5\n"


def test_the_help_lists_every_variable_and_default() -> None:
    @click.command()
    @options
    def command(settings: Settings) -> None: ...

    help_text = " ".join(CliRunner().invoke(command, ["--help"], terminal_width=200).output.split())
    for setting in SETTINGS:
        assert setting.option in help_text
        assert setting.variable in help_text
        assert f"default: {setting.shown_default}" in help_text or not setting.shown_default
