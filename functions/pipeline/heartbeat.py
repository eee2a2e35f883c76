"""Keeps a lease alive while its holder works, and tells the holder when it was lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextvars import copy_context
from types import TracebackType
from typing import Self

from common.errors import LeaseLost

log = logging.getLogger(__name__)


class Heartbeat:
    """Renews a lease every `every_seconds` from a thread of its own.

    `check()` raises LeaseLost once a renewal was refused. An error while renewing is not a
    refusal: the lease may still be ours, and the fencing token decides in the end.
    """

    def __init__(self, renew: Callable[[], bool], *, every_seconds: float) -> None:
        self._renew = renew
        self._every = every_seconds
        self._lost = False
        self._stopped = threading.Event()
        # What it logs belongs to the holder's work.
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._beat,), name="heartbeat", daemon=True
        )

    def check(self) -> None:
        """Stop the holder where the lease has gone to another attempt."""
        if self._lost:
            raise LeaseLost("The lease ran out while the work went on.")

    def confirm(self) -> None:
        """Ask now, where `check` goes by the last renewal. Raises LeaseLost where it is refused."""
        self._lost = self._lost or not self._renew()
        self.check()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stopped.wait(self._every):
            try:
                self._lost = self._lost or not self._renew()
            except Exception:
                log.warning("a lease could not be renewed", exc_info=True)
