"""Credits that operators give, each once however often it is asked for."""

from __future__ import annotations

from typing import Final, LiteralString

from common.errors import InvalidRequest
from infra.database.credits import PostgresCredits
from infra.database.pool import Pool


class PostgresGrants:
    """Who gave whom how many credits."""

    # A twin that has not committed yet is waited for.
    LOCK: Final[LiteralString] = """
        SELECT pg_advisory_xact_lock(hashtextextended(%(by)s::text || ' ' || %(key)s::text, 0))
    """

    KNOWN: Final[LiteralString] = """
        SELECT owner, available_change AS pages, note
          FROM credit_grants JOIN credit_ledger ON id = entry_id
         WHERE granted_by = %(by)s AND key = %(key)s
    """

    RECORD: Final[LiteralString] = """
        INSERT INTO credit_grants (entry_id, granted_by, key)
        VALUES (%(entry_id)s, %(by)s, %(key)s)
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def grant(
        self, *, owner: str, pages: int, note: str | None, by: str, key: str | None = None
    ) -> bool:
        """Give an owner credits for `pages` more pages; False where that was done by this key.

        A key is the granter's own. Raises InvalidRequest IDEMPOTENCY_KEY_REUSED (422) where it
        was used for another grant.
        """
        wanted = {"owner": owner, "pages": pages, "note": note}
        values = {**wanted, "by": by, "key": key}
        with self._pool.connection() as connection:
            if key is not None:
                connection.execute(self.LOCK, values)
                known = connection.execute(self.KNOWN, values).fetchone()
                if known == wanted:
                    return False
                if known is not None:
                    raise InvalidRequest(
                        "This Idempotency-Key was used for another grant. Send a new key with it.",
                        code="IDEMPOTENCY_KEY_REUSED",
                        status=422,
                    )
            entry = connection.execute(PostgresCredits.GRANT, values).fetchone()
            assert entry is not None
            connection.execute(self.RECORD, {**values, "entry_id": entry["id"]})
        return True
