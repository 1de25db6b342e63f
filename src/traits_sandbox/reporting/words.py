"""Numbers, sizes and foreign text for people, the same in all reports and logs."""


def printable(text: str) -> str:
    """Return a text in which every invisible or control character is written as an escape."""
    return text if text.isprintable() else "".join(each if each.isprintable() else _escaped(each) for each in text)


def printable_lines(text: str) -> str:
    """Return a text as `printable` does, but keep its line breaks."""
    return "\n".join(map(printable, text.split("\n")))


def number(count: float) -> str:
    """Return a number with separators between thousands: `1,024`."""
    return f"{count:,.0f}"


def plural(count: int, noun: str) -> str:
    """Return a number with its noun: `1 row`, `1,024 rows`."""
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"


def size(count: float) -> str:
    """Return a number of bytes with a unit: `512 B`, `1.5 MiB`."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def _escaped(character: str) -> str:
    return ascii(character)[1:-1]
