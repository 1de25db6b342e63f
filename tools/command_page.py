"""The reference page of all commands: description, arguments, options and exit codes, read from the command line."""

import inspect
import re
from collections.abc import Iterable, Iterator

import click

from tools.markdown import code, page, prose, table
from traits_sandbox.cli import main
from traits_sandbox.errors import UsageError

EXIT_CODES = "Exit codes:"
_EXIT_CODE = re.compile(r"(\d+) +(\S.*)")
_DEFAULT_IN_HELP = re.compile(r"\s*\[default: (.*)\]$")

INTRODUCTION = """
Every command takes `-h` and `--help`, and `traits-sandbox --version` prints the version. The command line wins over an
environment variable. In a variable, separate the values of a repeatable option by spaces:
`TRAITS_SANDBOX_API_KEY="one two"`.
"""


Commands = Iterable[tuple[str, click.Command]]
"""Commands with their full names."""


def commands_page(described: Commands | None = None) -> bytes:
    """Return the page in Markdown, of all commands by default.

    Raises:
        UsageError: the help of a command does not list its exit codes.

    """
    sections = [_section(name, command) for name, command in described or commands()]
    return page("Commands", INTRODUCTION, *sections, source="the help of the commands")


def commands(name: str = "traits-sandbox", command: click.Command = main) -> Iterator[tuple[str, click.Command]]:
    """Yield each command that can be run, with its full name; a group comes before its subcommands."""
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            child = command.get_command(context, each)
            assert child is not None
            yield from commands(f"{name} {each}", child)


def _section(name: str, command: click.Command) -> str:
    text, codes = _help(name, command)
    options = [each for each in command.params if isinstance(each, click.Option)]
    described = table(("Option", "Environment variable", "Default", "Meaning"), map(_option, options))
    exits = table(("Exit code", "Meaning"), codes)
    return "\n\n".join(part for part in (f"## {name}", code(_usage(name, command)), text, described, exits) if part)


def _usage(name: str, command: click.Command) -> str:
    context = click.Context(command)
    arguments = (each.make_metavar(context) for each in command.params if isinstance(each, click.Argument))
    return " ".join([name, "[OPTIONS]", *arguments])


def _help(name: str, command: click.Command) -> tuple[str, list[tuple[str, str]]]:
    """Return the description of a command and its exit codes, each with its meaning."""
    text, found, listed = inspect.cleandoc(command.help or "").replace("\b\n", "").partition(EXIT_CODES)
    codes = [match.groups() for match in map(_EXIT_CODE.match, map(str.strip, listed.splitlines())) if match]
    if not found or not codes:
        raise UsageError(f"the help of `{name}` needs a list of its exit codes under the line {EXIT_CODES!r}")
    return prose(text.strip()), [(number, prose(_sentence(meaning))) for number, meaning in codes]


def _option(option: click.Option) -> tuple[str, str, str, str]:
    value = "" if option.is_flag else _metavar(option)
    text = option.help or ""
    in_help = _DEFAULT_IN_HELP.search(text)
    meaning = _DEFAULT_IN_HELP.sub("", text) + _range(option)
    meaning += " Repeatable." if option.multiple and "Repeatable" not in text else ""
    meaning += " Required." if option.required else ""
    variable = option.envvar if isinstance(option.envvar, str) else ""
    name = f"{option.opts[0]} {value}".strip()
    return code(name), code(variable), in_help[1] if in_help else code(_default(option)), prose(meaning)


def _metavar(option: click.Option) -> str:
    choices = getattr(option.type, "choices", ())
    return option.metavar or "|".join(map(str, choices)) or option.type.name.upper()


def _default(option: click.Option) -> str:
    value = option.default
    if option.is_flag or not isinstance(value, str | int | float | tuple):
        return ""
    return " ".join(value) if isinstance(value, tuple) else str(value)


def _range(option: click.Option) -> str:
    """Return a sentence with the bounds of a number, or an empty text if the help of the option has them."""
    kind = option.type
    if not isinstance(kind, click.IntRange | click.FloatRange) or str(kind.max) in (option.help or ""):
        return ""
    lowest = f"{'above' if kind.min_open else 'from'} {kind.min}" if kind.min is not None else ""
    highest = f"to {kind.max}" if kind.max is not None else ""
    return f" {' '.join(filter(None, (lowest, highest))).capitalize()}."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
