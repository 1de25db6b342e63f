"""Write every generated file of the project, or with --check only list those that are stale.

exit codes:
  0  every file is written or unchanged
  1  with --check: some files are stale
  2  could not run; the last line on stderr says why
"""

import argparse
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.artefacts import ARTEFACTS, ROOT, Files, Render
from traits_sandbox.errors import UsageError


def main(arguments: Sequence[str] | None = None, artefacts: Mapping[str, Render] = ARTEFACTS, root: Path = ROOT) -> int:
    """Generate the files of a table below a folder, print what was done, and return the exit code."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("scripts/generate", description=__doc__, formatter_class=form)
    parser.add_argument("--check", action="store_true", help="write nothing, list stale files")
    only_check = parser.parse_args(arguments).check
    try:
        stale = [generate(name, render, root, write=not only_check) for name, render in artefacts.items()]
    except (UsageError, ImportError, OSError) as error:
        print(f"scripts/generate: {error}", file=sys.stderr)
        return 2
    except Exception:  # A bug ends Python with 1, which is the code of stale files.
        traceback.print_exc()
        return 2
    return int(only_check and any(stale))


def generate(name: str, render: Render, root: Path, *, write: bool) -> bool:
    """Generate the files of one row, write those that are stale if asked to, and tell whether there are any."""
    files = render(root)
    stale = stale_files(files, root)
    for path, content in stale.items():
        if write:
            _put(root / path, content)
        print(f"{_word(content, write=write)}  {path}")
    if not stale:
        print(f"unchanged  {name} (files: {len(files)})")
    return bool(stale)


def stale_files(files: Files, root: Path) -> Files:
    """Return the files that differ from what lies below a folder."""
    return {path: content for path, content in files.items() if content != current(root / path)}


def current(path: Path) -> bytes | None:
    """Return the content of a file, None if there is no such file."""
    return path.read_bytes() if path.exists() else None


def _put(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _word(content: bytes | None, *, write: bool) -> str:
    if not write:
        return "stale    "
    return "removed  " if content is None else "written  "


if __name__ == "__main__":
    sys.exit(main())
