from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from functions.lazily import built_once


class Root:
    def __init__(self) -> None:
        self.started = threading.Barrier(8)
        self.built = 0

    @built_once
    def adapter(self) -> object:
        self.built += 1
        return object()


def test_eight_threads_that_ask_at_once_get_the_same_object_built_once() -> None:
    root = Root()

    def ask(_: int) -> object:
        root.started.wait()
        return root.adapter

    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(ask, range(8)))
    assert root.built == 1
    assert len({id(each) for each in got}) == 1


def test_two_roots_do_not_share() -> None:
    assert Root().adapter is not Root().adapter
