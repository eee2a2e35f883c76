"""Idempotency keys: one key of one owner is one request, however often it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import Connection

from common.models import DocumentId, JobId
from infra.database.pool import Pool

# Whoever writes a key takes old ones out; rows that another one takes out are left to it.
FORGET: Final[LiteralString] = """
    DELETE FROM idempotency_keys
     WHERE (owner, key) IN (
           SELECT owner, key FROM idempotency_keys WHERE created_at < now() - %(age)s
            ORDER BY created_at LIMIT 100 FOR UPDATE SKIP LOCKED)
"""

# A twin that has not committed yet is waited for here. One that has leaves nothing to write.
REMEMBER: Final[LiteralString] = """
    INSERT INTO idempotency_keys (owner, key, fingerprint, job_id, batch_id, document_id)
    VALUES (%(owner)s, %(key)s, %(fingerprint)s, %(job_id)s, %(batch_id)s, %(document_id)s)
    ON CONFLICT (owner, key) DO UPDATE
       SET fingerprint = excluded.fingerprint, job_id = excluded.job_id,
           batch_id = excluded.batch_id, document_id = excluded.document_id, created_at = now()
     WHERE idempotency_keys.created_at < now() - %(age)s
"""

RECALL: Final[LiteralString] = """
    SELECT fingerprint, job_id, batch_id, document_id FROM idempotency_keys
     WHERE owner = %(owner)s AND key = %(key)s AND created_at >= now() - %(age)s
"""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """A key as its owner sent it, and what they asked for with it."""

    key: str
    #: SHA-256 of everything that makes it the same request, in hexadecimal.
    fingerprint: str


@dataclass(frozen=True, slots=True)
class KnownRequest:
    """What a key was used for, and which one thing was made then."""

    fingerprint: str
    job_id: JobId | None
    batch_id: UUID | None
    document_id: DocumentId | None


class KeyTaken(Exception):
    """Another request has used the key; the transaction is to be rolled back."""


def remember(
    connection: Connection[Any],
    *,
    owner: str,
    request: RequestKey,
    age: timedelta,
    job_id: UUID | None = None,
    batch_id: UUID | None = None,
    document_id: UUID | None = None,
) -> None:
    """Bind the key to the one thing that this transaction has made. Raises KeyTaken.

    `age` is how old a key may become before it is as if it had never been used.
    """
    connection.execute(FORGET, {"age": age})
    values = {
        "owner": owner,
        "key": request.key,
        "fingerprint": request.fingerprint,
        "job_id": job_id,
        "batch_id": batch_id,
        "document_id": document_id,
        "age": age,
    }
    if connection.execute(REMEMBER, values).rowcount == 0:
        raise KeyTaken


class PostgresRequestKeys:
    """What keys were used for."""

    def __init__(self, pool: Pool, *, age: timedelta) -> None:
        self._pool = pool
        self.age = age

    def recall(self, owner: str, key: str) -> KnownRequest | None:
        """Return what the owner's key was used for; None where it is new, or too old."""
        values = {"owner": owner, "key": key, "age": self.age}
        with self._pool.connection() as connection:
            row = connection.execute(RECALL, values).fetchone()
        return KnownRequest(**row) if row else None
