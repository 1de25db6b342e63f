"""The options of a storage client: from the URI, the command line, and the usual variables and files of its cloud.

obstore reads most variables of each cloud itself. This module adds those that it does not know, and checks what would
otherwise fail without a reason.
"""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Final
from urllib.parse import urlsplit

from traits_sandbox.bulk.storage.aws_profiles import profile_options
from traits_sandbox.bulk.storage.azure_accounts import account_options
from traits_sandbox.bulk.storage.google_logins import login_options
from traits_sandbox.bulk.storage.protocol import Access
from traits_sandbox.errors import UsageError
from traits_sandbox.settings.storage_uris import CloudName, Location

Environment = Mapping[str, str]
_FromCloud = Callable[[Location, dict[str, str], Environment], dict[str, str]]

# What each cloud's own names of options begin with, and other names of the same options.
_PREFIXES: Final = {"s3": ("aws_",), "gs": ("google_",), "az": ("azure_storage_", "azure_")}
_ALIASES: Final = {
    "endpoint_url": "endpoint",
    "endpoint_url_s3": "endpoint",
    "token": "session_token",
    "default_region": "region",
    "access_key": "account_key",
    "master_key": "account_key",
    "sas_token": "sas_key",
    "service_account_path": "service_account",
}
_FROM_CLOUD: Final[dict[CloudName, _FromCloud]] = {
    "s3": profile_options,
    "gs": login_options,
    "az": account_options,
}
# The option of each client with the URL of another server, and the variables from which obstore reads it.
_ENDPOINTS: Final[dict[CloudName, tuple[str, tuple[str, ...]]]] = {
    "s3": ("endpoint", ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")),
    "gs": ("base_url", ("GOOGLE_BASE_URL",)),
    "az": ("endpoint", ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT")),
}
_OVERRIDING: Final = "AWS_ENDPOINT_URL_S3"
_VARIABLES: Final = ("AWS_", "AZURE_", "GOOGLE_")


def client_options(location: Location, access: Access, environment: Environment) -> dict[str, str]:
    """Return the options of obstore for a place in a cloud; what is given explicitly comes first.

    Raises:
        UsageError: a variable or a file of the cloud is not valid, or needs what is not supported.

    """
    given = {_usual_name(name, location.cloud): value for name, value in access.options.items()}
    endpoint, variables = _ENDPOINTS[location.cloud]
    if access.endpoint:
        given[endpoint] = access.endpoint
    found = _FROM_CLOUD[location.cloud](location, given, environment)
    options = {**found, **_of_uri(location), **given}
    for url in (options.get(endpoint), *(environment.get(name) for name in variables)):
        _check_endpoint(url)
    if endpoint in given and environment.get(_OVERRIDING):  # obstore would prefer the variable
        options[_OVERRIDING.lower()] = options[endpoint]
    return options


def unset_empty(environment: MutableMapping[str, str]) -> None:
    """Unset the empty variables of the clouds: for their tools they do not exist, but obstore takes them as values."""
    for name in [name for name, value in environment.items() if not value and name.startswith(_VARIABLES)]:
        del environment[name]


def _usual_name(name: str, cloud: CloudName) -> str:
    """Return the shortest name of an option; the client refuses names that it does not know."""
    short = name.lower()
    for prefix in _PREFIXES[cloud]:
        short = short.removeprefix(prefix)
    if cloud == "az" and short == "token":  # a bearer token
        return short
    return _ALIASES.get(short, short)


def _of_uri(location: Location) -> dict[str, str]:
    named = {"account_name": location.account, "endpoint": location.endpoint, "region": location.region}
    return {name: value for name, value in named.items() if value}


def _check_endpoint(url: str | None) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or "@" in parts.netloc:  # The URL is not shown: it may have a secret.
        raise UsageError("the endpoint of a storage must be a URL without a login, such as http://127.0.0.1:9000")
