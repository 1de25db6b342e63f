"""Finds out why no row was checked below a URI, and what to do: nothing checked is not a success."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from typing import Final

import msgspec

from traits_sandbox.bulk.storage.folder_names import FolderNames
from traits_sandbox.bulk.storage.layout import (
    COMPRESSIONS,
    FORMATS,
    PARTITION,
    UNKNOWN_FOLDER,
    UNKNOWN_SUFFIX,
    FolderLayout,
)
from traits_sandbox.bulk.values import FilePlace, FileReport, Notice, Stored, UncheckedRoot
from traits_sandbox.reporting.words import plural

_SCHEME: Final = "://"
_SPREADSHEETS: Final = (".xlsx", ".xls", ".ods")
_ALLOW: Final = "if an empty load is expected, add --allow-empty"


class NothingReason(StrEnum):
    """Why no row was checked below a URI."""

    NO_FILES = "no-files"
    NO_ROWS = "no-rows"
    HIDDEN = "hidden-names"
    TOO_DEEP = "inside-a-category"
    TOO_HIGH = "above-the-categories"
    FOLDER = UNKNOWN_FOLDER
    SUFFIX = UNKNOWN_SUFFIX
    UNFIT = "unfit-key"


EMPTY: Final = frozenset({NothingReason.NO_FILES, NothingReason.NO_ROWS, NothingReason.HIDDEN})
"""The reasons for which nothing was left out, so that --allow-empty accepts them."""


class RootListing:
    """What is below one URI: the number of files to read, of hidden ones, and the notices about all others.

    `name` is the URI, for a folder on this machine its absolute path.
    """

    def __init__(self, uri: str, name: str) -> None:
        self.uri, self.name = uri, name
        self.known = self.hidden = 0
        self.skipped: list[Notice] = []

    def add(self, stored: Stored, layout: FolderLayout) -> FilePlace | None:
        """Count a file; return its place if it is to be read.

        A key that cannot be read must fail the check, because other files may be missing with it: it has a place.
        """
        unreadable = FilePlace(folder=stored.key.partition("/")[0], format="ndjson")
        place = unreadable if stored.fault else layout.read(stored.key)
        if isinstance(place, Notice):
            self.skipped.append(msgspec.structs.replace(place, root=self.uri))
            return None
        self.known += bool(place)
        # A key that ends in a slash is not a file: some tools make such objects for folders.
        self.hidden += place is None and not stored.key.endswith("/")
        return place


def unchecked_roots(
    listings: Iterable[RootListing], files: Collection[FileReport], folders: FolderNames
) -> Iterator[UncheckedRoot]:
    """Yield the roots below which no row was checked, although every file could be read."""
    with_rows = {file.root for file in files if file.rows or file.error}
    for listing in listings:
        if listing.uri not in with_rows:
            yield unchecked_root(listing, folders)


def unchecked_root(listing: RootListing, folders: FolderNames) -> UncheckedRoot:
    """Return why no row is below a URI."""
    reason, message, next_step = _Finding(listing, folders).explain()
    return UncheckedRoot(root=listing.uri, reason=reason, message=message, next_step=next_step, empty=reason in EMPTY)


Explanation = tuple[NothingReason, str, str]
"""The reason, a sentence about what is there, and the next step."""


class _Finding:
    def __init__(self, listing: RootListing, folders: FolderNames) -> None:
        self._listing, self._folders = listing, folders
        self._kinds = Counter(notice.kind for notice in listing.skipped)

    def explain(self) -> Explanation:
        return (
            self._too_high()
            or self._too_deep()
            or self._suffix()
            or self._no_rows()
            or self._folder()
            or self._unfit()
            or self._hidden()
            or self._no_files()
        )

    def _too_high(self) -> Explanation | None:
        below = Counter(above for notice in self._outside() if (above := self._above(notice.key)))
        if not below:
            return None
        ((above, _),) = below.most_common(1)
        message = f"the category folders are not directly below it, but below {above}/"
        return NothingReason.TOO_HIGH, message, f"point the URI at {self._listing.name.rstrip('/')}/{above}"

    def _above(self, key: str) -> str:
        """Return the path above the first category folder in a key."""
        folders = key.split("/")[:-1]
        at = next((at for at, name in enumerate(folders) if name in self._folders), 0)
        return "/".join(folders[:at])

    def _too_deep(self) -> Explanation | None:
        start, parts = _path(self._listing.name)
        levels = 0
        while parts and (PARTITION.fullmatch(parts[-1]) or parts[-1].isdigit()):
            parts.pop()
            levels += 1
        folder = self._folders.spelled(parts[-1]) if parts else ""
        if not folder or not self._listing.skipped:
            return None
        name, above = parts[-1], start + "/".join(parts[:-1])
        message = f"it is in the category folder {name}" if levels else f"it is itself the category folder {name}"
        rename = "" if name == folder else f", and rename {name} to {folder}"
        return NothingReason.TOO_DEEP, message, f"point the URI {_higher(levels + 1)}, at {above}{rename}"

    def _suffix(self) -> Explanation | None:
        if not self._kinds[UNKNOWN_SUFFIX] or self._kinds[UNKNOWN_FOLDER] > self._kinds[UNKNOWN_SUFFIX]:
            return None
        message = f"no file below it has a known suffix ({plural(self._kinds[UNKNOWN_SUFFIX], 'file')})"
        suffixes = f"{', '.join(FORMATS)}, if compressed followed by {' or '.join(COMPRESSIONS)}"
        sheets = any(notice.key.lower().endswith(_SPREADSHEETS) for notice in self._listing.skipped)
        export = "; export spreadsheets as CSV" if sheets else ""
        return NothingReason.SUFFIX, message, f"names need a suffix that says what the file is: {suffixes}{export}"

    def _no_rows(self) -> Explanation | None:
        if not self._listing.known:
            return None
        message = f"its files have no rows ({plural(self._listing.known, 'file')})"
        return NothingReason.NO_ROWS, message, f"check the export that writes these files; {_ALLOW}"

    def _folder(self) -> Explanation | None:
        if not (outside := self._outside()):
            return None
        message = f"no file below it is in a category folder ({plural(len(outside), 'file')})"
        names = dict.fromkeys(notice.key.split("/")[0] for notice in outside if "/" in notice.key)
        renamed = [f"{name} to {meant}" for name in names if (meant := self._folders.meant(name))]
        step = f"rename {', '.join(renamed)}" if renamed else f"put the files of each category into: {self._folders}"
        return NothingReason.FOLDER, message, step

    def _unfit(self) -> Explanation | None:
        if not self._listing.skipped:
            return None
        message = f"no file below it has a usable name ({plural(len(self._listing.skipped), 'file')})"
        return NothingReason.UNFIT, message, "rename the files: the notices say why"

    def _hidden(self) -> Explanation | None:
        if not self._listing.hidden:
            return None
        message = f"all names below it begin with _ or ., so they are skipped ({plural(self._listing.hidden, 'file')})"
        return NothingReason.HIDDEN, message, f"rename what should be read; {_ALLOW}"

    def _no_files(self) -> Explanation:
        _, parts = _path(self._listing.name)
        inside = parts and self._folders.spelled(parts[-1])
        higher = " and point it at the folder that contains the category folders" if inside else ""
        return NothingReason.NO_FILES, "there is no file below it", f"check the URI{higher}; {_ALLOW}"

    def _outside(self) -> list[Notice]:
        return [notice for notice in self._listing.skipped if notice.kind == UNKNOWN_FOLDER]


def _higher(levels: int) -> str:
    return "one level higher" if levels == 1 else f"{levels} levels higher"


def _path(name: str) -> tuple[str, list[str]]:
    """Return what a name starts with (a scheme and a bucket, or nothing), and the parts of its path."""
    scheme, separator, rest = name.rpartition(_SCHEME)
    bucket, slash, path = rest.partition("/")
    if not separator:
        return "", name.split("/")
    return f"{scheme}{separator}{bucket}{slash}", [part for part in path.split("/") if part]
