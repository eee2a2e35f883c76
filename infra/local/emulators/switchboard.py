"""What the emulators' switchboards have in common: switches that are set by name, and faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from infra.local.emulators.faults import Facts, Fault, FaultsInWaiting

#: Older calls are forgotten: a stack may be up for weeks.
CALLS_KEPT: Final = 10_000


class WithFaults(Protocol):
    """An msgspec Struct of switches, one of which is the faults."""

    @property
    def faults(self) -> Sequence[Any]:
        """The faults as they were ordered."""


Switches = TypeVar("Switches", bound=WithFaults)


class Switchboard(Generic[Switches, Fault, Facts]):
    """The switches as they stand now, and the faults in waiting.

    `defaults` is what they are before anybody sets one; `fits` says whether a fault is meant for a
    call with these facts.
    """

    def __init__(self, defaults: Switches, fits: Callable[[Fault, Facts], bool]) -> None:
        self.switches = defaults
        self._faults = FaultsInWaiting(fits)

    def update(self, mapping: Mapping[str, object]) -> None:
        """Set the named switches and leave the others. ValueError, with a sentence, sets none.

        Naming `faults` arms the given ones anew and drops those there were.
        """
        current = msgspec.to_builtins(self.switches)
        try:
            self.switches = msgspec.convert({**current, **mapping}, type(self.switches))
        except msgspec.ValidationError as error:
            raise ValueError(f"The switches were left as they are: {error}") from error
        if "faults" in mapping:
            self._faults.arm(self.switches.faults)

    def as_dict(self) -> dict[str, Any]:
        """Return the switches as plain values. `update` takes them back."""
        plain: dict[str, Any] = msgspec.to_builtins(self.switches)
        return plain

    def fault_for(self, facts: Facts) -> Fault | None:
        """Return the first fault in waiting that strikes here, and use it up by one."""
        return self._faults.strike(facts)
