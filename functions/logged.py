"""Use cases whose log lines are with their job by the time they return, and their spans sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar


class _Flushed(Protocol):
    def flush(self) -> None: ...


class _WithJobLog(Protocol):
    @property
    def job_log(self) -> _Flushed: ...
    @property
    def recorder(self) -> _Flushed | None: ...


Owner = TypeVar("Owner", bound=_WithJobLog)
Given = ParamSpec("Given")
Result = TypeVar("Result")


def logged(
    use_case: Callable[Concatenate[Owner, Given], Result],
) -> Callable[Concatenate[Owner, Given], Result]:
    """Have written what the use case logged and recorded; a function has no CPU for it later."""

    @wraps(use_case)
    def run(self: Owner, /, *args: Given.args, **named: Given.kwargs) -> Result:
        recorder = self.recorder
        try:
            return use_case(self, *args, **named)
        finally:
            self.job_log.flush()
            if recorder is not None:
                recorder.flush()

    return run
