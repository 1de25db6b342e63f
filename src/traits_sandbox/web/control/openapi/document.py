"""The OpenAPI document of the control API."""

from typing import Final

from traits_sandbox import __version__
from traits_sandbox.contract.model import Contract
from traits_sandbox.derive.json_schema import Schema
from traits_sandbox.web.control.guard import TOKEN_HEADER
from traits_sandbox.web.control.openapi.operations import operations
from traits_sandbox.web.control.openapi.parts import reference
from traits_sandbox.web.control.openapi.schemas import component_schemas
from traits_sandbox.web.control.services import PREFIX

_ABOUT: Final = (
    "The endpoints that only a sandbox has: the request journal, stored records, bulk loads, faults and reset. With a "
    "key, a call concerns only the dashboard of that key; without one, all dashboards (bulk loads go into `default`). "
    "Pages of other origins in a browser get 403."
)


def control_openapi(contract: Contract) -> Schema:
    """Return the OpenAPI document of the control API."""
    paths: Schema = {}
    for method, path, operation in operations(contract):
        paths.setdefault(PREFIX + path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "traits-sandbox control API", "version": __version__, "description": _ABOUT},
        "security": [{}, {"dashboardKey": []}],
        "paths": paths,
        "components": {
            "schemas": component_schemas(contract),
            "responses": _refusals(),
            "securitySchemes": {
                "dashboardKey": {"type": "http", "scheme": "bearer", "description": "The key of one dashboard."},
                "controlToken": {
                    "type": "apiKey",
                    "in": "header",
                    "name": TOKEN_HEADER,
                    "description": "Required if the sandbox was started with --control-token.",
                },
            },
        },
    }


def _refusals() -> Schema:
    reasons = {
        400: "The call is invalid; the message says why.",
        401: "The key belongs to no dashboard, or the control token is missing or wrong.",
        403: "A page of another origin, or a host name that is not served.",
        404: "It does not exist, or it belongs to another dashboard.",
        413: "The body is too large.",
        415: "The body is not sent as application/json.",
    }
    content = {"application/json": {"schema": reference("Refusal")}}
    return {str(status): {"description": reason, "content": content} for status, reason in reasons.items()}
