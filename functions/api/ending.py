"""Hears that the process is to stop, which the server keeps to itself until all answers are out."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType


def on_stop(call: Callable[[], None]) -> None:
    """Have `call` made in the running event loop on SIGTERM, before the server acts upon it.

    Servers wait for answers that are under way, and a stream of events would be one for as long
    as its reader likes. Where nobody has a handler, nothing is done: the process ends anyway.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    earlier = signal.getsignal(signal.SIGTERM)
    if not callable(earlier):
        return

    def stop(number: int, frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(call)
        earlier(number, frame)

    signal.signal(signal.SIGTERM, stop)
