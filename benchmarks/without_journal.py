"""The command line of the sandbox with a journal that stores nothing, to measure the cost of the journal."""

from traits_sandbox.cli import main
from traits_sandbox.control.journal import Journal

if __name__ == "__main__":
    Journal.add = lambda self, entry: None  # type: ignore[method-assign]  # noqa: ARG005
    main()
