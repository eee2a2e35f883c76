"""Small documents, several at once: each statement is for all of them, whatever their number.

Locks are taken in one order: a chunk's row, its job's, a key's reader, its result, the owner's
account, the document's, the batches'; several rows of a table in the order of its key. Two things
differ. Who writes pages holds the documents against their removal, and nothing else, before all.
And a claim or a begin writes the documents right behind the jobs, as a splitter does, in no order
among them: where two jobs of one document are under way that may be a circle, and is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.rows import DictRow

from common.models import (
    CachedResult,
    ChunkId,
    ChunkWork,
    DocumentId,
    JobId,
    JobOptions,
    ObjectRef,
    Priority,
)
from common.pages import PageRange
from common.small_documents import Beginning, Begun, ReadDocument, Recorded, SmallDocument
from infra.database import page_rows
from infra.database import small_endings as ends
from infra.database import small_statements as sql
from infra.database.credits import reserve
from infra.database.deadlocks import tried_again
from infra.database.pool import Pool

Answer = TypeVar("Answer")

#: The same rows are locked in the same order by whom we know; of others one try is forgiven.
_TRIES = 3


class PostgresSmallDocuments:
    """Jobs of small documents on their way from a message to their end."""

    def __init__(
        self,
        pool: Pool,
        *,
        lease: timedelta,
        keep: timedelta | None = timedelta(days=30),
        credits_enabled: bool = False,
    ) -> None:
        """`keep` is how long a result may be used again; None to keep none."""
        self._pool = pool
        self._keep = keep
        self._lease = lease
        self._credits_enabled = credits_enabled

    def claim(self, job_ids: Sequence[JobId]) -> list[SmallDocument]:
        """Take the right to begin these jobs; those that are begun, paused or gone are left out.

        So are those that somebody steers or recovers just now: they wait for their turn again.
        """
        values = {"ids": list(job_ids), "lease": self._lease}

        rows = self._tried(lambda connection: connection.execute(sql.CLAIM, values).fetchall())
        if len(rows) < len(job_ids):
            self._tried(lambda connection: connection.execute(sql.DROPPED, values))
        return [_document(row) for row in rows]

    def begin(self, documents: Sequence[Beginning]) -> list[Begun]:
        """Plan each as one chunk; return those that are to be read now.

        One whose job was paused or cancelled meanwhile, or is another's by now, is left as it is.
        Raises InsufficientCredits, and nothing is written.
        """
        values = {
            "jobs": [each.document.job_id for each in documents],
            "attempts": [each.document.attempt for each in documents],
            "chunks": [each.chunk_id for each in documents],
            "pages": [each.pages for each in documents],
            "sizes": [each.size for each in documents],
            "sha256s": [each.sha256 for each in documents],
            "keys": [each.cache_key for each in documents],
            "waits": [each.waits for each in documents],
            "lease": self._lease,
        }

        begun, found = self._tried(lambda connection: self._begin(connection, values))
        return [
            Begun(each.document, _work(each, found.get(each.chunk_id)))
            for each in documents
            if each.document.job_id in begun and not each.waits
        ]

    def _begin(
        self, connection: Connection[DictRow], values: dict[str, Any]
    ) -> tuple[set[UUID], dict[UUID, CachedResult]]:
        with connection.pipeline():
            begins = connection.execute(sql.BEGIN, values)
            readers = connection.execute(sql.TAKE_READERS, values) if any(values["keys"]) else None
        rows = begins.fetchall()
        begun = {row["job_id"] for row in rows}
        found: dict[UUID, CachedResult] = {}
        if readers is not None:
            # Hardly ever is another at the same key.
            is_alone = all(row["is_ours"] for row in readers)
            if not is_alone:
                connection.execute(sql.TAKE_OVER, values)
            cursor = connection.execute(sql.FIND, values)
            found = {row["id"]: CachedResult(row["path"], row["checksum"]) for row in cursor}
            values = values | {"found": list(found)}
            if found:
                connection.execute(sql.COUNT_HITS, values)
            if not is_alone:
                begun -= {row["job_id"] for row in connection.execute(sql.STAND_BACK, values)}
        if self._credits_enabled:
            # Accounts are locked last. What they do not cover takes all of this back with it. What
            # was found has been paid for.
            paid = {
                job
                for job, chunk in zip(values["jobs"], values["chunks"], strict=True)
                if chunk in found
            }
            _reserve(connection, [row for row in rows if row["job_id"] not in paid])
        return begun, found

    def renew(self, documents: Sequence[SmallDocument]) -> Collection[JobId]:
        """Extend the leases of jobs and of their chunks; return whose are still ours."""
        values = {
            "jobs": [each.job_id for each in documents],
            "attempts": [each.attempt for each in documents],
            "lease": self._lease,
        }
        with self._pool.connection() as connection:
            waiting = connection.execute(sql.RENEW_JOBS, values).fetchall()
            # Jobs before chunks, so that one that is begun just now is found here or there; and not
            # held meanwhile, as everybody else locks chunks first.
            connection.commit()
            reading = connection.execute(sql.RENEW_CHUNKS, values).fetchall()
        return {JobId(row["job_id"]) for row in (*waiting, *reading)}

    def record(self, documents: Sequence[ReadDocument]) -> Recorded:
        """End the jobs with their results and pages."""
        return self._tried(lambda connection: self._record(connection, documents))

    def _record(
        self, connection: Connection[DictRow], documents: Sequence[ReadDocument]
    ) -> Recorded:
        # From here on nobody can take one of them away, or pause it, until all is written.
        held = _held(connection, documents)
        counted = [each for each in documents if each.begun.document.job_id in held]
        if not counted:
            return Recorded(frozenset(), ())
        _write_pages(connection, counted)
        values = {
            "jobs": [each.begun.document.job_id for each in counted],
            "chunks": [each.begun.work.id for each in counted],
            "chunk_paths": [each.chunk_path for each in counted],
            "chunk_checksums": [each.chunk_checksum for each in counted],
            "paths": [each.result_path for each in counted],
            "checksums": [each.checksum for each in counted],
            "text_paths": [each.text_path for each in counted],
            "document_ids": [each.begun.document.document_id for each in counted],
            "keep": self._keep,
            "began": [each.began_ago for each in counted],
            "ended": [each.ended_ago for each in counted],
            "cached": [each.begun.work.cached is not None for each in counted],
            # Rows of other merges are there only where there was another.
            "again": [
                each.begun.document.document_id
                for each in counted
                if (each.begun.document.run, each.begun.document.attempt) != (1, 1)
            ],
        }
        with connection.pipeline():
            if any(each.begun.work.cache_key for each in counted):
                connection.execute(ends.LEAVE_OFF, values)
                if self._keep is not None:
                    connection.execute(ends.KEEP, values)
            connection.execute(ends.LOCK_ACCOUNTS, values)
            connection.execute(ends.TAKE_DOCUMENTS, values)
            batches = connection.execute(ends.LOCK_BATCHES, values)
            if values["again"]:
                connection.execute(ends.OUTDATED, values)
            finished = connection.execute(ends.RECORD, values)
        ended = finished.fetchall()
        to_announce: list[DictRow] = []
        if any(row["is_told"] for row in (*batches, *ended)):
            to_announce = connection.execute(ends.TO_ANNOUNCE, values).fetchall()
        return Recorded(
            frozenset(JobId(row["id"]) for row in ended),
            tuple(JobId(row["job_id"]) for row in to_announce),
        )

    def hand_on(self, document: SmallDocument) -> int | None:
        """Give up a claim for the ordinary way; return the number of its message to ingest."""
        values = {"job_id": document.job_id, "attempt": document.attempt}
        with self._pool.connection() as connection:
            row = connection.execute(sql.HAND_ON, values).fetchone()
        return row["dispatches"] if row else None

    def _tried(self, transaction: Callable[[Connection[DictRow]], Answer]) -> Answer:
        def once() -> Answer:
            with self._pool.connection() as connection:
                return transaction(connection)

        return tried_again(once, tries=_TRIES)


def _reserve(connection: Connection[DictRow], begun: Sequence[DictRow]) -> None:
    for row in sorted(begun, key=lambda row: row["owner"]):
        if not row["credits_reserved"]:
            reserve(
                connection,
                owner=row["owner"],
                job_id=row["job_id"],
                attempt=row["retries"],
                pages=row["pages"],
            )


def _held(connection: Connection[DictRow], documents: Sequence[ReadDocument]) -> set[UUID]:
    values = {
        "chunks": [each.begun.work.id for each in documents],
        "attempts": [each.begun.work.attempt for each in documents],
        "jobs": [each.begun.document.job_id for each in documents],
        "documents": [each.begun.document.document_id for each in documents],
    }
    with connection.pipeline():
        connection.execute(ends.LOCK_DOCUMENTS, values)
        chunks = connection.execute(ends.LOCK_CHUNKS, values)
        jobs = connection.execute(ends.LOCK_JOBS, values)
    mine = {row["job_id"] for row in chunks.fetchall()}
    return mine & {row["id"] for row in jobs.fetchall()}


def _write_pages(connection: Connection[Any], documents: Sequence[ReadDocument]) -> None:
    """Copy the rows of all documents, each under its job's attempt."""
    page_rows.copy(connection, [(_merge_of(each), each.pages) for each in documents])


def _merge_of(read: ReadDocument) -> page_rows.Merge:
    document = read.begun.document
    return page_rows.Merge(document.document_id, document.job_id, document.attempt)


def _document(row: DictRow) -> SmallDocument:
    return SmallDocument(
        job_id=JobId(row["id"]),
        document_id=DocumentId(row["document_id"]),
        owner=row["owner"],
        filename=row["filename"],
        source=ObjectRef(row["bucket"], row["object"], row["generation"]),
        run=row["run"],
        attempt=row["attempt"],
        options=msgspec.convert(row["options"], JobOptions),
        priority=Priority(row["priority"]),
        has_password=row["has_password"],
        sha256=row["sha256"],
    )


def _work(beginning: Beginning, cached: CachedResult | None) -> ChunkWork:
    document = beginning.document
    return ChunkWork(
        id=ChunkId(beginning.chunk_id),
        job_id=document.job_id,
        document_id=document.document_id,
        index=0,
        pages=PageRange(1, beginning.pages),
        source=document.source,
        run=document.run,
        attempt=1,
        failures=0,
        lost_leases=0,
        options=document.options,
        priority=document.priority,
        cache_key=beginning.cache_key,
        cached=cached,
    )
