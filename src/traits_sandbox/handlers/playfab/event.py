"""PlayFab's events, redacted and split into envelope and content."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from traits_sandbox.contract.model import Webhook

# Deeper values are cut off: orjson writes about 250 levels, and no useful event has that many.
MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class PlayFabEvent:
    """One event.

    `raw` is the redacted event, `content` the part that rules read, `params` the content without the envelope.
    Parts that are missing are None, or empty for `id`; `moment` is in UTC.
    """

    id: str
    name: Any
    namespace: Any
    entity_type: Any
    player: Any
    moment: datetime | None
    raw: dict[str, Any]
    content: dict[str, Any]
    params: dict[str, Any]


class EventReader:
    """Reads events by the names that the contract has for their parts."""

    def __init__(self, webhook: Webhook) -> None:
        self._webhook = webhook
        self._dropped = frozenset(webhook.dropped)
        self._envelope = frozenset(webhook.envelope)

    def read(self, sent: dict[str, Any]) -> PlayFabEvent:
        """Return an event without the personal data that is dropped on arrival."""
        raw = self.redacted(sent)
        content, params = self._parted(raw)
        identity = self._named(raw, "id")
        return PlayFabEvent(
            id=identity if isinstance(identity, str) else "",
            name=self._named(raw, "name"),
            namespace=self._named(raw, "namespace"),
            entity_type=self._named(raw, "entity_type"),
            player=self._player(raw, content),
            moment=utc(self._named(raw, "time")),
            raw=raw,
            content=content,
            params=params,
        )

    def redacted(self, value: Any, depth: int = 0) -> Any:
        """Return a value without the names that are dropped, at any depth."""
        if not isinstance(value, dict | list):
            return value
        if depth == MAX_DEPTH:
            return None
        if isinstance(value, list):
            return [self.redacted(element, depth + 1) for element in value]
        return {name: self.redacted(inner, depth + 1) for name, inner in value.items() if not self._is_dropped(name)}

    def _is_dropped(self, name: str) -> bool:
        return name in self._dropped or name.endswith(self._webhook.dropped_suffixes)

    def _parted(self, raw: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        classic_name = self._webhook.names["name"][0]
        if find(raw, classic_name) is None and self._named(raw, "name") is not None:
            # The newer form has the event's own values in a payload, separate from the envelope.
            payload = self._named(raw, "payload")
            content = payload if isinstance(payload, dict) else {}
            return content, content
        return raw, {name: value for name, value in raw.items() if name not in self._envelope}

    def _player(self, raw: dict[str, Any], content: dict[str, Any]) -> Any:
        is_player = self._named(raw, "entity_type") in self._webhook.player_types
        entity = self._named(raw, "entity") if is_player else None
        return self._named(content, "player") if entity is None else entity

    def _named(self, event: dict[str, Any], part: str) -> Any:
        return first_found(event, self._webhook.names.get(part, ()))


def first_found(value: Any, paths: Iterable[str]) -> Any:
    """Return the value at the first path that has one."""
    return next((found for path in paths if (found := find(value, path)) is not None), None)


def find(value: Any, path: str) -> Any:
    """Return the value at a dotted path, or None."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def utc(value: Any) -> datetime | None:
    """Return the moment of a text such as `2020-09-15T14:54:08.1290914Z` in UTC, or None.

    A text without an offset is in UTC; digits beyond microseconds are cut.
    """
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None
