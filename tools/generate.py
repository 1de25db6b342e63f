"""Write all generated files of the project, or with --check only list the stale ones.

exit codes:
  0  all files are written or unchanged
  1  with --check: some files are stale
  2  could not run; the reason is the last line on stderr
"""

import argparse
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.artefacts import ARTEFACTS, ROOT, Files, Render
from traits_sandbox.errors import UsageError


def main(arguments: Sequence[str] | None = None, artefacts: Mapping[str, Render] = ARTEFACTS, root: Path = ROOT) -> int:
    """Generate the files of a table in a folder, print a line for each, and return the exit code."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("scripts/generate", description=__doc__, formatter_class=form)
    parser.add_argument("--check", action="store_true", help="write nothing, list stale files")
    only_check = parser.parse_args(arguments).check
    try:
        stale = [generate(name, render, root, write=not only_check) for name, render in artefacts.items()]
    except (UsageError, ImportError, OSError) as error:
        print(f"scripts/generate: {error}", file=sys.stderr)
        return 2
    except Exception:  # Python would exit with 1, which means that files are stale.
        traceback.print_exc()
        return 2
    return int(only_check and any(stale))


def generate(name: str, render: Render, root: Path, *, write: bool) -> bool:
    """Generate the files of one row, and return whether any file is stale; with `write`, write the stale files."""
    files = render(root)
    stale = stale_files(files, root)
    for path, content in stale.items():
        if write:
            _put(root / path, content)
        print(f"{_status(content, write=write)}  {path}")
    if not stale:
        print(f"unchanged  {name} (files: {len(files)})")
    return bool(stale)


def stale_files(files: Files, root: Path) -> Files:
    """Return the files that differ from the ones in a folder."""
    return {path: content for path, content in files.items() if content != current(root / path)}


def current(path: Path) -> bytes | None:
    """Return the content of a file, or None if it does not exist."""
    return path.read_bytes() if path.exists() else None


def _put(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _status(content: bytes | None, *, write: bool) -> str:
    if not write:
        return "stale    "
    return "removed  " if content is None else "written  "


if __name__ == "__main__":
    sys.exit(main())
