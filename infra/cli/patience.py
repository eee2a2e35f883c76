"""How long, and in which steps, the command waits for an API that is briefly away."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from infra.cli.exits import Unreachable
from infra.cli.trouble import Away

Answer = TypeVar("Answer")

_FIRST_SECONDS: Final = 0.25
_LONGEST_SECONDS: Final = 5.0


class Patience:
    """Waits in steps that double, with jitter, until `seconds` have gone by without an answer."""

    def __init__(
        self,
        seconds: float = 60.0,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._sleep = sleep
        self._clock = clock
        self._ends_at = clock() + seconds
        self._step = _FIRST_SECONDS

    def wait(self, reason: Exception) -> None:
        """Sleep one step. Raises Unreachable when the time is used up."""
        left = self._ends_at - self._clock()
        if left <= 0:
            raise Unreachable(
                f"The API has not answered for {self._seconds:.0f} seconds ({reason}).",
                advice="`quire doctor` says which part does not answer, and what to do.",
            ) from reason
        # Half of the step is fixed, so a server that starts is not asked in bursts.
        step = self._step * (0.5 + random.random() / 2)  # noqa: S311 - jitter, not a secret
        self._sleep(min(step, left))
        self._step = min(self._step * 2, _LONGEST_SECONDS)

    def answered(self) -> None:
        """Begin the time anew, and go on in the same steps: somebody is there."""
        self._ends_at = self._clock() + self._seconds

    def renew(self) -> None:
        """Begin anew altogether: all is as it should be."""
        self.answered()
        self._step = _FIRST_SECONDS


def patiently(ask: Callable[[], Answer], *, seconds: float = 10) -> Answer:
    """Return what `ask` does, asking again for a while where it raises Away."""
    patience = Patience(seconds)
    while True:
        try:
            return ask()
        except Away as error:
            patience.wait(error)
