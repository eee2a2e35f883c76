"""Waiting for an API that is briefly away."""

from __future__ import annotations

import pytest

from infra.cli.exits import Exit, Unreachable
from infra.cli.patience import Patience


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def patience(self, seconds: float) -> Patience:
        return Patience(seconds, sleep=self.sleep, clock=lambda: self.now)


def test_the_steps_grow_and_end_with_the_time() -> None:
    time = Time()
    patience = time.patience(30)

    def ask_for_ever() -> None:
        while True:
            patience.wait(ConnectionError("refused"))

    with pytest.raises(Unreachable) as gone:
        ask_for_ever()
    assert gone.value.exit_code == Exit.UNREACHABLE
    assert time.now == pytest.approx(30)
    assert time.slept[0] <= 0.25
    assert max(time.slept) <= 5
    assert len(time.slept) < 25


def test_an_answer_begins_the_time_anew_but_not_the_steps() -> None:
    time = Time()
    patience = time.patience(30)
    for _ in range(50):
        patience.wait(ConnectionError())
        patience.answered()
    assert time.now > 30
    assert min(time.slept[10:]) >= 2.5


def test_after_things_went_well_the_steps_are_small_again() -> None:
    time = Time()
    patience = time.patience(30)
    for _ in range(5):
        patience.wait(ConnectionError())
    patience.renew()
    patience.wait(ConnectionError())
    assert time.slept[-1] <= 0.25
