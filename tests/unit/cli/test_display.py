"""Progress, on a terminal and in a pipe."""

from __future__ import annotations

import io
import re

from rich.console import Console

from infra.cli.display import Bars, Lines, Silent, display_on
from infra.cli.jobs import read_job
from tests.unit.cli.little_api import a_finished_job, a_job


def on_terminal(*, names: bool = False) -> tuple[Bars, io.StringIO]:
    shown = io.StringIO()
    console = Console(
        file=shown, force_terminal=True, width=80, highlight=False, markup=False, color_system=None
    )
    return Bars(console, names=names), shown


def test_a_pipe_gets_one_line_for_each_change() -> None:
    pipe = io.StringIO()
    with display_on(pipe) as display:
        assert isinstance(display, Lines)
        for message in ("Splitting", "Processing chunk 1/2", "Processing chunk 1/2", "Merging"):
            display.job("scan.pdf", read_job(a_job(message=message)))
    assert pipe.getvalue().splitlines() == ["Splitting", "Processing chunk 1/2", "Merging"]


def test_with_several_files_each_line_says_which_one_it_is_about() -> None:
    pipe = io.StringIO()
    display = Lines(pipe, names=True)
    for name in ("a.pdf", "b.pdf"):
        display.job(name, read_job(a_job()))
    assert pipe.getvalue().splitlines() == [
        "a.pdf: Processing chunk 1/2",
        "b.pdf: Processing chunk 1/2",
    ]


def test_sending_a_small_file_is_one_line_and_a_large_one_five() -> None:
    pipe = io.StringIO()
    display = Lines(pipe)
    for sent in range(0, 2001, 100):
        display.sending("small.pdf", sent, 2000)
    for sent in range(0, 100_000_001, 1_000_000):
        display.sending("large.pdf", sent, 100_000_000)
    assert pipe.getvalue().splitlines() == [
        "Sending small.pdf (2.0 kB)",
        "Sending large.pdf (100 MB)",
        "25 % sent",
        "50 % sent",
        "75 % sent",
        "100 % sent",
    ]


def test_a_terminal_gets_a_bar_that_ends_full() -> None:
    display, shown = on_terminal()
    with display:
        display.waiting("Starting the stack")
        display.step("postgres is ready")
        display.sending("scan.pdf", 500, 1000)
        display.job("scan.pdf", read_job(a_job(progress_percent=50, completed_pages=2)))
        display.note("worker died and is started again")
        display.job("scan.pdf", read_job(a_finished_job(message="Completed: 4 pages")))
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.getvalue()).splitlines()[-1]
    assert last.startswith("Completed: 4 pages ━")
    assert "4/4 pages" in last
    assert len(last) <= 80
    assert "worker died and is started again" in shown.getvalue()


def test_brackets_in_a_name_are_text_not_markup() -> None:
    display, shown = on_terminal(names=True)
    with display:
        display.note("[bold]draft[/bold].pdf")
        display.job("[red]x", read_job(a_job()))
    assert "[bold]draft[/bold].pdf" in shown.getvalue()
    assert "[red]x: Processing chunk 1/2" in shown.getvalue()


def test_after_its_end_a_terminals_display_still_tells() -> None:
    display, shown = on_terminal()
    with display:
        pass
    display.waiting("Stopping the stack")
    assert "Stopping the stack" in shown.getvalue()


def test_quiet_tells_nothing() -> None:
    stream = io.StringIO()
    with display_on(stream, quiet=True) as display:
        assert isinstance(display, Silent)
        display.note("a")
        display.waiting("b")
        display.step("c")
        display.sending("d", 1, 2)
        display.job("e", read_job(a_job()))
    assert stream.getvalue() == ""
