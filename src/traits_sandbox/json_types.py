"""Names for JSON values in type annotations."""

from typing import Any

JsonObject = dict[str, Any]
"""A parsed JSON object."""
