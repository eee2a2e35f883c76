"""A recovery of ten thousand documents is as many statements as of one, and takes seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from common.recovery import Strategy
from infra.database.batch_recovery import PostgresRecoveries
from infra.database.pool import Pool
from tests.contract.recovery_fixtures import ALICE, batch
from tests.world import World

MANY = 10_000

# Every second document lacks a chunk of three, every tenth could not be opened.
FAIL = """
    WITH failed AS (
        UPDATE jobs
           SET status = CASE WHEN batch_position %% 10 = 0 THEN 'failed'
                             WHEN batch_position %% 2 = 0 THEN 'completed_with_errors'
                             ELSE 'completed' END,
               stage = CASE WHEN batch_position %% 10 = 0 THEN 'splitting' ELSE 'merging' END,
               total_chunks = CASE WHEN batch_position %% 10 = 0 THEN 0 ELSE 3 END,
               completed_chunks = CASE WHEN batch_position %% 10 = 0 THEN 0
                                       ELSE 3 - (batch_position %% 2 = 0)::int END,
               failed_chunks = CASE WHEN batch_position %% 10 = 0 THEN 0
                                    ELSE (batch_position %% 2 = 0)::int END,
               total_pages = 3, completed_pages = 2, failed_pages = 1,
               error_code = CASE WHEN batch_position %% 10 = 0 THEN 'SERVICE_MISCONFIGURED' END,
               finished_at = now()
         WHERE batch_id = %(batch)s
        RETURNING id, status
    ), done AS (
        UPDATE batches SET status = 'completed_with_errors', unfinished = 0, finished_at = now()
         WHERE id = %(batch)s
    )
    INSERT INTO chunks (id, job_id, index, page_start, page_end, status, source_bucket,
                        source_object, result_storage_path, result_checksum, failed_pages,
                        error_code, error_message)
    SELECT gen_random_uuid(), failed.id, n, n + 1, n + 1,
           CASE WHEN is_bad THEN 'failed' ELSE 'completed' END, 'b', 'o', 'p', 'c',
           is_bad::int, CASE WHEN is_bad THEN 'TASK_TIMEOUT' END, CASE WHEN is_bad THEN 'No.' END
      FROM failed, generate_series(0, 2) AS n,
           LATERAL (SELECT n = 1 AND failed.status = 'completed_with_errors' AS is_bad) AS verdict
     WHERE failed.status <> 'failed'
"""


class Counted:
    """Stands for a pool, and counts what is executed."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self.statements = 0
        self._connection = connection

    @contextmanager
    def connection(self) -> Iterator[Counted]:
        yield self

    def transaction(self) -> Any:
        return self._connection.transaction()

    def execute(self, *args: Any) -> Any:
        self.statements += 1
        return self._connection.execute(*args)


def failed_batch(world: World, documents: int) -> UUID:
    origin, _ = world.add_batch(documents)
    with world.pool.connection() as connection:
        # What is counted is set here as a whole.
        connection.execute("ALTER TABLE jobs DISABLE TRIGGER USER")
        connection.execute(FAIL, {"batch": origin})
        connection.execute("ALTER TABLE jobs ENABLE TRIGGER USER")
    return origin


def recovered(url: str, origin: UUID) -> tuple[int, float, UUID]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        counted = Counted(connection)
        began = time.monotonic()
        made = PostgresRecoveries(cast(Pool, counted)).recover(
            origin, ALICE, strategy=Strategy.SELECTIVE
        )
        return counted.statements, time.monotonic() - began, made.batch_id


@pytest.mark.parametrize("documents", [10, MANY])
def test_a_recovery_takes_ten_statements_however_many_documents_failed(
    world: World, database_url: str, documents: int
) -> None:
    origin = failed_batch(world, documents)
    statements, seconds, made = recovered(database_url, origin)
    print(f"{documents} documents: {statements} statements, {seconds:.2f} s")
    assert statements == 10
    assert batch(world, made) == ("processing", documents // 2, documents // 2)
    assert batch(world, origin) == ("processing", documents, documents // 2)
