"""A gate before calls, so that a test says itself when they go on and races no clock."""

from __future__ import annotations

import asyncio


class Gate:
    """Lets through as many as it was opened for. Open for all at first.

    Belongs to one event loop.
    """

    def __init__(self) -> None:
        self._left: int | None = None
        self._opened = asyncio.Event()

    def open(self, count: int | None) -> None:
        """Let so many through from now on, of those that wait and of those to come; None is all."""
        self._left = count
        if count == 0:
            self._opened.clear()
        else:
            self._opened.set()

    async def pass_through(self) -> None:
        """Return when it is this one's turn. Who gives up waiting takes nobody's place."""
        while self._left == 0:
            await self._opened.wait()
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self._opened.clear()
