"""The pieces that the generated pages and pictures are made of."""

from xml.etree import ElementTree

import click
import pytest

from tools.command_page import commands, commands_page
from tools.markdown import prose, table
from tools.pictures import terminal
from traits_sandbox.errors import UsageError


@click.command(help="Do it.\n\n\b\nExit codes:\n  0  done\n  130  ended by Ctrl-C")
@click.option("--jobs", type=click.IntRange(1, 16), default=4, metavar="N", help="Processes.")
@click.option("--name", multiple=True, envvar="NAME", default=("a", "b"), help="Names a|b.")
@click.option("--all", is_flag=True, help="Do all.")
def complete() -> None: ...


@click.command(help="Do it.")
def without_codes() -> None: ...


def page_of(command: click.Command) -> str:
    return commands_page(commands("it", command)).decode()


def test_a_command_is_shown_with_its_options_and_exit_codes() -> None:
    assert page_of(complete).partition("## it\n\n")[2] == (
        "`it [OPTIONS]`\n\n"
        "Do it.\n\n"
        "| Option | Environment variable | Default | Meaning |\n"
        "|---|---|---|---|\n"
        "| `--jobs N` |  | `4` | Processes. From 1 to 16. |\n"
        "| `--name TEXT` | `NAME` | `a b` | Names a\\|b. Repeatable. |\n"
        "| `--all` |  |  | Do all. |\n\n"
        "| Exit code | Meaning |\n"
        "|---|---|\n"
        "| 0 | Done. |\n"
        "| 130 | Ended by Ctrl-C. |\n"
    )


def test_a_command_without_exit_codes_is_an_error() -> None:
    with pytest.raises(UsageError, match="`it` needs a list of its exit codes"):
        page_of(without_codes)


def test_every_command_has_a_section() -> None:
    page = commands_page().decode()
    assert [name for name, _ in commands() if f"\n## {name}\n" not in page] == []


def test_a_table_leaves_out_columns_that_are_empty() -> None:
    assert table(("A", "B", "C"), [("1", "", "x|y"), ("2", "", "")]) == "| A | C |\n|---|---|\n| 1 | x\\|y |\n| 2 |  |"
    assert table(("A",), []) == ""


def test_plain_text_becomes_markdown_without_accidents() -> None:
    assert prose("Give --only 'A-*' or 'B.*', see http://127.0.0.1:8012.") == (
        "Give `--only` 'A-\\*' or 'B.\\*', see `http://127.0.0.1:8012`."
    )


def test_a_picture_has_the_text_and_the_colours_of_a_terminal() -> None:
    picture = ElementTree.fromstring(terminal("a < b", ["$ run", "10:24:07  \x1b[32m201\x1b[0m  POST /a?b&c"]))
    words = [(each.text, each.get("class")) for each in picture.iter("{http://www.w3.org/2000/svg}tspan")]
    assert words == [("$ run", None), ("10:24:07", None), ("201", "green"), ("POST /a?b&c", None)]
