"""The sandbox's command line with a journal that keeps nothing, to tell what keeping costs."""

from traits_sandbox.cli import main
from traits_sandbox.control.journal import Journal

if __name__ == "__main__":
    Journal.add = lambda self, entry: None  # type: ignore[method-assign]  # noqa: ARG005
    main()
