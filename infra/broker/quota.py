"""One bucket of tokens for all workers, in Redis: each step is one script, by Redis' own clock.

Redis may lose it at any moment. Whoever asks next makes a new one, in which every token is away as
if the last minute had been used evenly to the full; and every process tells it the calls that it
made itself, which takes the place of what was assumed. So a lost bucket never lets through a
second minute's calls, however unevenly the first one's were made.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from common.quota import Granted, QuotaRules, Wait
from infra.broker.quota_scripts import SLOW_DOWN, TAKE, TELL

log = logging.getLogger(__name__)

#: A bucket that nobody asks for so long may go: what was in it is long back.
_KEPT_SECONDS: Final = 7 * 24 * 3600
#: When to look again for a Redis that is away.
_AWAY_SECONDS: Final = 5.0
_MICRO: Final = 1_000_000


class RedisCallQuota:
    """A service's bucket. `service` names who counts: processes of one name share its tokens.

    Without Redis there are no tokens: who asks is told to come back. The broker is the same Redis,
    so there is no more work without it than what the workers have in hand; that goes back to
    Postgres and is sent again, where calls that nobody counts could be refused for all.
    """

    def __init__(self, redis: Redis, service: str, rules: QuotaRules) -> None:
        self._rules = rules
        key = f"quota:{{{service}}}"
        self._keys = [f"{key}:calls", f"{key}:promises", f"{key}:state"]
        self._take = redis.register_script(TAKE)
        self._tell = redis.register_script(TELL)
        self._slow_down = redis.register_script(SLOW_DOWN)
        # What this process took, in case that Redis forgets it, and from which bucket.
        self._taken: deque[int] = deque(maxlen=rules.calls)
        self._bucket = 0

    def take(self, caller: str, *, first: bool = False) -> Granted | Wait:
        """Take a token, or learn when there is one. `first` passes by those who have a promise."""
        try:
            verdict, value, bucket = self._asked(caller, first=first)
            if verdict == b"lost":
                told = [self._rules.calls, _micro(self._rules.window), bucket, *self._taken]
                self._tell(keys=self._keys, args=told)
                self._bucket = bucket
                verdict, value, bucket = self._asked(caller, first=first)
        except RedisError:
            log.warning("no call is made: Redis, which counts them, is away", exc_info=True)
            return Wait(_AWAY_SECONDS, promised=False)
        if verdict == b"granted":
            self._bucket = bucket
            self._taken.append(value)
            return Granted(value)
        if verdict == b"promised":
            # A little later than the token, or it would not be there yet.
            return Wait(value / _MICRO + 0.001, promised=True)
        return Wait(value / _MICRO, promised=False)

    def refused(self, granted: Granted) -> None:
        """Slow all workers down; once for all calls that had started by then."""
        rules = self._rules
        try:
            left = self._slow_down(
                keys=self._keys,
                args=[
                    rules.calls,
                    _micro(rules.window),
                    _micro(rules.regain),
                    granted.at,
                    rules.slower,
                    rules.fewest,
                ],
            )
        except RedisError:
            log.warning("nobody slows down: Redis is away", exc_info=True)
            return
        if left is not None:
            log.warning("calls were refused, all workers slow down", extra={"calls": int(left)})

    def _asked(self, caller: str, *, first: bool) -> tuple[bytes, int, int]:
        rules = self._rules
        answer: tuple[bytes, int, int] = self._take(
            keys=self._keys,
            args=[
                rules.calls,
                _micro(rules.window),
                _micro(rules.regain),
                caller,
                int(first),
                self._bucket if self._taken else 0,
                _micro(rules.horizon),
                _micro(rules.grace),
                _micro(rules.unpromised),
                _KEPT_SECONDS,
            ],
        )
        return answer


def _micro(seconds: float) -> int:
    return round(seconds * _MICRO)
