"""The requests that list a bucket page by page, signed as each cloud wants it."""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from hashlib import sha256
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

import orjson

from traits_sandbox.settings.storage_uris import CloudName, Location

MARKERS: Final = ("NextContinuationToken", "NextMarker")
"""The elements of a page that name the next one."""

_AZURE_VERSION: Final = "2021-08-06"
_EMPTY: Final = sha256(b"").hexdigest()
_TRUE: Final = ("1", "true", "yes", "on")
# The variables that obstore reads itself, by the names of its options.
_VARIABLES: Final[dict[CloudName, dict[str, tuple[str, ...]]]] = {
    "s3": {
        "access_key_id": ("AWS_ACCESS_KEY_ID",),
        "secret_access_key": ("AWS_SECRET_ACCESS_KEY",),
        "session_token": ("AWS_SESSION_TOKEN", "AWS_TOKEN"),
        "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
        "endpoint": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
        "skip_signature": ("AWS_SKIP_SIGNATURE",),
        "virtual_hosted_style_request": ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST",),
    },
    "gs": {
        "base_url": ("GOOGLE_BASE_URL",),
        "bearer_token": ("GOOGLE_BEARER_TOKEN",),
        "skip_signature": ("GOOGLE_SKIP_SIGNATURE",),
        "service_account_key": ("GOOGLE_SERVICE_ACCOUNT_KEY",),
    },
    "az": {
        "account_name": ("AZURE_STORAGE_ACCOUNT_NAME",),
        "account_key": ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_MASTER_KEY"),
        "sas_key": ("AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_SAS_TOKEN"),
        "endpoint": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
        "token": ("AZURE_STORAGE_TOKEN",),
        "skip_signature": ("AZURE_SKIP_SIGNATURE",),
    },
}

SignedRequest = tuple[str, dict[str, str]]
"""A URL and headers."""


@dataclass(frozen=True, slots=True)
class _Settings:
    """The options of a client, completed by the variables that obstore reads itself."""

    cloud: CloudName
    options: Mapping[str, str]
    environment: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        variables = _VARIABLES[self.cloud].get(name, ())
        return self.options.get(name) or next(filter(None, map(self.environment.get, variables)), "")

    def on(self, name: str) -> bool:
        """Return whether an option is switched on."""
        return self[name].lower() in _TRUE


_Signer = Callable[[str, dict[str, str], _Settings], SignedRequest]


@dataclass(frozen=True, slots=True)
class PageRequests:
    """Makes the request of each page of one listing."""

    url: str
    query: dict[str, str]
    marker: str
    settings: _Settings
    sign: _Signer

    @classmethod
    def of(
        cls, location: Location, options: Mapping[str, str], environment: Mapping[str, str]
    ) -> "PageRequests | None":
        """Return the requests for a place in a cloud; None if its credentials are not values."""
        settings = _Settings(location.cloud, options, environment)
        prefix = f"{location.prefix}/" if location.prefix else ""
        if location.cloud == "az":
            query = {"comp": "list", "restype": "container"} | ({"prefix": prefix} if prefix else {})
            url, sign, marker = _azure_url(location, settings), _azure_signer(settings), "marker"
        else:
            query = {"encoding-type": "url", "list-type": "2"} | ({"prefix": prefix} if prefix else {})
            url, marker = _amazon_url(location, settings), "continuation-token"
            sign = _amazon_signer(settings) if location.cloud == "s3" else _google_signer(settings)
        return cls(url, query, marker, settings, sign) if sign else None

    @property
    def secure(self) -> bool:
        """Return whether the requests use TLS."""
        return self.url.startswith("https:")

    def next_page(self, marker: str) -> SignedRequest:
        """Return the URL and the headers for the page that a marker names; the first one has none."""
        return self.sign(self.url, self.query | ({self.marker: marker} if marker else {}), self.settings)


def _amazon_url(location: Location, settings: _Settings) -> str:
    if location.cloud == "gs":
        return f"{(settings['base_url'] or _emulator(settings) or 'https://storage.googleapis.com').rstrip('/')}/{location.bucket}"
    endpoint = settings["endpoint"].rstrip("/")
    if endpoint and settings.on("virtual_hosted_style_request"):
        return f"{endpoint}/"
    return f"{endpoint or f'https://s3.{_region(settings)}.amazonaws.com'}/{location.bucket}"


def _azure_url(location: Location, settings: _Settings) -> str:
    endpoint = settings["endpoint"].rstrip("/") or f"https://{settings['account_name']}.blob.core.windows.net"
    return f"{endpoint}/{location.bucket}"


def _region(settings: _Settings) -> str:
    return settings["region"] or "us-east-1"


def _amazon_signer(settings: _Settings) -> _Signer | None:
    if settings.on("skip_signature"):
        return _unsigned
    return _amazon_signed if settings["access_key_id"] and settings["secret_access_key"] else None


def _google_signer(settings: _Settings) -> _Signer | None:
    if settings["bearer_token"]:
        return _bearer
    return _unsigned if settings.on("skip_signature") or _emulator(settings) else None


def _emulator(settings: _Settings) -> str:
    """Return the URL of an emulator, whose key says that there is no login; empty if it is the real key of a cloud."""
    try:
        key = orjson.loads(settings["service_account_key"] or "{}")
    except orjson.JSONDecodeError:
        return ""
    return str(key.get("gcs_base_url", "")) if isinstance(key, dict) and key.get("disable_oauth") else ""


def _azure_signer(settings: _Settings) -> _Signer | None:
    if settings["token"]:
        return _bearer
    if settings["account_key"]:
        return _azure_signed
    return _with_sas if settings["sas_key"] else (_unsigned if settings.on("skip_signature") else None)


def _unsigned(url: str, query: dict[str, str], _: _Settings) -> SignedRequest:
    return f"{url}?{urlencode(query, quote_via=quote, safe='')}", {}


def _bearer(url: str, query: dict[str, str], settings: _Settings) -> SignedRequest:
    token = settings["bearer_token" if settings.cloud == "gs" else "token"]
    return _unsigned(url, query, settings)[0], {"Authorization": f"Bearer {token}", "x-ms-version": _AZURE_VERSION}


def _with_sas(url: str, query: dict[str, str], settings: _Settings) -> SignedRequest:
    return f"{_unsigned(url, query, settings)[0]}&{settings['sas_key'].lstrip('?')}", {"x-ms-version": _AZURE_VERSION}


def _amazon_signed(url: str, query: dict[str, str], settings: _Settings) -> SignedRequest:
    """Sign as Signature Version 4 says."""
    parts, now = urlsplit(url), f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    headers = {"host": parts.netloc, "x-amz-content-sha256": _EMPTY, "x-amz-date": now}
    headers |= {"x-amz-security-token": settings["session_token"]} if settings["session_token"] else {}
    parameters = urlencode(sorted(query.items()), quote_via=quote, safe="")
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = "\n".join(["GET", quote(parts.path, safe="/~"), parameters, lines, names, _EMPTY])
    scope = f"{now[:8]}/{_region(settings)}/s3/aws4_request"
    key = f"AWS4{settings['secret_access_key']}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, sha256(canonical.encode()).hexdigest()])
    credential = f"Credential={settings['access_key_id']}/{scope}"
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={_hmac(key, text).hex()}"
    )
    return f"{url}?{parameters}", headers


def _azure_signed(url: str, query: dict[str, str], settings: _Settings) -> SignedRequest:
    """Sign as Shared Key says."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": _AZURE_VERSION}
    account = settings["account_name"]
    resource = f"/{account}{quote(urlsplit(url).path)}"
    lines = [f"{name}:{value}" for name, value in sorted(headers.items())]
    lines += [resource, *(f"{name}:{value}" for name, value in sorted(query.items()))]
    signature = _hmac(base64.b64decode(settings["account_key"]), "GET" + "\n" * 12 + "\n".join(lines))
    headers["Authorization"] = f"SharedKey {account}:{base64.b64encode(signature).decode()}"
    return _unsigned(url, query, settings)[0], headers


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), sha256).digest()
