"""Use cases whose log lines are with their job by the time they return."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar


class _Flushed(Protocol):
    def flush(self) -> None: ...


class _WithJobLog(Protocol):
    @property
    def job_log(self) -> _Flushed: ...


Owner = TypeVar("Owner", bound=_WithJobLog)
Given = ParamSpec("Given")
Result = TypeVar("Result")


def logged(
    use_case: Callable[Concatenate[Owner, Given], Result],
) -> Callable[Concatenate[Owner, Given], Result]:
    """Have the lines written that the use case logged; a function is not billed for later."""

    @wraps(use_case)
    def run(self: Owner, /, *args: Given.args, **named: Given.kwargs) -> Result:
        try:
            return use_case(self, *args, **named)
        finally:
            self.job_log.flush()

    return run
