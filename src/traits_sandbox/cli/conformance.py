"""`traits-sandbox conformance`: tests whether a server conforms to the document, and writes reports."""

import gc
import sys
from glob import escape
from pathlib import Path
from typing import Any

import click
import orjson

from traits_sandbox.cli import report_files
from traits_sandbox.cli.exit_codes import lists_exit_codes
from traits_sandbox.cli.options import json_option, report_option
from traits_sandbox.cli.streams import console
from traits_sandbox.cli.target_options import TargetOptions, target_options
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
    help="Test only these requirements or cases, such as 'TYPE-*' or 'LIM-003.actions.*'. Repeatable, or separated by "
    "commas.",
)
@click.option(
    "--deviations",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="TOML file with failures that are expected for a time. An expected failure that does not occur is a failure.",
)
@click.option(
    "--explore",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Also send N generated examples to each operation. Their findings do not change the verdict.",
)
@click.option("--plan", is_flag=True, help="Print the number of requests for each requirement, and send nothing.")
@report_option(RENDERERS)
@json_option("the report")
@click.pass_context
@lists_exit_codes("conformance")
def conformance(
    ctx: click.Context, chosen: TargetOptions, *, only: tuple[str, ...], deviations: Path | None, explore: int,
    plan: bool, report: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Test whether a server keeps the promises of the vendor's document.

    A server on loopback gets all requests. Another server only gets requests that read, unless --allow-writes names
    its host. At the end, the kit removes the data that it has written, as far as the API allows.
    """
    if ctx.invoked_subcommand:
        _reject_misplaced_options(ctx)
        return
    expected = read_deviations(deviations) if deviations else ()
    options = chosen.run_options(only=_patterns(only), deviations=expected, explore=explore)
    if plan:
        _print_plan(Run(chosen.target(default_key=DUMMY), options), explore, as_json=as_json)
        return
    wanted = report_files.wanted(report, RENDERERS)
    gc.enable()
    done = _run(chosen, options)
    reproduction = masked(chosen.reproduction(), chosen.masker)
    Terminal(console(err=as_json), done, reproduction).show()
    if as_json:
        click.echo(json.render(done, reproduction), nl=False)
    report_files.write(wanted, lambda kind: RENDERERS[kind](done, reproduction))
    for kind, path in wanted:
        click.echo(chosen.masker(f"{kind} report: {path}"), err=True)
    sys.exit(done.exit_code)


def _patterns(given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the patterns of --only: no id has a comma."""
    parts = ([each.strip() for each in text.split(",") if each.strip()] or [text] for text in given)
    return tuple(pattern for patterns in parts for pattern in patterns)


def _reject_misplaced_options(ctx: click.Context) -> None:
    source = click.core.ParameterSource.COMMANDLINE
    if any(ctx.get_parameter_source(name) is source for name in ctx.params):
        raise UsageError(f"put the options of `conformance {ctx.invoked_subcommand}` after its name")


def _run(chosen: TargetOptions, options: Options, watch: Observer = nobody) -> Report:
    """Run the cases with progress on stderr, and return the report without the API key."""
    target = chosen.target()
    options.check_way(target)
    if target.in_clear:
        click.echo(f"warning: the API key is sent to {target.host} over plain HTTP, without encryption", err=True)
    with progress(console(err=True), _deciding(chosen)) as show:

        def observe(event: RunEvent) -> None:
            show(event)
            watch(event)

        report = run_conformance(target.base_url, target.key, options, ca_file=target.ca_file, tell=observe)
    return masked(report, chosen.masker)


def _deciding(chosen: TargetOptions) -> frozenset[str]:
    return frozenset(each.id for each in registry().requirement if each.level in DECIDING[chosen.profile])


def _print_plan(run: Run, explore: int, *, as_json: bool) -> None:
    if as_json:
        _print_json(listing.plan_form(run.plan, registry()))
    else:
        click.echo("\n".join(listing.plan_lines(run.plan, registry(), explore)))


def _print_json(value: Any) -> None:
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))


@conformance.command("list")
@json_option("the list")
@lists_exit_codes("conformance list")
def list_command(*, as_json: bool) -> None:
    """List all requirements and their cases."""
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
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Write the request bodies for the curl commands to this folder, which is created if it does not exist.",
)
@lists_exit_codes("conformance replay")
def replay_command(chosen: TargetOptions, *, case: str, bodies: Path | None) -> None:
    """Run one case again and print every exchange.

    CASE is the id of a case, or the id of a result in a report. Each request is printed as a curl command that reads
    the API key from TRAITS_API_KEY.
    """
    found = _find(case)
    if bodies:
        report_files.make_folder(bodies)
    ended: list[Result] = []

    def watch(event: RunEvent) -> None:
        if isinstance(event, CaseEnded):
            ended.append(event.result)

    report = _run(chosen, chosen.run_options(only=(escape(found.id),)), watch)
    reproduction = masked(chosen.reproduction(), chosen.masker)
    terminal = Terminal(console(err=False), report, reproduction)
    for result in ended:
        replay.show_exchanges(masked(result, chosen.masker), reproduction, terminal.say, bodies)
    replay.show_outcome(report, terminal.say)
    terminal.outcome()
    sys.exit(report.exit_code)


def _cases() -> list[Case]:
    return list(catalogue(RequestFactory(load(editions()[-1]), "tsc-")))


def _find(case_id: str) -> Case:
    """Return a case by its id, or by the id of a result, in which a requirement may come before the case."""
    for case in _cases():
        if case_id in (case.id, f"{case_id.partition('.')[0]}.{case.id}"):
            return case
    if any(fits(case, case_id) for case in _cases()):
        pattern = case_id if "." in case_id else f"{case_id}.*"
        raise UsageError(
            f"{case_id} matches several cases: run `traits-sandbox conformance --only '{pattern}'` to test them all, "
            "or `conformance list` to choose one"
        )
    raise UsageError(f"there is no case {case_id}; `traits-sandbox conformance list` prints all cases")
