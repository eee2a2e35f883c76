"""Send what may start now; the rest goes on waiting in Postgres."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from common.models import Given
from common.ports import Dispatch, Tasks
from functions.pipeline.hand_on import or_maintain_sends


class Turns(Protocol):
    """The database as whoever gives out turns sees it."""

    def give(self, *, something_new: bool) -> Given:
        """Mark what is to be sent as sent, and return it."""


class GiveTurns(Protocol):
    """`give_turns` with its adapters, as other use cases are given it.

    What they did before stands in the database: but for maintain's, it raises nothing where the
    database is away, or a claim would be lost, and a caller told that nothing was done.
    """

    def __call__(self, *, something_new: bool = False) -> None:
        """Send what may start now."""


def give_turns(
    *,
    turns: Turns,
    dispatch: Callable[[], Dispatch],
    tasks: Callable[[], Tasks],
    something_new: bool = False,
) -> int:
    """Fill the broker up to its window, by the rule of common.turns; return how many messages.

    Called after whatever makes room or work: `something_new` where there may be an owner now who
    has nothing in the broker. Safe to call at any time and by many at once. What can't be sent is
    sent by maintain.
    """
    given = turns.give(something_new=something_new)
    with or_maintain_sends():
        if given.chunks:
            dispatch().send_chunks(given.chunks)
        if given.documents:
            dispatch().send_documents(given.documents)
    for document in given.large:
        with or_maintain_sends():
            tasks().send_ingest(document.source, document.dispatch, document.job_id)
    return len(given.chunks) + len(given.documents) + len(given.large)
