"""The API keys: made by people, used by machines, never removed but revoked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID, uuid4

from common.access import Caller, Scope
from common.errors import Conflict
from infra.auth.api_keys import ApiKey
from infra.database.ownership import OWN_KEYS
from infra.database.pool import Pool

#: Keys that one owner may have at a time: machines, not requests.
MAX_KEYS: Final = 100


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as its owner sees it: without its secret."""

    id: UUID
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    matters: tuple[str, ...] | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that counts, and in whose name."""

    id: UUID
    caller: Caller


class PostgresApiKeys:
    """The api_keys table. Every method is one transaction."""

    CREATE: Final[LiteralString] = """
        INSERT INTO api_keys (id, owner, name, prefix, secret_hash, scopes, matters, expires_at)
        SELECT %(id)s, %(owner)s, %(name)s, %(prefix)s, %(secret_hash)s, %(scopes)s,
               %(matters)s::text[], now() + %(lifetime)s::interval
         WHERE (SELECT count(*) FROM api_keys
                 WHERE owner = %(owner)s AND revoked_at IS NULL
                   AND (expires_at IS NULL OR expires_at > now())) < %(most)s
        RETURNING *
    """

    # Keys stay in the table, so the last one of a page is always there to go on from.
    LIST: Final[LiteralString] = f"""
        SELECT * FROM api_keys
         WHERE {OWN_KEYS}
           AND (%(after)s::uuid IS NULL
                OR (created_at, id) < (SELECT created_at, id FROM api_keys AS last
                                        WHERE last.id = %(after)s AND last.owner = %(owner)s))
         ORDER BY created_at DESC, id DESC LIMIT %(limit)s
    """  # noqa: S608 - put together of constants

    # The first revocation is the one that counts.
    REVOKE: Final[LiteralString] = f"""
        UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())
         WHERE id = %(id)s AND {OWN_KEYS}
    """  # noqa: S608 - put together of constants

    FIND: Final[LiteralString] = """
        SELECT id, owner, secret_hash, scopes, matters,
               last_used_at IS NULL OR last_used_at < now() - interval '1 minute' AS is_quiet
          FROM api_keys
         WHERE prefix = %(prefix)s AND revoked_at IS NULL
           AND (expires_at IS NULL OR expires_at > now())
    """

    # Looked at again: of many requests at once, one writes.
    TOUCH: Final[LiteralString] = """
        UPDATE api_keys SET last_used_at = now()
         WHERE id = %(id)s
           AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def create(
        self,
        key: ApiKey,
        *,
        owner: str,
        name: str,
        scopes: tuple[Scope, ...],
        matters: tuple[str, ...] | None,
        lifetime: timedelta | None,
    ) -> KeyView:
        """Keep a new key. Conflict where the owner has as many as there may be."""
        values = {
            "id": uuid4(),
            "owner": owner,
            "name": name,
            "prefix": key.prefix,
            "secret_hash": key.digest,
            "scopes": [scope.value for scope in scopes],
            "matters": None if matters is None else list(matters),
            "lifetime": lifetime,
            "most": MAX_KEYS,
        }
        with self._pool.connection() as connection:
            row = connection.execute(self.CREATE, values).fetchone()
        if row is None:
            raise Conflict(
                f"There may be {MAX_KEYS} keys at a time. Revoke one that is not needed.",
                code="TOO_MANY_KEYS",
            )
        return _view(row)

    def page(
        self,
        owner: str,
        *,
        matters: list[str] | None = None,
        after: UUID | None,
        limit: int,
    ) -> list[KeyView]:
        """Return the owner's keys behind key `after`, the newest first.

        Of a caller who is limited to `matters`, only keys that are good for no others.
        """
        values = {"owner": owner, "matters": matters, "after": after, "limit": limit}
        with self._pool.connection() as connection:
            return [_view(row) for row in connection.execute(self.LIST, values)]

    def revoke(self, key_id: UUID, owner: str, *, matters: list[str] | None = None) -> bool:
        """Have the key count no more. False where the owner, or that caller, has no such key."""
        values = {"id": key_id, "owner": owner, "matters": matters}
        with self._pool.connection() as connection:
            cursor = connection.execute(self.REVOKE, values)
        return cursor.rowcount == 1

    def identify(self, key: ApiKey) -> KnownKey | None:
        """Return in whose name the key counts; None where it does not count."""
        with self._pool.connection() as connection:
            row = connection.execute(self.FIND, {"prefix": key.prefix}).fetchone()
            # Compared also where there is none, so that this takes as long.
            if not key.is_that_of(row["secret_hash"] if row else None) or row is None:
                return None
            if row["is_quiet"]:
                connection.execute(self.TOUCH, {"id": row["id"]})
        matters, scopes = row["matters"], frozenset(Scope(scope) for scope in row["scopes"])
        caller = Caller(row["owner"], None if matters is None else tuple(matters), scopes)
        return KnownKey(row["id"], caller)


def _view(row: dict[str, Any]) -> KeyView:
    matters = row["matters"]
    return KeyView(
        id=row["id"],
        name=row["name"],
        prefix=row["prefix"],
        scopes=tuple(Scope(scope) for scope in row["scopes"]),
        matters=None if matters is None else tuple(matters),
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )
