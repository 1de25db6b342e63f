"""The frame of a report in HTML: one file that needs no network, readable on a phone, on paper and without scripts.

Everything in it is text unless it was made here: nothing that a file or a server holds can become markup.
"""

import base64
import hashlib
from html import escape
from importlib.resources import files
from typing import Final

_VOID: Final = frozenset({"meta", "input", "br"})


class Markup(str):
    """A piece of HTML, made by `element`."""

    __slots__ = ()


Child = Markup | str | None


def element(tag: str, *children: Child, **attributes: str | bool | None) -> Markup:
    """Return an element. Children that are no Markup are text; None is nothing, and so is an attribute of it.

    An attribute that is True stands without a value; `class_` and `for_` are `class` and `for`, and an underscore
    elsewhere is a hyphen.
    """
    told = "".join(_attribute(name, value) for name, value in attributes.items() if value not in (None, False))
    return Markup(f"<{tag}{told}>" if tag in _VOID else f"<{tag}{told}>{join(*children)}</{tag}>")


def join(*children: Child) -> Markup:
    """Return pieces one after another."""
    return Markup("".join(each if isinstance(each, Markup) else escape(each) for each in children if each is not None))


def document(title: str, *body: Child, style: str = "", script: str = "") -> bytes:
    """Return a whole page. It may use its own style and script and nothing else, whatever got into it."""
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8") + style
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", Markup(style)),
    )
    last = element("script", Markup(script)) if script else None
    page = element("html", head, element("body", *body, last), lang="en-GB")
    return f"<!DOCTYPE html>\n{page}\n".encode(errors="replace")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _attribute(name: str, value: str | bool | None) -> str:
    spelt = name.rstrip("_").replace("_", "-")
    return f" {spelt}" if value is True else f' {spelt}="{escape(str(value))}"'
