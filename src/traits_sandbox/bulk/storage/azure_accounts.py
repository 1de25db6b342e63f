"""The account of Azure: from a connection string, or from the variables of Azure's command line."""

from collections.abc import Mapping
from typing import Final

from traits_sandbox.errors import UsageError
from traits_sandbox.settings.storage_uris import Location

_CONNECTION: Final = "connection_string"
_CONNECTION_VARIABLE: Final = "AZURE_STORAGE_CONNECTION_STRING"
# The variables of Azure's command line that obstore does not know, with its own variables for the same.
_VARIABLES: Final = {
    "account_name": ("AZURE_STORAGE_ACCOUNT", ("AZURE_STORAGE_ACCOUNT_NAME",)),
    "account_key": (
        "AZURE_STORAGE_KEY",
        ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_MASTER_KEY"),
    ),
}
_LOGINS: Final = {"account_key", "sas_key", "token", "client_secret", "skip_signature", "use_emulator"}
# Azurite, the emulator, has the same account on every machine.
_EMULATOR: Final = {
    "account_name": "devstoreaccount1",
    "account_key": "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
    "endpoint": "http://127.0.0.1:10000/devstoreaccount1",
}


def account_options(location: Location, given: dict[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a connection string or variables add to the given options, from which the string is removed.

    Raises:
        UsageError: the connection string is not valid, or is for another account than the URI.

    """
    explicit = given.pop(_CONNECTION, "")
    connection = explicit or ("" if _LOGINS & given.keys() else environment.get(_CONNECTION_VARIABLE, ""))
    if connection:
        return _checked(_of_connection(connection), location, given)
    found = {
        option: value
        for option, (variable, others) in _VARIABLES.items()
        if (value := environment.get(variable)) and not any(map(environment.get, others))
    }
    if "account_key" in found and _LOGINS & given.keys():
        del found["account_key"]
    return found


def _of_connection(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.strip().strip(";").split(";"))
    values = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if values.get("usedevelopmentstorage", "").lower() == "true":
        return dict(_EMULATOR)
    account, endpoint = values.get("accountname", ""), values.get("blobendpoint", "")
    if not account and endpoint:
        account = endpoint.partition("://")[2].partition(".")[0]
    if not account or not (values.get("accountkey") or values.get("sharedaccesssignature")):
        raise UsageError(
            "the connection string of Azure must have AccountName, or BlobEndpoint, and AccountKey or "
            "SharedAccessSignature"
        )
    named = {
        "account_name": account,
        "account_key": values.get("accountkey", ""),
        "sas_key": values.get("sharedaccesssignature", "").removeprefix("?"),
        "endpoint": endpoint.rstrip("/") or _endpoint(account, values),
    }
    return {name: value for name, value in named.items() if value}


def _endpoint(account: str, values: Mapping[str, str]) -> str:
    suffix, protocol = values.get("endpointsuffix", ""), values.get("defaultendpointsprotocol", "https")
    return f"{protocol}://{account}.blob.{suffix}" if suffix else ""


def _checked(found: dict[str, str], location: Location, given: Mapping[str, str]) -> dict[str, str]:
    wanted = location.account or given.get("account_name", "")
    if wanted and wanted != found["account_name"]:
        raise UsageError(f"the connection string of Azure is for another account than {wanted}")
    return found
