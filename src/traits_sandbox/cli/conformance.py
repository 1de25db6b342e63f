"""`traits-sandbox conformance`: judges a server, and tells what it saw to people and programs."""

import gc
import sys
from glob import escape
from pathlib import Path
from typing import Any

import click
import orjson

from traits_sandbox.cli import report_files
from traits_sandbox.cli.judging import Asked, target_options
from traits_sandbox.cli.streams import console
from traits_sandbox.conformance import Report, run_conformance
from traits_sandbox.conformance.catalogue.case import Case
from traits_sandbox.conformance.catalogue.every_case import catalogue
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.keys import DUMMY
from traits_sandbox.conformance.judging.deviations import read_deviations
from traits_sandbox.conformance.judging.report import Result
from traits_sandbox.conformance.judging.requirements import DECIDING, registry
from traits_sandbox.conformance.reports import RENDERERS, json, listing, replay
from traits_sandbox.conformance.reports.masking import masked
from traits_sandbox.conformance.reports.progress import progress
from traits_sandbox.conformance.reports.terminal import Terminal
from traits_sandbox.conformance.running.events import CaseEnded, Observer, RunEvent, nobody
from traits_sandbox.conformance.running.options import Options
from traits_sandbox.conformance.running.plan import fits
from traits_sandbox.conformance.running.run import Run
from traits_sandbox.contract.load import editions, load
from traits_sandbox.errors import UsageError


@click.group(invoke_without_command=True)
@target_options
@click.option(
    "--only",
    multiple=True,
    metavar="PATTERN",
    help="Judge only these requirements or cases, such as 'TYPE-*' or 'LIM-003.actions.*'. Repeatable.",
)
@click.option(
    "--deviations",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Failures that are expected for a time (TOML); one that does not show fails.",
)
@click.option(
    "--explore",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Also send N generated examples to each operation; what they find decides nothing.",
)
@click.option("--plan", is_flag=True, help="Tell how many requests would be sent for what, and send none.")
@click.option(
    "--report",
    multiple=True,
    metavar="KIND=PATH",
    help="Write a report: junit=PATH, json=PATH or html=PATH. Repeatable, or with commas between.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the JSON report, and nothing else, on standard output.")
@click.pass_context
def conformance(
    ctx: click.Context, asked: Asked, *, only: tuple[str, ...], deviations: Path | None, explore: int, plan: bool,
    report: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Judge a server by the promises of the vendor's document.

    A server on loopback is sent everything; any other is only read from, unless --allow-writes names its host.
    What a run has written it removes again, as far as the API lets it.

    \b
    Exit codes:
      0    conformant
      1    not conformant: at least one failure is proven
      2    it could not do what was asked; nothing was sent
      3    inconclusive: no answer, the key refused, or the time over
      4    an error of the kit itself
      130  ended by Ctrl-C
    """
    if ctx.invoked_subcommand:
        _refuse_misplaced(ctx)
        return
    expected = read_deviations(deviations) if deviations else ()
    options = asked.options(only=only, deviations=expected, explore=explore)
    if plan:
        _print_plan(Run(asked.target(default_key=DUMMY), options), explore, as_json=as_json)
        return
    wanted = report_files.wanted(report, RENDERERS)
    gc.enable()
    judged = _run(asked, options)
    _show(judged, asked, as_json=as_json)
    way = masked(asked.way(), asked.mask)
    report_files.write(wanted, lambda kind: RENDERERS[kind](judged, way))
    for kind, path in wanted:
        click.echo(asked.mask.text(f"{kind} report: {path}"), err=True)
    sys.exit(judged.exit_code)


def _refuse_misplaced(ctx: click.Context) -> None:
    source = click.core.ParameterSource.COMMANDLINE
    if any(ctx.get_parameter_source(name) is source for name in ctx.params):
        raise UsageError(f"options for `conformance {ctx.invoked_subcommand}` come behind its name")


def _run(asked: Asked, options: Options, watch: Observer = nobody) -> Report:
    """Run, show how it goes on standard error, and return the report without the key."""
    target = asked.target()
    options.check_way(target)
    if target.in_clear:
        click.echo(f"warning: the key travels in clear to {target.host}, over plain HTTP", err=True)
    with progress(console(err=True), _deciding(asked)) as show:

        def tell(event: RunEvent) -> None:
            show(event)
            watch(event)

        report = run_conformance(target.base_url, target.key, options, ca_file=target.ca_file, tell=tell)
    return masked(report, asked.mask)


def _deciding(asked: Asked) -> frozenset[str]:
    return frozenset(each.id for each in registry().requirement if each.level in DECIDING[asked.profile])


def _show(report: Report, asked: Asked, *, as_json: bool) -> None:
    way = masked(asked.way(), asked.mask)
    Terminal(console(err=as_json), report, way).show()
    if as_json:
        click.echo(json.render(report, way), nl=False)


def _print_plan(run: Run, explore: int, *, as_json: bool) -> None:
    if as_json:
        _print_json(listing.plan_form(run.plan, registry()))
    else:
        click.echo("\n".join(listing.plan_lines(run.plan, registry(), explore)))


def _print_json(value: Any) -> None:
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))


@conformance.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(*, as_json: bool) -> None:
    """List all requirements and their cases.

    \b
    Exit codes:
      0  the list is printed
      2  could not run; the reason is one line on stderr
    """
    listed = listing.entries(registry(), _cases())
    if as_json:
        _print_json(listing.catalogue_form(listed))
    else:
        click.echo("\n".join(listing.catalogue_lines(listed)))


@conformance.command("replay")
@target_options
@click.argument("case")
@click.option(
    "--bodies",
    type=click.Path(path_type=Path, file_okay=False, writable=True),
    metavar="FOLDER",
    help="Write the bodies of the requests to this folder, for the lines for curl; it is made if need be.",
)
def replay_command(asked: Asked, *, case: str, bodies: Path | None) -> None:
    """Run one case again and print every exchange.

    CASE is the id of a case, or of a result as reports print it. Each request is a line for curl that takes the key
    from TRAITS_API_KEY.

    \b
    Exit codes:
      0    conformant
      1    not conformant: at least one failure is proven
      2    could not run: bad arguments; nothing was sent
      3    inconclusive: no answer, the key was rejected, or time ran out
      4    an error in the kit itself
      130  ended by Ctrl-C
    """
    chosen = _find(case)
    if bodies:
        report_files.make_folder(bodies)
    ended: list[Result] = []

    def watch(event: RunEvent) -> None:
        if isinstance(event, CaseEnded):
            ended.append(event.result)

    report = _run(asked, asked.options(only=(escape(chosen.id),)), watch)
    way = masked(asked.way(), asked.mask)
    terminal = Terminal(console(err=False), report, way)
    for result in ended:
        replay.show_exchanges(masked(result, asked.mask), way, terminal.say, bodies)
    replay.show_outcome(report, terminal.say)
    terminal.outcome()
    sys.exit(report.exit_code)


def _cases() -> list[Case]:
    return list(catalogue(RequestFactory(load(editions()[-1]), "tsc-")))


def _find(case_id: str) -> Case:
    """Return a case by its id, which in that of a result may stand behind a requirement."""
    for case in _cases():
        if case_id in (case.id, f"{case_id.partition('.')[0]}.{case.id}"):
            return case
    if any(fits(case, case_id) for case in _cases()):
        pattern = case_id if "." in case_id else f"{case_id}.*"
        raise UsageError(
            f"{case_id} stands for several cases: `traits-sandbox conformance --only '{pattern}'` judges them, "
            "`conformance list` shows which to replay"
        )
    raise UsageError(f"there is no case {case_id}; `traits-sandbox conformance list` shows all")
