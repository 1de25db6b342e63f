"""`python -m traits_sandbox` is the command line."""

from traits_sandbox.cli import main

main(prog_name="traits-sandbox")
