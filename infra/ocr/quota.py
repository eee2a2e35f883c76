"""Document AI within its quota: each call takes a token of the bucket that all workers share."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from common.errors import QuotaError
from common.quota import CallQuota, Granted
from common.results import Page

#: A token so near is waited for here: putting a chunk back costs about as much.
_PATIENCE_SECONDS: Final = 1.5
#: A chunk that comes back is on its way for a little longer than it was told: so much earlier.
_EARLY_SECONDS: Final = 0.5
#: So long waits a call without which the chunk's earlier calls were for nothing.
_COMMITTED_SECONDS: Final = 120.0

_SENTENCE: Final = "Document AI's quota of calls is in use. These pages are read in their turn."


class _Service(Protocol):
    def read(self, pdf: bytes, *, languages: Sequence[str]) -> list[Page]: ...


class EngineWithinQuota:
    """An OCR engine whose calls keep to a quota. A call that fails has had its token too."""

    def __init__(
        self,
        service: _Service,
        quota: CallQuota,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._quota = quota
        self._sleep = sleep
        self._now = now

    def read(self, pdf: bytes, *, languages: Sequence[str], committed: bool = False) -> list[Page]:
        """Return the PDF's pages once there is a token, which may be within seconds.

        Raises QuotaError `QUOTA_AWAITED` where there is none soon, with the time when one is kept
        for this PDF, which is known by its content then. Where `committed`, up to two minutes are
        waited here, ahead of the others, also after the service has refused the call.
        """
        caller = hashlib.sha256(pdf).hexdigest()
        until = self._now() + (_COMMITTED_SECONDS if committed else _PATIENCE_SECONDS)
        while True:
            granted = self._turn(caller, until, committed=committed)
            try:
                return self._service.read(pdf, languages=languages)
            except QuotaError as error:
                self._quota.refused(granted)
                seconds = _spread(error.retry_after_seconds)
                if not committed or self._now() + seconds > until:
                    raise QuotaError(
                        error.message, code=error.code, retry_after_seconds=seconds
                    ) from error
                self._sleep(seconds)

    def _turn(self, caller: str, until: float, *, committed: bool) -> Granted:
        while True:
            answer = self._quota.take(caller, first=committed)
            if isinstance(answer, Granted):
                return answer
            if self._now() + answer.seconds > until:
                seconds = max(0.0, answer.seconds - _EARLY_SECONDS)
                if not answer.promised:
                    seconds = _spread(seconds)
                raise QuotaError(_SENTENCE, code="QUOTA_AWAITED", retry_after_seconds=seconds)
            self._sleep(answer.seconds)


def _spread(seconds: float) -> float:
    """Return a time for one of many who are all told the same, and are not to come together."""
    return seconds * random.uniform(1.0, 1.5)  # noqa: S311 - spreads load, guards nothing
