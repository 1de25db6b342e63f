"""Runs the command line for `python -m traits_sandbox`."""

from traits_sandbox.cli import main

main(prog_name="traits-sandbox")
