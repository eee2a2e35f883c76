"""A property that is built once, also when two threads ask at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar, overload

Owner = TypeVar("Owner")
Built = TypeVar("Built")


class built_once(Generic[Owner, Built]):  # noqa: N801 - used as a decorator, like property
    """Like functools.cached_property, which since Python 3.12 builds twice under two threads.

    An adapter built twice would hold its connections twice.
    """

    def __init__(self, build: Callable[[Owner], Built]) -> None:
        self._build = build
        self.__doc__ = build.__doc__
        # Adapters build each other: the same thread may come back in.
        self._lock = threading.RLock()

    def __set_name__(self, _: type[Owner], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, _: type[Owner]) -> built_once[Owner, Built]: ...
    @overload
    def __get__(self, instance: Owner, _: type[Owner]) -> Built: ...
    def __get__(self, instance: Owner | None, _: type[Owner]) -> built_once[Owner, Built] | Built:
        if instance is None:
            return self
        with self._lock:
            # Not found on the instance, or Python would not have asked here; but another thread
            # may have built it while this one waited.
            if self._name not in vars(instance):
                vars(instance)[self._name] = self._build(instance)
        built: Built = vars(instance)[self._name]
        return built
