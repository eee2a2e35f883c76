"""A job's log lines on their way to the database: batched, bounded, and in nobody's way."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from uuid import UUID, uuid4

import psycopg
import pytest

from common.access import Caller
from common.log_context import logging_for
from infra.database.job_logs import PostgresJobLogs, StoredLine
from infra.database.pool import Pool, open_pool
from infra.job_log import JobLogHandler
from infra.log_lines import LogLine
from infra.settings import DatabaseSettings
from tests.e2e.quire_client import wait_for
from tests.world import World

ALICE = Caller("alice")
LOGGER = "functions.pipeline.testing"


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
def handler(paper: Paper, pause: float) -> Iterator[JobLogHandler]:
    with attached(JobLogHandler(paper.write, patience=0.5, pause=pause)) as handler:
        yield handler


class attached:  # noqa: N801 - used like a function
    """Has a handler hear our loggers for a while."""

    def __init__(self, handler: JobLogHandler) -> None:
        self.handler = handler

    def __enter__(self) -> JobLogHandler:
        logger = logging.getLogger("functions")
        logger.addHandler(self.handler)
        logger.setLevel(logging.INFO)
        return self.handler

    def __exit__(self, *_: object) -> None:
        logger = logging.getLogger("functions")
        logger.removeHandler(self.handler)
        logger.setLevel(logging.NOTSET)


def say(message: str, job_id: UUID, level: int = logging.INFO) -> None:
    logging.getLogger(LOGGER).log(level, message, extra={"job_id": str(job_id)})


def read(
    pool: Pool, job_id: UUID, caller: Caller = ALICE, after: int = 0, level: str = "INFO"
) -> list[StoredLine]:
    logs = PostgresJobLogs(pool)
    return logs.read(job_id, caller, after=after, limit=10_000, least_level=level)


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
    assert 0.4 < time.monotonic() - began < 2
    paper.gate.set()
    wait_for(lambda: paper.messages == ["slow"], "the line to be written", 10)


@pytest.mark.parametrize("pause", [0.3])
def test_a_database_that_is_away_costs_nothing_after_the_first_try_and_loses_nothing(
    handler: JobLogHandler, paper: Paper
) -> None:
    paper.away = True
    job_id = uuid4()
    began = time.monotonic()
    for number in range(50):
        say(f"line {number}", job_id, logging.WARNING)
    assert time.monotonic() - began < 0.3
    paper.away = False
    wait_for(lambda: len(paper.messages) == 50, "the lines to be written", 10)
    assert paper.messages == [f"line {number}" for number in range(50)]


@pytest.mark.parametrize("pause", [0.01])
def test_lines_that_can_never_be_written_are_forgotten(
    handler: JobLogHandler, paper: Paper
) -> None:
    paper.away = True
    say("lost", uuid4(), logging.WARNING)
    wait_for(lambda: handler._done == 1, "the line to be given up", 10)
    paper.away = False
    say("kept", uuid4(), logging.WARNING)
    assert paper.messages == ["kept"]


def test_a_flood_keeps_the_newest_lines_in_bounds(handler: JobLogHandler, paper: Paper) -> None:
    job_id = uuid4()
    for number in range(6000):
        say(f"line {number}", job_id)
    handler.flush()
    wait_for(lambda: len(paper.messages) == 5000, "the lines to be written", 10)
    assert paper.messages[0] == "line 1000"
    assert max(len(batch) for batch in paper.batches) <= 500


def test_an_event_loop_does_not_wait(handler: JobLogHandler, paper: Paper) -> None:
    paper.gate.clear()

    async def say_it() -> float:
        began = time.monotonic()
        say("in a loop", uuid4(), logging.WARNING)
        return time.monotonic() - began

    assert asyncio.run(say_it()) < 0.3
    paper.gate.set()
    wait_for(lambda: paper.messages == ["in a loop"], "the line to be written", 10)


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
    wait_for(lambda: len(paper.messages) == 1600, "the lines to be written", 10)
    assert len(set(paper.messages)) == 1600


def test_a_forked_child_writes_its_own_lines_and_not_its_parents(
    world: World, database_url: str
) -> None:
    job_id, _ = world.add_job(1)
    pools: list[Pool] = []

    def write(lines: Sequence[LogLine]) -> None:
        if not pools:
            pools.append(open_pool(DatabaseSettings(url=database_url)))
        PostgresJobLogs(pools[0]).write(lines)

    with attached(JobLogHandler(write)) as handler:
        say("the parent's", job_id)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                say("the child's", job_id)
                handler.flush()
                status = 0
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        assert status == 0
        handler.flush()
    pools[0].close()
    wait_for(lambda: len(read(world.pool, job_id)) == 2, "both lines", 10)
    assert [line.message for line in read(world.pool, job_id)] == ["the child's", "the parent's"]


def test_a_process_that_is_killed_right_after_its_warning_has_written_it(
    world: World, database_url: str
) -> None:
    job_id, _ = world.add_job(1)

    def write(lines: Sequence[LogLine]) -> None:
        with open_pool(DatabaseSettings(url=database_url)) as pool:
            PostgresJobLogs(pool).write(lines)

    with attached(JobLogHandler(write, patience=10)):
        child = os.fork()
        if child == 0:
            say("before", job_id)
            say("the last word", job_id, logging.WARNING)
            say("lost", job_id)
            os.kill(os.getpid(), signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    wait_for(lambda: len(read(world.pool, job_id)) == 2, "the lines", 10)
    assert [line.message for line in read(world.pool, job_id)] == ["before", "the last word"]


def test_lines_are_read_as_they_were_said_by_their_owner_alone(world: World) -> None:
    job_id, _ = world.add_job(1)
    with attached(JobLogHandler(PostgresJobLogs(world.pool).write)) as handler:
        with logging_for(job_id, chunk_index=3, attempt=2):
            say("read", job_id)
            logging.getLogger(LOGGER).warning("put back", extra={"code": "OCR_TIMEOUT"})
        handler.flush()
    wait_for(lambda: len(read(world.pool, job_id)) == 2, "both lines", 10)
    first, second = read(world.pool, job_id)
    assert (first.message, first.level, first.chunk_index, first.attempt) == ("read", "INFO", 3, 2)
    assert (second.message, second.fields) == ("put back", {"code": "OCR_TIMEOUT"})
    assert read(world.pool, job_id, after=first.id) == [second]
    assert read(world.pool, job_id, level="WARNING") == [second]
    assert read(world.pool, job_id, Caller("mallory")) == []
    assert read(world.pool, job_id, Caller("alice", matters=("m1",))) == []


def test_lines_of_a_job_that_is_gone_take_no_others_along(world: World) -> None:
    job_id, _ = world.add_job(1)
    with attached(JobLogHandler(PostgresJobLogs(world.pool).write)) as handler:
        say("gone", uuid4())
        say("there", job_id)
        handler.flush()
    wait_for(lambda: read(world.pool, job_id), "the line", 10)
    assert [line.message for line in read(world.pool, job_id)] == ["there"]
    world.one("DELETE FROM documents RETURNING id")
    assert world.one("SELECT count(*) AS lines FROM job_logs") == {"lines": 0}


def test_a_reader_that_pages_by_id_never_passes_a_line_by(world: World, database_url: str) -> None:
    job_id, _ = world.add_job(1)
    logs = PostgresJobLogs(world.pool)
    with psycopg.connect(database_url) as slow:
        # A writer that has drawn its id, and has not committed it yet.
        slow.execute(
            "INSERT INTO job_logs (job_id, at, level, logger, message, written_by) VALUES"
            " (%s, now(), 'INFO', 'functions.a', 'early', pg_current_xact_id())",
            (job_id,),
        )
        with attached(JobLogHandler(logs.write)) as handler:
            say("late", job_id)
            handler.flush()
        assert read(world.pool, job_id) == []
        slow.commit()
    wait_for(lambda: len(read(world.pool, job_id)) == 2, "both lines", 10)
    assert [line.message for line in read(world.pool, job_id)] == ["early", "late"]


def test_a_transaction_that_stays_open_hides_lines_for_a_minute_only(
    world: World, database_url: str
) -> None:
    job_id, _ = world.add_job(1)
    with psycopg.connect(database_url) as open_for_hours:
        open_for_hours.execute("SELECT pg_current_xact_id()")
        with attached(JobLogHandler(PostgresJobLogs(world.pool).write)) as handler:
            say("hidden", job_id)
            handler.flush()
        assert read(world.pool, job_id) == []
        world.one("UPDATE job_logs SET at = at - interval '2 minutes' RETURNING id")
        assert len(read(world.pool, job_id)) == 1
