"""Finds the category folder that another name may mean: `Purchase`, `users`, `virtual-purchases`, `levelups`."""

from difflib import get_close_matches
from typing import Final

from traits_sandbox.contract.model import Contract

_SHORTEST_PREFIX: Final = 4
_LONGEST_NAME: Final = 100
# Folders have names of all kinds, so a suggestion needs more likeness than one for a field.
_LIKENESS: Final = 0.8


class FolderNames:
    """The category folders of a contract, also found by the name of their record."""

    def __init__(self, contract: Contract) -> None:
        self._folders = frozenset(category.folder for category in contract.categories)
        self._by_letters = {_letters(category.record): category.folder for category in contract.categories}
        self._by_letters |= {_letters(category.folder): category.folder for category in contract.categories}
        self._found = dict[str, str]()

    def __contains__(self, name: object) -> bool:
        return name in self._folders

    def __str__(self) -> str:
        return ", ".join(sorted(self._folders))

    def spelled(self, name: str) -> str:
        """Return the folder whose name or record this is in another spelling or number, or an empty text."""
        return self._by_letters.get(_letters(name), "")

    def meant(self, name: str) -> str:
        """Return the folder that a name may mean, or an empty text."""
        if name not in self._found:
            self._found[name] = self.spelled(name) or self._like(_letters(name))
        return self._found[name]

    def _like(self, letters: str) -> str:
        starting = {folder for known, folder in self._by_letters.items() if known.startswith(letters)}
        if len(letters) >= _SHORTEST_PREFIX and len(starting) == 1:
            return starting.pop()
        near = get_close_matches(letters[:_LONGEST_NAME], self._by_letters, 1, _LIKENESS)
        return self._by_letters[near[0]] if near else ""


def _letters(name: str) -> str:
    """Return the letters and digits of a name in lower case, without the s of a plural."""
    return "".join(filter(str.isalnum, name.lower())).removesuffix("s")
