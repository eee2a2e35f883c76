"""When a job is given up that makes no progress, attempt after attempt."""

from __future__ import annotations

from typing import Final

from common.errors import PermanentError

#: Claims of one job's split, or of its merge, without progress in between. Errors that may pass
#: by themselves do not count; what is left is a document that kills its reader, or a bug.
MAX_STALLS: Final = 8


def refuse_if_stalled(stalls: int) -> None:
    """Raise PermanentError where too many claims have led nowhere."""
    if stalls > MAX_STALLS:
        raise PermanentError(
            f"{stalls - 1} attempts ended without progress. Report it with the job's id.",
            code="PROCESSING_ERROR",
        )
