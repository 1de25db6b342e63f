"""Sentences about a command line that cannot be read, in our own words and with the name of the option."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

import click
from click.core import ParameterSource

from traits_sandbox.settings.parsing import requirement

_FALLBACK: Final = "the command cannot be read"


def usage_sentence(error: click.UsageError) -> str:
    """Return one sentence about a mistake on the command line."""
    return f"{_mistake(error)}; see `{_command(error)} --help`"


def _mistake(error: click.UsageError) -> str:
    match error:
        case click.MissingParameter(param=click.Parameter() as param):
            return f"{_name(param)} is missing"
        case click.BadParameter(param=click.Parameter() as param):
            return f"{_source(error, param)}: {requirement(param.type, error.message)}"
        case click.NoSuchOption():
            return f"there is no option {error.option_name}{_instead(error.possibilities or ())}"
        case click.BadOptionUsage():  # click does not say which of the two
            return f"{error.option_name} lacks a value, or was given one that it does not take"
        case _:
            return _arguments(error)


def _arguments(error: click.UsageError) -> str:
    """Return a sentence about what is left: arguments that the command does not take, or a missing command."""
    context = error.ctx
    if context is None:
        return _FALLBACK
    if isinstance(context.command, click.Group):
        if name := getattr(error, "command_name", ""):  # from click 8.4 on
            return (
                f"there is no command {name}{_instead(get_close_matches(name, context.command.list_commands(context)))}"
            )
        return f"{context.command_path} needs one of its commands"
    taken = " ".join(_name(each) for each in context.command.params if isinstance(each, click.Argument))
    return f"{context.command_path} takes {taken or 'no arguments'}, and more was given"


def _command(error: click.UsageError) -> str:
    return error.ctx.command_path if error.ctx else "traits-sandbox"


def _name(param: click.Parameter) -> str:
    return max(param.opts, key=len) if isinstance(param, click.Option) else param.human_readable_name


def _source(error: click.BadParameter, param: click.Parameter) -> str:
    """Return the name of the option, or of the variable that has its value."""
    name = error.param_hint if isinstance(error.param_hint, str) else _name(param)
    from_environment = error.ctx and error.ctx.get_parameter_source(param.name or "") is ParameterSource.ENVIRONMENT
    return f"{param.envvar} ({name})" if from_environment else name


def _instead(possible: Sequence[str]) -> str:
    return f", did you mean {possible[0]}?" if possible else ""
