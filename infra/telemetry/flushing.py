"""Sends what was recorded before the platform takes the CPU away, and never keeps anybody long.

Cloud Run gives a function its CPU while it answers and hardly any between requests, so what the
SDK's own threads would send a little later is sent late or never. The SDK's flush takes no notice
of its own time-out (opentelemetry-python issue 4568); so it runs in a thread, which is waited for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

log = logging.getLogger(__name__)

#: Seconds in which nobody waits, once whoever takes the data was too slow.
_PAUSE: Final = 30.0


class Flushing:
    """Calls what sends; one at a time, and waited for so many seconds at most."""

    def __init__(
        self,
        send: Sequence[Callable[[], object]],
        close: Sequence[Callable[[], object]],
        *,
        patience: float,
        pause: float = _PAUSE,
    ) -> None:
        self._send = send
        self._close = close
        self._patience = patience
        self._pause = pause
        self._sending: threading.Thread | None = None
        self._lock = threading.Lock()
        self._not_before = 0.0

    def flush(self) -> None:
        """Send, and wait for it: not at all where it took too long just before."""
        if not self._send:
            return
        with self._lock:
            if time.monotonic() < self._not_before:
                return
            sending = self._sending
            if sending is None or not sending.is_alive():
                sending = self._sending = self._begun(self._send)
        sending.join(self._patience)
        if sending.is_alive():
            self._not_before = time.monotonic() + self._pause
            log.warning("telemetry could not be sent in time", extra={"seconds": self._patience})

    def close(self) -> None:
        """Send all that is left, and end; waited for as long as a flush."""
        closing = self._begun(self._close)
        closing.join(self._patience)

    def _begun(self, calls: Sequence[Callable[[], object]]) -> threading.Thread:
        # Traces and measures side by side: each is a round trip.
        thread = threading.Thread(target=_all, args=(calls,), name="telemetry", daemon=True)
        thread.start()
        return thread


def _all(calls: Sequence[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
