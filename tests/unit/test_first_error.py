"""Of two errors the first goes on, and the other is told of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from common.errors import TransientError
from functions.pipeline.first_error import in_any_case


def raising(error: BaseException) -> Callable[[], None]:
    def raise_it() -> None:
        raise error

    return raise_it


@pytest.mark.parametrize("first", [SystemExit(), ZeroDivisionError()], ids=repr)
def test_the_first_error_goes_on_and_the_second_is_logged_with_its_code(
    first: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    second = TransientError("The store is away.", code="RESULTS_UNAVAILABLE")
    with pytest.raises(type(first)) as raised, in_any_case(raising(second)):
        raise first
    assert raised.value is first
    [told] = caplog.records
    assert told.exc_info is not None
    assert (told.exc_info[1], told.__dict__["code"]) == (second, "RESULTS_UNAVAILABLE")


def test_an_error_behind_a_good_end_is_raised() -> None:
    with pytest.raises(ZeroDivisionError), in_any_case(raising(ZeroDivisionError())):
        pass


def test_who_is_told_to_end_behind_an_error_ends() -> None:
    with pytest.raises(SystemExit), in_any_case(raising(SystemExit())):
        raise ZeroDivisionError
