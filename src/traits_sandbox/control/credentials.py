"""Where clients put keys, rightly or by mistake: none of these places is ever shown."""

from collections.abc import Mapping
from typing import Final

# Headers that authenticate a client. A credential that is not valid here may be valid elsewhere.
CREDENTIAL_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "sandbox-control-token"})

KEY_HEADERS: Final[Mapping[str, str]] = {
    name.lower(): name
    for name in (
        "X-API-Key",
        "X-Api-Token",
        "X-Auth-Token",
        "X-Access-Token",
        "X-Authorization",
        "X-Secret-Key",
        "X-SecretKey",
        "X-Key",
        "X-Token",
        "Api-Key",
        "ApiKey",
        "Api_Key",
        "Auth-Token",
        "Access-Token",
        "Authentication",
        "Token",
        "Key",
        "Bearer",
        "Proxy-Authorization",
    )
}
"""Other headers than Authorization in which clients send a key, by name in lower case."""

KEY_NAMES: Final = (
    "api_key",
    "apikey",
    "apiKey",
    "api-key",
    "api_token",
    "access_token",
    "auth_token",
    "auth",
    "authorization",
    "bearer",
    "token",
    "key",
    "secret",
    "x-api-key",
)
"""Names of query parameters, and of members of a body, in which clients send a key; letter case does not matter."""

SCHEMES: Final = ("bearer", "basic", "digest", "token", "apikey", "api-key", "key", "negotiate", "hmac", "jwt", "oauth")
"""Authentication schemes, in lower case."""
