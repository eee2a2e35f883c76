"""The emulator's switches, and its record of calls."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from infra.local.emulators.document_ai.faults import Facts, Fault, fits
from infra.local.emulators.gate import Gate
from infra.local.emulators.quota import Quota
from infra.local.emulators.switchboard import CALLS_KEPT, Switchboard
from infra.ocr.limits import (
    BYTES_PER_CALL,
    CALLS_PER_MINUTE,
    PAGES_PER_CALL,
    PAGES_PER_IMAGELESS_CALL,
)

_Seconds = Annotated[float, Meta(ge=0, le=3600)]
_Count = Annotated[int, Meta(ge=1)]


class Switches(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be switched. The defaults are the service's own behaviour."""

    #: A call lasts so long at least, the work itself included. Calls wait side by side.
    latency_per_page_seconds: _Seconds = 0.0
    latency_per_call_seconds: _Seconds = 0.0
    #: Calls in any 60 seconds; None lifts the quota.
    quota_per_minute: _Count | None = CALLS_PER_MINUTE
    max_pages: _Count = PAGES_PER_CALL
    max_pages_imageless: _Count = PAGES_PER_IMAGELESS_CALL
    max_bytes: _Count = BYTES_PER_CALL
    #: Answer with a made-up page instead of reading. For measuring everything else.
    instant: bool = False
    faults: tuple[Fault, ...] = ()
    #: A call with a page on which this text stands fails with INVALID_ARGUMENT.
    poison: str = ""
    #: So many calls are gone into from when this is named; later ones wait until it is named anew.
    let_through: Annotated[int, Meta(ge=0)] | None = None


class Call(msgspec.Struct):
    """One ProcessDocument call. Times are seconds since 1970."""

    started_at: float
    ended_at: float | None = None
    #: Pages asked for; 0 where the call was refused before they were counted.
    pages: int = 0
    bytes: int = 0
    #: A gRPC status name, empty while the call is under way.
    status: str = ""
    #: The refusal's reason, where there is one.
    reason: str = ""


class Controls(Switchboard[Switches, Fault, Facts]):
    """The switchboard, the quota, and the calls so far.

    Belongs to one event loop. `clock` is what the quota's minute is measured by, in seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, **switches: object) -> None:
        super().__init__(Switches(), fits)
        self._gate = Gate()
        self._quota = Quota(clock)
        self._calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self.update(switches)

    def update(self, mapping: Mapping[str, object]) -> None:
        """As every switchboard; naming `let_through` counts from 0 again."""
        super().update(mapping)
        if "let_through" in mapping:
            self._gate.open(self.switches.let_through)

    async def be_let_through(self) -> None:
        """Wait until the call may be gone into."""
        await self._gate.pass_through()

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The latest calls as plain values, the oldest first."""
        return [msgspec.to_builtins(call) for call in self._calls]

    def begin_call(self) -> Call:
        """Put a call on record. The caller fills it in."""
        call = Call(started_at=time.time())
        self._calls.append(call)
        return call

    def within_quota(self) -> bool:
        """Count one call, and say whether it may go on."""
        return self._quota.take(self.switches.quota_per_minute)

    @property
    def needs_texts(self) -> bool:
        """Whether what strikes a call depends on what stands on its pages."""
        return bool(self.switches.poison) or any(
            fault.match.page_text is not None for fault in self.switches.faults
        )
