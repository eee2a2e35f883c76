"""Faults in waiting: how often each has struck, and which of them a call meets."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar


class Occasion(Protocol):
    """Which calls a fault strikes, as far as every emulator's calls can be told apart."""

    @property
    def nth_call(self) -> int | None:
        """The only call that is struck; the first since the fault was armed is 1."""

    @property
    def probability(self) -> float | None:
        """Share of the calls, drawn by `seed`: the same calls in the same order again."""

    @property
    def seed(self) -> int:
        """What chance begins with."""


class Ordered(Protocol):
    """A fault as it was ordered."""

    @property
    def match(self) -> Occasion:
        """Which calls it strikes."""

    @property
    def times(self) -> int | None:
        """How often it strikes; None for ever."""


Fault = TypeVar("Fault", bound=Ordered)
Facts = TypeVar("Facts")


class ArmedFault(Generic[Fault, Facts]):
    """A fault with its memory. `fits` says whether it is meant for a call with these facts."""

    def __init__(self, fault: Fault, fits: Callable[[Fault, Facts], bool]) -> None:
        self.fault = fault
        self._fits = fits
        self._left = fault.times
        self._calls = 0
        # Reproducible by its seed; nothing secret hangs on it.
        self._random = random.Random(fault.match.seed)  # noqa: S311

    def sees(self, facts: Facts) -> bool:
        """Count a call, and say whether the fault strikes it."""
        self._calls += 1
        match = self.fault.match
        drawn = match.probability is None or self._random.random() < match.probability
        return (
            self._left != 0
            and drawn
            and match.nth_call in {None, self._calls}
            and self._fits(self.fault, facts)
        )

    def use(self) -> None:
        """Use the fault up by one strike."""
        if self._left is not None:
            self._left -= 1


class FaultsInWaiting(Generic[Fault, Facts]):
    """Faults in the order in which they were ordered. `fits` is as in `ArmedFault`."""

    def __init__(self, fits: Callable[[Fault, Facts], bool]) -> None:
        self._fits = fits
        self._armed: list[ArmedFault[Fault, Facts]] = []

    def arm(self, faults: Iterable[Fault]) -> None:
        """Wait with these, each as if it had never struck, and with no others."""
        self._armed = [ArmedFault(fault, self._fits) for fault in faults]

    def strike(self, facts: Facts) -> Fault | None:
        """Return the first one that strikes a call with these facts, and use it up by one."""
        # Each must see the call, for its own count of calls.
        striking = [armed for armed in self._armed if armed.sees(facts)]
        if not striking:
            return None
        striking[0].use()
        return striking[0].fault
