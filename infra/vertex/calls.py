"""Calls to one of Vertex AI's models: within its quota, several side by side, errors in our words.

A stage asks for a hundred texts at once, and some models take one text a call. So the calls of one
request belong together: the first waits for its turn like any other, and those after it go ahead
of what has not begun, since without them the ones before would be for nothing.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from json import JSONDecodeError
from threading import Event
from typing import Any, Final, TypeVar

from common.errors import QuotaError, TransientError
from common.quota import CallQuota, Granted
from infra.vertex.errors import broken_off, translated
from infra.vertex.kept import KeptAnswers

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

#: A token so near is waited for here: putting the work back costs about as much.
_PATIENCE_SECONDS: Final = 1.5
#: So long waits a call of a request that has begun, after the one of them that was answered last.
#: Then whoever else uses the quota leaves nothing of it, and a worker has better things to do.
_COMMITTED_SECONDS: Final = 90.0
#: So long a request takes in all before it waits for nothing more.
LONGEST_SECONDS: Final = 240.0
#: Of one call, where it broke off. The stage's own tries are counted in Postgres.
_TRIES: Final = 2
_PAUSE_SECONDS: Final = 0.5

_SENTENCE: Final = "Vertex AI's calls are in use by other documents. This one has its turn soon."


class _Over(Exception):
    """The request has failed: nothing more is done for it."""


class VertexCalls:
    """Makes calls that all keep to one quota. Safe to share between threads, not forks.

    `pause` waits for so many seconds, or until the event is set.
    """

    def __init__(
        self,
        quota: CallQuota,
        *,
        at_once: int,
        longest_seconds: float = LONGEST_SECONDS,
        pause: Callable[[Event, float], object] = Event.wait,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.quota = quota
        self.at_once = at_once
        self.longest_seconds = longest_seconds
        self.kept = KeptAnswers()
        self.now = now
        self._pause = pause

    def one(self, asked: Asked, call: Callable[[Asked], Answer], *, name: str) -> Answer:
        """Make one call, for somebody who waits: ahead of the others, and never again. As `all`."""
        until = self.now() + _PATIENCE_SECONDS
        granted = self.turn(_digest(name), lambda: until, Event(), first=True)
        try:
            return _in_our_words(call, asked)
        except QuotaError:
            self.quota.refused(granted)
            raise

    def all(
        self,
        batches: Sequence[Sequence[str]],
        call: Callable[[Sequence[str]], Answer],
        *,
        about: str,
    ) -> list[Answer]:
        """Make one request of a call for each batch of texts. As Request.all."""
        with self.request(about) as request:
            return request.all(batches, call)

    @contextmanager
    def request(self, about: str) -> Iterator[Request]:
        """Have calls belong together. What they have answered is forgotten once all is well.

        Where it is not, it is kept for the request to come back to in this process. `about` says
        all that answers depend on besides the texts: the model, and what is asked about them.
        """
        request = Request(self, about)
        yield request
        self.kept.forget(request.made)

    def turn(self, caller: str, until: Callable[[], float], over: Event, *, first: bool) -> Granted:
        """Take a token, or raise QuotaError where there is none by then; `_Over` once it is."""
        while True:
            if over.is_set():
                raise _Over
            answer = self.quota.take(caller, first=first)
            if isinstance(answer, Granted):
                return answer
            if self.now() + answer.seconds > until():
                seconds = answer.seconds if answer.promised else _spread(answer.seconds)
                raise QuotaError(_SENTENCE, code="QUOTA_AWAITED", retry_after_seconds=seconds)
            self._pause(over, answer.seconds)

    def pause(self, over: Event, seconds: float) -> None:
        """Wait so long, or until it is over."""
        self._pause(over, seconds)


class Request:
    """Calls of which none is for anything without the others, in one round or several."""

    def __init__(self, calls: VertexCalls, about: str) -> None:
        self._calls = calls
        self._about = about
        #: What has been asked, by digest.
        self.made: set[str] = set()
        self._is_paid = False
        self._since = calls.now()
        self._latest = self._since

    def all(
        self, batches: Sequence[Sequence[str]], call: Callable[[Sequence[str]], Answer]
    ) -> list[Answer]:
        """Make a call for each batch and return the answers in order.

        What a request that broke off was answered in this process is not asked again. Raises
        QuotaError where there is no token soon, with the time when one is kept for it, or once
        the service has answered no call for 90 seconds; TransientError and PermanentError by what
        the service says. After an error no further call is begun, and none waits any more.
        """
        digests = [_digest(self._about, *texts) for texts in batches]
        self.made.update(digests)
        found: dict[int, Any] = {}
        kept = self._calls.kept.among(digests)
        for place, digest in enumerate(digests):
            if digest in kept:
                found[place] = kept[digest]
        missing = [place for place in range(len(batches)) if place not in found]
        if missing:
            self._is_paid = self._is_paid or bool(found)
            caller = _digest(*digests)
            found |= self._side_by_side(
                caller, {place: (digests[place], batches[place]) for place in missing}, call
            )
        return [found[place] for place in range(len(batches))]

    def _side_by_side(
        self,
        caller: str,
        asked: dict[int, tuple[str, Sequence[str]]],
        call: Callable[[Sequence[str]], Answer],
    ) -> dict[int, Answer]:
        over, failures = Event(), list[BaseException]()
        granted = None
        if not self._is_paid:
            until = self._calls.now() + _PATIENCE_SECONDS
            granted = self._calls.turn(caller, lambda: until, over, first=False)
            self._since = self._latest = self._calls.now()

        def answered(place: int, granted: Granted | None) -> Answer:
            digest, texts = asked[place]
            try:
                answer = self._answer(f"{caller}.{place}", texts, call, granted, over)
            except BaseException as error:
                if not isinstance(error, _Over):
                    failures.append(error)
                over.set()
                raise
            self._calls.kept.keep(digest, answer, texts=len(texts))
            self._is_paid = True
            self._latest = self._calls.now()
            return answer

        with ThreadPoolExecutor(min(self._calls.at_once, len(asked)), "vertex") as threads:
            futures = {}
            for place in asked:
                futures[place] = threads.submit(answered, place, granted)
                granted = None
            try:
                wait(futures.values())
            except BaseException:
                over.set()
                raise
        if failures:
            raise failures[0]
        return {place: future.result() for place, future in futures.items()}

    def _until(self) -> float:
        """Return when nothing is waited for any more."""
        return min(self._latest + _COMMITTED_SECONDS, self._since + self._calls.longest_seconds)

    def _answer(
        self,
        caller: str,
        texts: Sequence[str],
        call: Callable[[Sequence[str]], Answer],
        granted: Granted | None,
        over: Event,
    ) -> Answer:
        tries = 0
        while True:
            granted = granted or self._calls.turn(caller, self._until, over, first=True)
            if over.is_set():
                raise _Over
            try:
                return _in_our_words(call, texts)
            except QuotaError as error:
                self._calls.quota.refused(granted)
                seconds = _spread(error.retry_after_seconds)
                if self._calls.now() + seconds > self._until():
                    raise QuotaError(
                        error.message, code=error.code, retry_after_seconds=seconds
                    ) from error
            except TransientError:
                tries += 1
                if tries == _TRIES:
                    raise
                seconds = _spread(_PAUSE_SECONDS)
            granted = None
            self._calls.pause(over, seconds)


def _in_our_words(call: Callable[[Asked], Answer], asked: Asked) -> Answer:
    import httpx2  # What the client speaks HTTP by
    from google.auth.exceptions import GoogleAuthError
    from google.genai.errors import APIError

    try:
        return call(asked)
    except APIError as error:
        ours = translated(error)
        if ours is None:
            raise
        raise ours from error
    except (httpx2.TransportError, GoogleAuthError, JSONDecodeError) as error:
        raise broken_off(error, timed_out=isinstance(error, httpx2.TimeoutException)) from error


def _digest(*texts: str) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def _spread(seconds: float) -> float:
    """Return a time for one of many who are all told the same, and are not to come together."""
    return seconds * random.uniform(1.0, 1.5)  # noqa: S311 - spreads load, guards nothing
