"""Credits: one is one page. The account's row lock makes every change exact; the ledger says why.

What ends a job settles its reservation by a trigger (0002_control.sql), in the same transaction.
"""

from __future__ import annotations

from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import Connection

from common.errors import InsufficientCredits
from common.models import CreditAccount, CreditEntry
from infra.database.ownership import OWN_JOBS
from infra.database.pool import Pool

# Empty where the account is not there or holds too little: nothing is written then.
RESERVE: Final[LiteralString] = """
    WITH paid AS (
        UPDATE credit_accounts
           SET available = available - %(pages)s, reserved = reserved + %(pages)s
         WHERE owner = %(owner)s AND available >= %(pages)s
        RETURNING owner
    ), entry AS (
        INSERT INTO credit_ledger (owner, kind, available_change, reserved_change, job_id, round)
        SELECT owner, 'reserved', -%(pages)s, %(pages)s, %(job_id)s, %(round)s FROM paid
    )
    UPDATE jobs SET credits_reserved = %(pages)s
      FROM paid WHERE jobs.id = %(job_id)s
"""


def reserve(
    connection: Connection[Any], *, owner: str, job_id: UUID, attempt: int, pages: int
) -> None:
    """Set pages aside for a job whose row the transaction holds; `attempt` counts its retries.

    Raises InsufficientCredits, after which the transaction is to be rolled back.
    """
    values = {"owner": owner, "job_id": job_id, "round": attempt, "pages": pages}
    if connection.execute(RESERVE, values).rowcount == 0:
        raise InsufficientCredits(
            f"The document has {pages} pages to read, and your credits do not cover them."
        )


class PostgresCredits:
    """Accounts and their ledger."""

    GRANT: Final[LiteralString] = """
        WITH account AS (
            INSERT INTO credit_accounts (owner, available) VALUES (%(owner)s, %(pages)s)
            ON CONFLICT (owner) DO UPDATE
               SET available = credit_accounts.available + excluded.available
        )
        INSERT INTO credit_ledger (owner, kind, available_change, reserved_change, note)
        VALUES (%(owner)s, 'granted', %(pages)s, 0, %(note)s)
        RETURNING id
    """

    ACCOUNT: Final[LiteralString] = """
        SELECT available, reserved FROM credit_accounts WHERE owner = %(owner)s
    """

    ENTRIES: Final[LiteralString] = f"""
        SELECT id, kind, available_change, reserved_change, job_id, note, at
          FROM credit_ledger
         WHERE owner = %(owner)s AND (%(before)s::bigint IS NULL OR id < %(before)s)
           AND (%(matters)s::text[] IS NULL OR job_id IS NULL
                OR EXISTS (SELECT FROM jobs WHERE jobs.id = job_id AND {OWN_JOBS}))
         ORDER BY id DESC LIMIT %(limit)s
    """  # noqa: S608 - put together of constants

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def grant(self, owner: str, pages: int, note: str | None = None) -> None:
        """Give an owner credits for `pages` more pages."""
        values = {"owner": owner, "pages": pages, "note": note}
        with self._pool.connection() as connection:
            connection.execute(self.GRANT, values)

    def account(self, owner: str) -> CreditAccount:
        """Return what an owner has; nothing where nobody ever granted any."""
        with self._pool.connection() as connection:
            row = connection.execute(self.ACCOUNT, {"owner": owner}).fetchone()
        return CreditAccount(**row) if row else CreditAccount(available=0, reserved=0)

    def entries(
        self,
        owner: str,
        *,
        matters: list[str] | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[CreditEntry]:
        """Return the ledger's entries, the newest first, those with an id below `before`.

        With `matters`, only grants and what jobs of these matters have cost.
        """
        values = {"owner": owner, "matters": matters, "before": before, "limit": limit}
        with self._pool.connection() as connection:
            rows = connection.execute(self.ENTRIES, values).fetchall()
        return [CreditEntry(**row) for row in rows]
