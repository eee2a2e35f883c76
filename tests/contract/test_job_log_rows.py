"""A job's log lines in the database: from forked and killed processes, to their owner alone."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Sequence
from uuid import UUID, uuid4

import psycopg

from common.access import Caller
from common.log_context import logging_for
from infra.database.job_logs import PostgresJobLogs, StoredLine
from infra.database.pool import Pool, open_pool
from infra.job_log import JobLogHandler
from infra.log_lines import LogLine
from infra.settings import DatabaseSettings
from tests.contract.job_log_fixtures import LOGGER, attached, say
from tests.e2e.quire_client import wait_for
from tests.world import World

ALICE = Caller("alice")


def read(
    pool: Pool, job_id: UUID, caller: Caller = ALICE, after: int = 0, level: str = "INFO"
) -> list[StoredLine]:
    logs = PostgresJobLogs(pool)
    return logs.read(job_id, caller, after=after, limit=10_000, least_level=level)


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
