"""The report for a terminal or a log: sums, the first bad rows, notices by kind, the verdict last."""

from typing import Final

from rich.console import Console
from rich.text import Text

from traits_sandbox.bulk.reports.words import HEADLINES, bad_files, by_kind, name_of, verdict, verdict_line, where
from traits_sandbox.bulk.values import CONTENT, FileReport, LoadReport
from traits_sandbox.reporting.terminal import StyledText, count_table, print_line, styled_count
from traits_sandbox.reporting.words import number, plural, printable, size

FILES: Final = 20
"""The number of bad files that are shown."""

FAULTS: Final = 3
"""The number of violations of a file that are shown, and of notices of a kind."""

_STYLES: Final = {
    "good": "bold green", "bad": "bold red", "nothing": "bold red", "partly": "bold red", "empty": "bold yellow"
}  # fmt: skip


def show(report: LoadReport, console: Console) -> None:
    """Print a report."""
    _Shown(report, console).show()


class _Shown:
    def __init__(self, report: LoadReport, console: Console) -> None:
        self._report, self._console = report, console

    def show(self) -> None:
        self._folders()
        self._bad()
        self._notices()
        self._unchecked()
        self._verdict()

    def _say(self, *pieces: StyledText, indent: int = 0) -> None:
        print_line(self._console, *pieces, indent=indent)

    def _bad(self) -> None:
        files = bad_files(self._report)
        for file in files[:FILES]:
            self._file(file)
        if len(files) > FILES:
            rows = sum(file.bad_rows for file in files[FILES:])
            self._say((f"and {plural(len(files) - FILES, 'more bad file')}, with {plural(rows, 'bad row')}", "bold"))
        if files:
            self._say()

    def _file(self, file: FileReport) -> None:
        name = name_of(self._report, file)
        if file.error:
            self._say((name, "bold"), f": {printable(file.error)}")
        faults = [(bad, fault) for bad in file.bad for fault in bad.violations if file.error_kind != CONTENT]
        for bad, fault in faults[:FAULTS]:
            self._say((f"{name} {where(file, bad)}", "bold"), f": {printable(fault.sentence)}")
        if file.fault_count > FAULTS:
            more = f"{plural(file.fault_count, 'violation')} in {plural(file.bad_rows, 'bad row')}"
            self._say((f"{name}: {more} of {number(file.rows)}", "dim"))

    def _notices(self) -> None:
        for kind, notices in by_kind(self._report).items():
            self._say(("notice  ", "yellow"), (kind, "bold"), f"  {number(len(notices))}")
            for notice in notices[:FAULTS]:
                name = name_of(self._report, notice)
                self._say(f"{name}: " if name else "", printable(notice.message), indent=2)
            if len(notices) > FAULTS:
                self._say((f"and {number(len(notices) - FAULTS)} more", "dim"), indent=2)
        if by_kind(self._report):
            self._say()

    def _unchecked(self) -> None:
        for root in self._report.unchecked:
            self._say((f"nothing checked below {printable(root.root)}", "bold"), f": {printable(root.message)}")
            self._say(("next step", "bold"), f": {printable(root.next_step)}", indent=2)
        if self._report.unchecked:
            self._say()

    def _folders(self) -> None:
        if not self._report.folders:
            return
        table = count_table("folder", "files", "bad files", "rows", "bad rows", "size")
        for folder in self._report.folders:
            table.add_row(
                folder.folder,
                number(folder.files),
                _alarming(folder.bad_files),
                number(folder.rows),
                _alarming(folder.bad_rows),
                size(folder.bytes),
            )
        self._console.print(table)
        self._say()

    def _verdict(self) -> None:
        came = verdict(self._report)
        self._say((HEADLINES[came], _STYLES[came]), f"  {verdict_line(self._report)}")
        seconds = max(self._report.seconds, 0.001)
        all_bytes = sum(folder.bytes for folder in self._report.folders)
        rate = f"{size(all_bytes)} in {seconds:.1f} s, {size(all_bytes / seconds)}/s"
        self._say((f"{printable(' '.join(self._report.uris))}, edition {self._report.edition}: {rate}", "dim"))


def _alarming(count: int) -> Text:
    return styled_count(number(count), "bold red", is_zero=not count)
