"""Gives out turns: what goes to the broker now, and is marked as sent before it is.

One at a time, under the lock of one row; by what rule, common.turns says. What is marked here and
then not sent is found by maintain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import DictRow

from common.models import (
    ChunkId,
    ChunkRef,
    DocumentId,
    DocumentsRef,
    Given,
    JobId,
    LargeDocument,
    ObjectRef,
    Priority,
)
from common.turns import Lane, Round, Turn, give
from infra.database import turn_statements as sql
from infra.database.pool import Pool


class PostgresTurns:
    """What waits in Postgres, and what of it may start."""

    def __init__(
        self, pool: Pool, *, window: int, documents_per_message: int, small_document_bytes: int
    ) -> None:
        self._pool = pool
        self._window = window
        self._parts = documents_per_message
        self._values = {
            "parts": documents_per_message,
            "small": small_document_bytes,
            # As much as one round could give to one lane is all that needs to be counted.
            "most": window,
            "low": max(1, window // 2),
        }

    def give(self, *, something_new: bool) -> Given:
        """Mark what is to be sent, and return it. Cheap where nothing waits or no place is free.

        With `something_new` a full window is looked at, too: somebody may have come who has
        nothing in it.
        """
        with self._pool.connection() as connection:
            if not self._is_due(connection, something_new):
                return Given()
            before = connection.execute(sql.LOCK).fetchone()
            assert before is not None
            sent = {Priority.HIGH: before["high_sent"], Priority.NORMAL: before["normal_sent"]}
            lanes = [_lane(row) for row in connection.execute(sql.LANES, self._values)]
            round_ = give(lanes, window=self._window, parts=self._parts, sent=sent)
            chunks = self._chunks(connection, round_.turns)
            documents, large = self._documents(connection, round_)
            for priority, places in round_.promotions:
                helped = self._promote(connection, priority, places)
                chunks += helped.chunks
                documents += helped.documents
            for priority, places in round_.renewals:
                renewed = self._renew(connection, priority, places)
                chunks += renewed.chunks
                documents += renewed.documents
            named = {priority.value: round_.sent.get(priority, 0) for priority in sent}
            connection.execute(sql.SENT, named)
        return Given(tuple(chunks), tuple(documents), tuple(large))

    def _is_due(self, connection: Connection[DictRow], something_new: bool) -> bool:
        row = connection.execute(sql.LEVEL, self._values).fetchone()
        assert row is not None
        return bool(row["waits"] and (something_new or row["has_room"]))

    def _chunks(self, connection: Connection[DictRow], turns: Sequence[Turn]) -> list[ChunkRef]:
        asked = [turn for turn in turns if turn.chunks]
        if not asked:
            return []
        values = _wanted(asked, [turn.chunks // self._parts for turn in asked])
        rows = connection.execute(sql.TAKE_CHUNKS, values).fetchall()
        first = {_key(turn.lane) for turn in asked if turn.is_first}
        taken = []
        for row in sorted(rows, key=lambda row: (row["index"], str(row["job_id"]))):
            key = (row["priority"], row["owner"], row["lane"])
            taken.append(_chunk(row, Priority(row["priority"]), is_first=key in first))
            first.discard(key)
        return taken

    def _documents(
        self, connection: Connection[DictRow], round_: Round
    ) -> tuple[list[DocumentsRef], list[LargeDocument]]:
        asked = [turn for turn in round_.turns if turn.documents]
        if not asked:
            return [], []
        values = self._values | _wanted(asked, [turn.documents for turn in asked])
        rows = connection.execute(sql.TAKE_DOCUMENTS, values).fetchall()
        small: defaultdict[tuple[str, str, UUID], list[dict[str, Any]]] = defaultdict(list)
        large = []
        for row in sorted(rows, key=lambda row: row["batch_position"]):
            if row["is_small"]:
                small[row["priority"], row["owner"], row["batch_id"]].append(row)
            else:
                source = ObjectRef(row["bucket"], row["object"], row["generation"])
                large.append(LargeDocument(source, JobId(row["id"]), row["dispatches"]))
        first = {_key(turn.lane) for turn in asked if turn.is_first}
        queued = {_key(turn.lane): turn.lane.queued for turn in asked}
        messages = []
        for key, jobs in small.items():
            ids = [JobId(job["id"]) for job in jobs]
            # Few documents are shared among many workers; many travel together, also where they
            # only fill up what many have left. What else the batch has in the broker counts as
            # well: workers that have enough to do need no sharing out.
            size = min(self._parts, -(-(queued[key] + len(ids)) // round_.window))
            messages += [
                DocumentsRef(
                    tuple(ids[start : start + size]),
                    Priority(key[0]),
                    is_first=key in first and not start,
                )
                for start in range(0, len(ids), size)
            ]
        return messages, large

    def _promote(self, connection: Connection[DictRow], ahead: Priority, places: int) -> Given:
        """Send what has waited longest below once more, in the places of those it waits for.

        The classes below take turns, whoever of them has waited longer.
        """
        order = tuple(Priority)
        below = order[order.index(ahead) + 1 :]
        turn = connection.execute(sql.PROMOTION).fetchone()
        assert turn is not None
        if turn["promotions"] % 2:
            below = below[::-1]
        chunks: list[ChunkRef] = []
        documents: list[DocumentsRef] = []
        for priority in below:
            left = places - len(chunks) - len(documents)
            if left <= 0:
                break
            values: dict[str, object] = {
                "priority": priority.value,
                "ahead": ahead.value,
                "places": left,
            }
            found = connection.execute(sql.PROMOTE_CHUNKS, values).fetchall()
            chunks += [_chunk(row, ahead, is_first=True) for row in found]
            left -= len(found)
            if left > 0:
                values |= self._values | {"places": left * self._parts}
                ids = [JobId(row["id"]) for row in connection.execute(sql.PROMOTE_JOBS, values)]
                documents += [
                    DocumentsRef(tuple(ids[start : start + self._parts]), ahead, is_first=True)
                    for start in range(0, len(ids), self._parts)
                ]
        return Given(tuple(chunks), tuple(documents))

    def _renew(self, connection: Connection[DictRow], priority: Priority, places: int) -> Given:
        """Send what has lain in the broker longest once more, ahead of its priority."""
        values = self._values | {"priority": priority.value, "places": places}
        chunks = connection.execute(sql.RENEW_CHUNKS, values).fetchall()
        left = places - len(chunks)
        jobs = connection.execute(sql.RENEW_JOBS, values | {"places": left * self._parts})
        ids = [JobId(row["id"]) for row in jobs]
        return Given(
            tuple(_chunk(row, priority, is_first=True) for row in chunks),
            tuple(
                DocumentsRef(tuple(ids[start : start + self._parts]), priority, is_first=True)
                for start in range(0, len(ids), self._parts)
            ),
        )


def _lane(row: dict[str, Any]) -> Lane:
    return Lane(
        priority=Priority(row["priority"]),
        owner=row["owner"],
        id=row["lane"],
        waiting_chunks=row["waiting_chunks"],
        waiting_documents=row["waiting_documents"],
        queued=row["queued"],
        processing=row["processing"],
    )


def _key(lane: Lane) -> tuple[str, str, UUID]:
    return lane.priority.value, lane.owner, lane.id


def _wanted(turns: Iterable[Turn], amounts: Sequence[int]) -> dict[str, Any]:
    keys = [_key(turn.lane) for turn in turns]
    return {
        "priorities": [key[0] for key in keys],
        "owners": [key[1] for key in keys],
        "lanes": [key[2] for key in keys],
        "amounts": list(amounts),
    }


def _chunk(row: dict[str, Any], priority: Priority, *, is_first: bool = False) -> ChunkRef:
    return ChunkRef(
        ChunkId(row["id"]), DocumentId(row["document_id"]), row["index"], priority, is_first
    )
