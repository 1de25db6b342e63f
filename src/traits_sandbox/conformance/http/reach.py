"""How far a request may change a server."""

from typing import Literal

Reach = Literal["read", "append", "destroy", "unsafe"]
"""The most that a case does to a server, in rising order: reads; adds data; deletes data of this run by its own ids;
sends what a broken server could misread, such as a deletion without an id."""

REACHES: tuple[Reach, ...] = ("read", "append", "destroy", "unsafe")
