"""Reads the requests of an API reference without the compiler, so that the compiler is not its own judge."""

import itertools
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^# (?P<title>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Documented:
    """One request of a reference: its heading, the words of its curl line, and the reply shown below it."""

    title: str
    words: tuple[str, ...]
    reply: Any


def documented_requests(document: Path) -> list[Documented]:
    """Return every request of a reference, in order; the illustration of the key is none."""
    text = document.read_text(encoding="utf-8")
    titles = [(found.start(), found["title"]) for found in _HEADING.finditer(text)] + [(len(text), "")]
    sections = [(title, text[start:end]) for (start, title), (end, _) in itertools.pairwise(titles)]
    return [found for title, section in sections if (found := _request(title, section))]


def object_storage_examples(document: Path) -> dict[str, list[Any]]:
    """Return the JSON examples of the object storage section by folder."""
    text = document.read_text(encoding="utf-8")
    parts = re.split(r"^Expected folder: `(\w+)/`$", text, flags=re.MULTILINE)
    return {
        folder: [json.loads(fence["text"]) for fence in _FENCE.finditer(re.split(r"^#+ ", body, flags=re.MULTILINE)[0])]
        for folder, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def _request(title: str, section: str) -> Documented | None:
    fences = [(fence["language"], fence["text"]) for fence in _FENCE.finditer(section)]
    shell = next((text for language, text in fences if language == "shell"), "")
    if "/v1/" not in shell or "/v1/..." in shell:
        return None
    reply = next((json.loads(text) for language, text in fences if language == "json"), None)
    return Documented(title, tuple(shlex.split(shell.replace("\\\n", " "))), reply)
