"""A job's log lines on their way to the database: batched, bounded, and in nobody's way."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from uuid import uuid4

import psycopg
import pytest

from infra.job_log import JobLogHandler
from infra.log_lines import LogLine
from tests.contract.job_log_fixtures import LOGGER, attached, say
from tests.e2e.quire_client import wait_for


class Paper:
    """Takes what is written, and may be away, slow, or loud about it."""

    def __init__(self) -> None:
        self.batches: list[list[LogLine]] = []
        self.away = False
        self.gate = threading.Event()
        self.gate.set()

    def write(self, lines: Sequence[LogLine]) -> None:
        self.gate.wait(30)
        logging.getLogger(LOGGER).warning("writing", extra={"job_id": str(lines[0].job_id)})
        if self.away:
            raise psycopg.OperationalError("away")
        self.batches.append(list(lines))

    @property
    def messages(self) -> list[str]:
        return [line.message for batch in self.batches for line in batch]


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def pause() -> float:
    """Seconds without a try after one that failed."""
    return 5.0


@pytest.fixture
def patience() -> float:
    """Seconds that a warning may cost."""
    return 0.5


@pytest.fixture
def handler(paper: Paper, patience: float, pause: float) -> Iterator[JobLogHandler]:
    with attached(JobLogHandler(paper.write, patience=patience, pause=pause)) as handler:
        yield handler


def test_information_waits_for_the_end_of_the_use_case_and_goes_in_one_batch(
    handler: JobLogHandler, paper: Paper
) -> None:
    job_id = uuid4()
    for number in range(5):
        say(f"line {number}", job_id)
    assert paper.batches == []
    handler.flush()
    assert len(paper.batches) == 1
    assert paper.messages == [f"line {number}" for number in range(5)]
    handler.flush()
    assert len(paper.batches) == 1


def test_a_warning_is_written_by_the_time_that_it_was_said_with_all_before_it(
    handler: JobLogHandler, paper: Paper
) -> None:
    job_id = uuid4()
    say("before", job_id)
    say("the warning", job_id, logging.WARNING)
    assert paper.messages == ["before", "the warning"]


def test_what_writing_logs_is_not_written_again(handler: JobLogHandler, paper: Paper) -> None:
    say("once", uuid4(), logging.ERROR)
    handler.flush()
    assert paper.messages == ["once"]


def test_a_database_that_does_not_answer_costs_the_patience_and_no_more(
    handler: JobLogHandler, paper: Paper
) -> None:
    paper.gate.clear()
    began = time.monotonic()
    say("slow", uuid4(), logging.WARNING)
    assert 0.4 < time.monotonic() - began < 20, "its own time is half a minute"
    paper.gate.set()
    wait_for(lambda: paper.messages == ["slow"], "the line to be written", 60)


@pytest.mark.parametrize("pause", [0.3])
def test_a_database_that_is_away_costs_nothing_after_the_first_try_and_loses_nothing(
    handler: JobLogHandler, paper: Paper
) -> None:
    paper.away = True
    job_id = uuid4()
    began = time.monotonic()
    for number in range(50):
        say(f"line {number}", job_id, logging.WARNING)
    # Waiting for each would take 25 s.
    assert time.monotonic() - began < 10
    paper.away = False
    wait_for(lambda: len(paper.messages) == 50, "the lines to be written", 60)
    assert paper.messages == [f"line {number}" for number in range(50)]


@pytest.mark.parametrize("pause", [0.01])
def test_lines_that_can_never_be_written_are_forgotten(
    handler: JobLogHandler, paper: Paper
) -> None:
    paper.away = True
    say("lost", uuid4(), logging.WARNING)
    wait_for(lambda: handler._done == 1, "the line to be given up", 60)
    paper.away = False
    say("kept", uuid4(), logging.WARNING)
    assert paper.messages == ["kept"]


def test_a_flood_keeps_the_newest_lines_in_bounds(handler: JobLogHandler, paper: Paper) -> None:
    job_id = uuid4()
    for number in range(6000):
        say(f"line {number}", job_id)
    handler.flush()
    wait_for(lambda: len(paper.messages) == 5000, "the lines to be written", 60)
    assert paper.messages[0] == "line 1000"
    assert max(len(batch) for batch in paper.batches) <= 500


@pytest.mark.parametrize("patience", [25.0])
def test_an_event_loop_does_not_wait(handler: JobLogHandler, paper: Paper) -> None:
    paper.gate.clear()

    async def say_it() -> float:
        began = time.monotonic()
        say("in a loop", uuid4(), logging.WARNING)
        return time.monotonic() - began

    assert asyncio.run(say_it()) < 10
    paper.gate.set()
    wait_for(lambda: paper.messages == ["in a loop"], "the line to be written", 60)


def test_many_threads_lose_no_line(handler: JobLogHandler, paper: Paper) -> None:
    job_id = uuid4()

    def talk(name: int) -> None:
        for number in range(200):
            level = logging.WARNING if number % 20 == 0 else logging.INFO
            say(f"{name}:{number}", job_id, level)

    threads = [threading.Thread(target=talk, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handler.flush()
    wait_for(lambda: len(paper.messages) == 1600, "the lines to be written", 60)
    assert len(set(paper.messages)) == 1600
