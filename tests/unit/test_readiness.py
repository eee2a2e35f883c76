"""Asking parts whether they are ready: at once, within bounds, and not too often."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from common.errors import MisconfiguredError, TransientError
from functions.readiness import NotReady, Part, Readiness


class Gate:
    """A check that hangs until it is let go, and counts how often it was asked."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.asked = 0

    def __call__(self) -> None:
        self.asked += 1
        self.opened.wait()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.opened.set()


def refuse(error: Exception) -> None:
    raise error


def test_each_part_is_told_by_what_it_says_and_never_in_a_librarys_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    readiness = Readiness(
        {
            "well": lambda: None,
            "away": lambda: refuse(TransientError("at 10.0.0.1")),
            "refusing": lambda: refuse(MisconfiguredError("key hunter2")),
            "odd": lambda: refuse(ZeroDivisionError("secret")),
            "old": lambda: refuse(NotReady("It is too old.")),
        }
    )
    assert readiness.look() == {
        "well": Part(True, "It answers."),
        "away": Part(False, "It does not answer."),
        "refusing": Part(False, "It can't be worked with; the operator's log says why."),
        "odd": Part(False, "It can't be worked with; the operator's log says why."),
        "old": Part(False, "It is too old."),
    }
    told = {record.__dict__["part"]: record.exc_info for record in caplog.records}
    assert set(told) == {"away", "refusing", "odd", "old"}
    assert all(told.values())


def test_a_part_that_hangs_keeps_nobody_waiting_and_is_asked_once(gate: Gate) -> None:
    readiness = Readiness({"hung": gate, "well": lambda: None}, patience=0.05)
    seen = readiness.look()
    assert seen["hung"] == Part(False, "It does not answer in time.")
    assert seen["well"].ready
    readiness._seen_at = 0
    readiness.look()
    assert gate.asked == 1
    gate.opened.set()
    readiness._asked["hung"].result(5)
    readiness._seen_at = 0
    assert readiness.look()["hung"].ready


def test_who_asks_again_at_once_gets_the_same_answer() -> None:
    asked = []
    readiness = Readiness({"well": lambda: asked.append(1)})
    assert readiness.look() is readiness.look()
    assert len(asked) == 1


def test_only_what_changes_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    errors: list[Exception] = [TransientError("away")]
    readiness = Readiness({"part": lambda: refuse(errors[0]) if errors else None})
    for _ in range(2):
        readiness._seen_at = 0
        readiness.look()
    errors.clear()
    for _ in range(2):
        readiness._seen_at = 0
        readiness.look()
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.INFO]
