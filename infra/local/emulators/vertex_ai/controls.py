"""The emulator's switches, and its record of calls."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from infra.local.emulators.quota import Quota
from infra.local.emulators.switchboard import CALLS_KEPT, Switchboard
from infra.local.emulators.vertex_ai.faults import Facts, Fault, fits

_Seconds = Annotated[float, Meta(ge=0, le=3600)]
_Count = Annotated[int, Meta(ge=1)]


class Switches(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be switched."""

    #: A call lasts so long at least. Calls wait side by side.
    latency_per_call_seconds: _Seconds = 0.0
    #: Calls of one model in any 60 seconds; None lifts the quota.
    quota_per_minute: _Count | None = None
    #: Texts of one call to text-embedding-…, and what it counts as tokens.
    max_texts: _Count = 250
    max_tokens: _Count = 20_000
    #: Texts of one batchEmbedContents call. The service's documents disagree about it.
    max_gemini_texts: _Count = 1
    #: What Gemini answers, instead of what it was asked for.
    answer: str | None = None
    #: Why it ended: STOP, MAX_TOKENS, SAFETY, RECITATION…
    finish_reason: str = "STOP"
    #: The prompt is refused for this reason: there is no answer.
    block_reason: str = ""
    faults: tuple[Fault, ...] = ()


class Call(msgspec.Struct):
    """One call. Times are seconds since 1970."""

    started_at: float
    model: str
    method: str
    texts: int = 0
    ended_at: float | None = None
    #: A google.rpc.Code, empty while the call is under way.
    status: str = ""


class Controls(Switchboard[Switches, Fault, Facts]):
    """The switchboard, the quota, and the calls so far.

    Belongs to one event loop. `clock` is what the quota's minute is measured by, in seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, **switches: object) -> None:
        super().__init__(Switches(), fits)
        self._quotas: defaultdict[str, Quota] = defaultdict(lambda: Quota(clock))
        self._calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self.update(switches)

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The latest calls as plain values, the oldest first."""
        return [msgspec.to_builtins(call) for call in self._calls]

    def forget(self) -> None:
        """Have no calls on record, and none counted."""
        self._calls.clear()
        self._quotas.clear()

    def begin_call(self, model: str, method: str) -> Call:
        """Put a call on record. The caller fills it in."""
        call = Call(time.time(), model, method)
        self._calls.append(call)
        return call

    def within_quota(self, model: str) -> bool:
        """Count one call of a model, and say whether it may go on."""
        return self._quotas[model].take(self.switches.quota_per_minute)
