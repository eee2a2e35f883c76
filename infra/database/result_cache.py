"""Results that were read before, and who is reading what others wait for.

Equal chunks are read once: whoever is to read a key takes its row in `cache_readers` first, and
looks for a result afterwards. Locks are taken in one order everywhere: chunk, job, reader, result.
"""

from __future__ import annotations

from typing import Any, Final, LiteralString

from psycopg import Connection

from common.models import CachedResult, ChunkId

# Part of the statement that claims a chunk: waits for whoever is at this key just now, and then
# has its row locked, whosever it is. What an earlier run has begun goes on without the cache.
TAKE_READER: Final[LiteralString] = """
    INSERT INTO cache_readers (owner, key, chunk_id)
    SELECT job.owner, claimed.cache_key, claimed.id FROM claimed, job
     WHERE claimed.cache_key IS NOT NULL AND claimed.result_storage_path IS NULL
    ON CONFLICT (owner, key) DO UPDATE SET owner = excluded.owner
    RETURNING chunk_id
"""

# A reader is one as long as its chunk's lease lives. This has to be a statement of its own, behind
# the one that locked the row: a statement that had to wait sees other tables as they were before
# it waited, and would find a reader that has just been claimed still waiting.
_TAKE_OVER: Final[LiteralString] = """
    UPDATE cache_readers SET chunk_id = %(id)s
     WHERE owner = %(owner)s AND key = %(key)s
       AND (chunk_id = %(id)s OR NOT EXISTS (
            SELECT FROM chunks JOIN jobs ON jobs.id = job_id
             WHERE chunks.id = chunk_id
               AND chunks.status = 'processing' AND chunks.lease_expires_at >= now()
               AND jobs.status IN ('processing', 'paused')))
"""

# Also behind the reader's row: who read it before has stored the result in the transaction that
# gave that row up, and a look in the same statement would miss what was stored while it waited.
# What is found needs no reader.
_FIND: Final[LiteralString] = """
    WITH found AS (
        UPDATE result_cache SET hits = hits + 1
         WHERE owner = %(owner)s AND key = %(key)s AND expires_at > now()
        RETURNING path, checksum
    ), left_off AS (
        DELETE FROM cache_readers
         WHERE owner = %(owner)s AND key = %(key)s AND chunk_id = %(id)s
           AND EXISTS (SELECT FROM found)
    )
    SELECT path, checksum FROM found
"""

_EVICT: Final[LiteralString] = """
    DELETE FROM result_cache WHERE owner = %(owner)s AND key = %(key)s AND path = %(path)s
"""


class IsBeingRead(Exception):
    """Another chunk's worker is reading the same pages: wait for what it finds."""


def find_or_read(
    connection: Connection[Any], *, owner: str, key: str, chunk_id: ChunkId, reader: ChunkId
) -> CachedResult | None:
    """Return what is there for the key, or None where the chunk is its reader from now on.

    The transaction holds the key's row, which was `reader`'s. Raises IsBeingRead where that one
    is alive: then the transaction is to be rolled back.
    """
    values = {"owner": owner, "key": key, "id": chunk_id}
    if reader != chunk_id and not connection.execute(_TAKE_OVER, values).rowcount:
        raise IsBeingRead
    row = connection.execute(_FIND, values).fetchone()
    return CachedResult(row["path"], row["checksum"]) if row else None


def evict(connection: Connection[Any], *, owner: str, key: str, path: str) -> None:
    """Forget a result that is damaged or gone, unless another has taken its place."""
    connection.execute(_EVICT, {"owner": owner, "key": key, "path": path})
