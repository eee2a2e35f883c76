"""Calls to one of Vertex AI's models: within its quota, several side by side, errors in our words.

A stage asks for a hundred texts at once, and some models take one text a call. So the calls of one
request belong together: the first waits for its turn like any other, and those after it go ahead
of what has not begun, since without them the ones before would be for nothing.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from json import JSONDecodeError
from typing import Final, TypeVar

from common.errors import QuotaError, TransientError
from common.quota import CallQuota, Granted
from infra.vertex.errors import broken_off, translated

Piece = TypeVar("Piece")
Answer = TypeVar("Answer")

#: A token so near is waited for here: putting the work back costs about as much.
_PATIENCE_SECONDS: Final = 1.5
#: So long waits a call without which the request's earlier calls were for nothing.
_COMMITTED_SECONDS: Final = 90.0
#: Of one call, where it broke off. The stage's own tries are counted in Postgres.
_TRIES: Final = 2
_PAUSE_SECONDS: Final = 0.5

_SENTENCE: Final = "Vertex AI's calls are in use by other documents. This one has its turn soon."


class VertexCalls:
    """Makes calls that all keep to one quota. Safe to share between threads, not forks."""

    def __init__(
        self,
        quota: CallQuota,
        *,
        at_once: int,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quota = quota
        self._at_once = at_once
        self._sleep = sleep
        self._now = now

    def one(self, piece: Piece, call: Callable[[Piece], Answer], *, name: str) -> Answer:
        """Make one call, for somebody who waits: ahead of the others, and never again. As `all`."""
        caller = hashlib.sha256(name.encode()).hexdigest()
        granted = self._turn(caller, self._now() + _PATIENCE_SECONDS, first=True)
        try:
            return _in_our_words(call, piece)
        except QuotaError:
            self._quota.refused(granted)
            raise

    def all(
        self, pieces: Sequence[Piece], call: Callable[[Piece], Answer], *, name: str
    ) -> list[Answer]:
        """Make a call for each piece and return the answers in order.

        `name` is what the request is known by when it comes back. Raises QuotaError where there is
        no token soon, with the time when one is kept for it; TransientError and PermanentError by
        what the service says. After an error no further call is begun.
        """
        if not pieces:
            return []
        caller = hashlib.sha256(name.encode()).hexdigest()
        first = self._turn(caller, self._now() + _PATIENCE_SECONDS, first=False)
        until = self._now() + _COMMITTED_SECONDS
        with ThreadPoolExecutor(min(self._at_once, len(pieces)), "vertex") as threads:
            futures = [
                threads.submit(
                    self._call, f"{caller}.{place}", piece, call, None if place else first, until
                )
                for place, piece in enumerate(pieces)
            ]
            failed = [
                future
                for future in wait(futures, return_when=FIRST_EXCEPTION).done
                if future.exception() is not None
            ]
            if failed:
                threads.shutdown(wait=False, cancel_futures=True)
                failed[0].result()
        return [future.result() for future in futures]

    def _call(
        self,
        caller: str,
        piece: Piece,
        call: Callable[[Piece], Answer],
        granted: Granted | None,
        until: float,
    ) -> Answer:
        tries = 0
        while True:
            granted = granted or self._turn(caller, until, first=True)
            try:
                return _in_our_words(call, piece)
            except QuotaError as error:
                self._quota.refused(granted)
                seconds = _spread(error.retry_after_seconds)
                if self._now() + seconds > until:
                    raise QuotaError(
                        error.message, code=error.code, retry_after_seconds=seconds
                    ) from error
            except TransientError:
                tries += 1
                if tries == _TRIES:
                    raise
                seconds = _spread(_PAUSE_SECONDS)
            granted = None
            self._sleep(seconds)

    def _turn(self, caller: str, until: float, *, first: bool) -> Granted:
        while True:
            answer = self._quota.take(caller, first=first)
            if isinstance(answer, Granted):
                return answer
            if self._now() + answer.seconds > until:
                seconds = answer.seconds if answer.promised else _spread(answer.seconds)
                raise QuotaError(_SENTENCE, code="QUOTA_AWAITED", retry_after_seconds=seconds)
            self._sleep(answer.seconds)


def _in_our_words(call: Callable[[Piece], Answer], piece: Piece) -> Answer:
    import httpx2  # What the client speaks HTTP by
    from google.auth.exceptions import GoogleAuthError
    from google.genai.errors import APIError

    try:
        return call(piece)
    except APIError as error:
        ours = translated(error)
        if ours is None:
            raise
        raise ours from error
    except (httpx2.TransportError, GoogleAuthError, JSONDecodeError) as error:
        raise broken_off(error, timed_out=isinstance(error, httpx2.TimeoutException)) from error


def _spread(seconds: float) -> float:
    """Return a time for one of many who are all told the same, and are not to come together."""
    return seconds * random.uniform(1.0, 1.5)  # noqa: S311 - spreads load, guards nothing
