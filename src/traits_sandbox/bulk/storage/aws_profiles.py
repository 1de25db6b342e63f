"""The profile of Amazon's command line: keys, region and endpoint from its two files in `~/.aws`.

obstore knows Amazon's variables, but not its files.
"""

from collections.abc import Mapping
from configparser import Error, RawConfigParser
from pathlib import Path
from typing import Final

from traits_sandbox.errors import UsageError
from traits_sandbox.settings.storage_uris import Location

_DEFAULT: Final = "default"
# What a profile can have in place of keys.
_UNSUPPORTED: Final = (
    "source_profile",
    "credential_source",
    "credential_process",
    "sso_session",
    "sso_start_url",
    "login_session",
    "mfa_serial",
)
_KEYS: Final = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
}
_TOKEN_FILE: Final = {
    "web_identity_token_file": "web_identity_token_file",
    "role_arn": "role_arn",
    "role_session_name": "role_session_name",
}
# Options and variables that say how to log in, so that no profile is needed. The variables are obstore's to read.
_LOGINS: Final = {"access_key_id", "secret_access_key", "skip_signature", "web_identity_token_file"}
_LOGIN_VARIABLES: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SKIP_SIGNATURE")
_WEB_IDENTITY: Final = "AWS_WEB_IDENTITY_TOKEN_FILE"


def profile_options(_: Location, given: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the profile adds to the given options and the environment.

    Raises:
        UsageError: there is no such profile, a file cannot be read, or the profile needs what is not supported.

    """
    wanted = environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or ""
    logged_in = bool(_LOGINS & given.keys()) or any(map(environment.get, _LOGIN_VARIABLES))
    try:
        profile, services = _profile(wanted or _DEFAULT, environment)
    except UsageError:
        if logged_in:  # A broken file does not matter then.
            return {}
        raise
    if profile is None:
        if wanted and not logged_in:
            raise UsageError(f"there is no profile {wanted!r} in {_files(environment)}: AWS_PROFILE names it")
        return {}
    found = _place(profile, services, given, environment)
    if logged_in or (environment.get(_WEB_IDENTITY) and not wanted):
        return found
    return found | _login(profile, wanted or _DEFAULT)


def _place(
    profile: Mapping[str, str], services: Mapping[str, str], given: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the region and the endpoint of a profile, unless they are known from elsewhere."""
    found: dict[str, str] = {}
    if "region" not in given and not (environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")):
        found["region"] = profile.get("region", "")
    elsewhere = environment.get("AWS_ENDPOINT_URL") or environment.get("AWS_ENDPOINT_URL_S3")
    ignored = environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
    if "endpoint" not in given and not elsewhere and not ignored:
        found["endpoint"] = _nested(services.get("s3", "")).get("endpoint_url", "") or profile.get("endpoint_url", "")
    return {name: value for name, value in found.items() if value}


def _login(profile: Mapping[str, str], name: str) -> dict[str, str]:
    if unsupported := next((each for each in _UNSUPPORTED if each in profile), None):
        export = f"aws configure export-credentials --profile {name} --format env"
        raise UsageError(f"the profile {name!r} has {unsupported}, which is not read: run eval $({export}) first")
    wanted = _TOKEN_FILE if "web_identity_token_file" in profile else _KEYS
    return {option: profile[key] for key, option in wanted.items() if profile.get(key)}


def _profile(name: str, environment: Mapping[str, str]) -> tuple[dict[str, str] | None, dict[str, str]]:
    """Return the values of a profile from both files, and the section of services that it names."""
    credentials, config = map(_read, _paths(environment))
    sections = [config.get(name if name == _DEFAULT else f"profile {name}"), credentials.get(name)]
    if all(section is None for section in sections):
        return None, {}
    profile = {key: value for section in sections for key, value in (section or {}).items()}
    return profile, config.get(f"services {profile.get('services', '')}", {})


def _read(path: Path | None) -> dict[str, dict[str, str]]:
    parser = RawConfigParser(default_section="", strict=False)
    try:
        if path is None or not path.is_file():
            return {}
        parser.read_string(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {(error.strerror or 'unknown error').lower()}") from None
    except (Error, ValueError):
        raise UsageError(f"{path} is not a file of profiles: write [NAME] and lines with key = value") from None
    return {" ".join(name.split()): dict(parser[name]) for name in parser.sections()}


def _nested(value: str) -> dict[str, str]:
    """Return the lines `key = value` below a key."""
    pairs = (line.partition("=") for line in value.splitlines())
    return {key.strip(): text.strip() for key, equals, text in pairs if equals}


def _paths(environment: Mapping[str, str]) -> tuple[Path | None, Path | None]:
    """Return the files of credentials and of other settings; None if there is no home folder."""
    names = (("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"), ("AWS_CONFIG_FILE", "~/.aws/config"))
    credentials, config = (_expanded(environment.get(variable) or usual) for variable, usual in names)
    return credentials, config


def _expanded(path: str) -> Path | None:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return None


def _files(environment: Mapping[str, str]) -> str:
    return " or ".join(str(path) for path in _paths(environment) if path) or "any file"
