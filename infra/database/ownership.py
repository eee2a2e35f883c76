"""Whose a row is: one condition for every query that is made for a caller."""

from __future__ import annotations

from typing import Final, LiteralString

from common.access import Caller

#: Rows of documents or jobs that are the caller's. `whose` gives its values.
OWNED: Final[LiteralString] = (
    "(owner = %(owner)s AND (%(matters)s::text[] IS NULL OR matter = ANY(%(matters)s)))"
)
#: The same, where another table of the query has an owner or a matter, too.
OWN_JOBS: Final[LiteralString] = (
    "(jobs.owner = %(owner)s AND (%(matters)s::text[] IS NULL OR jobs.matter = ANY(%(matters)s)))"
)
#: Keys that are the caller's: good for no matters but theirs.
OWN_KEYS: Final[LiteralString] = (
    "(owner = %(owner)s AND (%(matters)s::text[] IS NULL OR matters <@ %(matters)s))"
)


def whose(caller: Caller) -> dict[str, object]:
    """Return the values that the conditions ask for."""
    return {"owner": caller.owner, "matters": caller.limited_to}
