"""The login of Google Cloud Storage: the variables and files of Google's tools that obstore does not know."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson

from traits_sandbox.errors import UsageError
from traits_sandbox.settings.storage_uris import Location

_EMULATOR: Final = "STORAGE_EMULATOR_HOST"
_ACCESS: Final = "CLOUDSDK_AUTH_ACCESS_TOKEN"
_FOLDER: Final = "CLOUDSDK_CONFIG"
_FILE: Final = "GOOGLE_APPLICATION_CREDENTIALS"
_LOGIN_FILE: Final = "application_default_credentials.json"
_LOGINS: Final = {
    "service_account",
    "service_account_key",
    "application_credentials",
    "bearer_token",
    "skip_signature",
}
_LOGIN_VARIABLES: Final = (
    _FILE,
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "GOOGLE_BEARER_TOKEN",
    "GOOGLE_SKIP_SIGNATURE",
)
_UNSUPPORTED: Final = (
    "external_account",
    "external_account_authorized_user",
    "impersonated_service_account",
    "gdch_service_account",
)


def login_options(_: Location, given: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return what variables and files of Google add to the given options.

    Raises:
        UsageError: the file with the login has a type that is not supported.

    """
    found: dict[str, str] = {}
    logged_in = bool(_LOGINS & given.keys()) or any(map(environment.get, _LOGIN_VARIABLES))
    if (host := environment.get(_EMULATOR)) and "base_url" not in given:
        found["base_url"] = (host if "://" in host else f"http://{host}").rstrip("/")
        return found if logged_in else {**found, "skip_signature": "true"}
    if not logged_in and (token := environment.get(_ACCESS)):
        return {"bearer_token": token}
    path = Path(environment.get(_FOLDER) or "", _LOGIN_FILE)
    if not logged_in and environment.get(_FOLDER) and path.is_file():
        found["application_credentials"] = str(path)
    if named := given.get("application_credentials") or found.get("application_credentials") or environment.get(_FILE):
        _check_type(Path(named))
    return found


def _check_type(path: Path) -> None:
    """Check the type of a login; whatever else is wrong with the file, the client finds out."""
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return
    kind = content.get("type") if isinstance(content, dict) else None
    if kind in _UNSUPPORTED:
        raise UsageError(
            f"{path} has a login of the type {kind}, which is not supported: set {_ACCESS} to the output of "
            "`gcloud auth print-access-token`"
        )
