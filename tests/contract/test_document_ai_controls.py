"""Latency, quota, faults and the record of calls, as a client of the emulator meets them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from google.api_core import exceptions
from google.rpc import error_details_pb2

from infra.local.emulators.document_ai import Controls, serve
from tests.contract.document_ai_fixtures import (
    Emulator,
    document_ai_store,
    emulator,
    pdf_of,
    running_document_ai,
)

__all__ = ["document_ai_store", "emulator", "pdf_of", "running_document_ai"]

Pdfs = Callable[..., bytes]


def latest(emulator: Emulator, count: int) -> list[dict[str, Any]]:
    return emulator.controls.calls[-count:]


def seconds(call: dict[str, Any]) -> float:
    return float(call["ended_at"] - call["started_at"])


def under_way(emulator: Emulator) -> list[dict[str, Any]]:
    return [call for call in emulator.controls.calls if call["ended_at"] is None]


def set_switches(emulator: Emulator, **switches: object) -> None:
    """Set switches in the emulator's own loop, as its process does: calls may wait for them."""

    async def update() -> None:
        emulator.controls.update(switches)

    emulator.loop.run(update())


def wait_until(look: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not look():
        assert time.monotonic() < end, "waited in vain"
        threading.Event().wait(0.01)


def test_a_full_minute_refuses_until_it_is_over(emulator: Emulator, pdf_of: Pdfs) -> None:
    emulator.controls.update({"instant": True, "quota_per_minute": 3})
    pdf = pdf_of(1)
    for _ in range(3):
        emulator.process(pdf)
    with pytest.raises(exceptions.ResourceExhausted) as caught:
        emulator.process(pdf)
    assert caught.value.reason == "RATE_LIMIT_EXCEEDED"
    assert caught.value.domain == "googleapis.com"
    assert caught.value.metadata["service"] == "documentai.googleapis.com"
    assert caught.value.metadata["consumer"] == "projects/quire-local"
    assert caught.value.metadata["quota_limit_value"] == "3"
    emulator.clock[0] += 61
    emulator.process(pdf)


def test_calls_that_are_refused_count_too(emulator: Emulator, pdf_of: Pdfs) -> None:
    emulator.controls.update({"quota_per_minute": 1})
    with pytest.raises(exceptions.InvalidArgument):
        emulator.process(b"no PDF")
    with pytest.raises(exceptions.ResourceExhausted):
        emulator.process(pdf_of(1))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("UNAVAILABLE", exceptions.ServiceUnavailable),
        ("DEADLINE_EXCEEDED", exceptions.DeadlineExceeded),
        ("INTERNAL", exceptions.InternalServerError),
        ("RESOURCE_EXHAUSTED", exceptions.ResourceExhausted),
        ("INVALID_ARGUMENT", exceptions.InvalidArgument),
    ],
)
def test_an_ordered_fault_strikes_and_is_then_over(
    emulator: Emulator, pdf_of: Pdfs, status: str, error: type[Exception]
) -> None:
    emulator.controls.update({"instant": True, "faults": [{"status": status, "times": 1}]})
    pdf = pdf_of(1)
    with pytest.raises(error):
        emulator.process(pdf)
    assert latest(emulator, 1)[0]["status"] == status
    assert emulator.process(pdf).pages


def test_a_fault_may_say_when_to_come_back(emulator: Emulator, pdf_of: Pdfs) -> None:
    emulator.controls.update(
        {"faults": [{"status": "RESOURCE_EXHAUSTED", "retry_after_seconds": 2.5}]}
    )
    with pytest.raises(exceptions.ResourceExhausted) as caught:
        emulator.process(pdf_of(1))
    [retry] = caught.value.details
    assert isinstance(retry, error_details_pb2.RetryInfo)
    assert retry.retry_delay.ToMilliseconds() == 2500


def test_a_fault_may_wait_for_a_word_on_a_page(emulator: Emulator, pdf_of: Pdfs) -> None:
    emulator.controls.update(
        {"faults": [{"status": "UNAVAILABLE", "match": {"page_text": "badger"}}]}
    )
    assert emulator.process(pdf_of(["A fox"])).pages
    with pytest.raises(exceptions.ServiceUnavailable):
        emulator.process(pdf_of(["A fox", "A badger"]))


def test_a_poisoned_page_fails_every_call_it_is_part_of(emulator: Emulator, pdf_of: Pdfs) -> None:
    emulator.controls.update({"poison": "arsenic"})
    pdf = pdf_of(["Sound", "Some arsenic", "Sound again"])
    for _ in range(2):
        with pytest.raises(exceptions.InvalidArgument, match="Invalid image content"):
            emulator.process(pdf)
    others = {"individual_page_selector": {"pages": [1, 3]}}
    assert len(emulator.process(pdf, options=others).pages) == 2


def test_calls_wait_out_their_latency_side_by_side(emulator: Emulator, pdf_of: Pdfs) -> None:
    set_switches(
        emulator,
        instant=True,
        latency_per_page_seconds=0.4,
        latency_per_call_seconds=0.2,
        let_through=0,
    )
    pdf = pdf_of(2)
    with ThreadPoolExecutor(10) as threads:
        asked = threads.map(lambda _: emulator.process(pdf), range(10))
        wait_until(lambda: len(under_way(emulator)) == 10)
        began = time.monotonic()
        set_switches(emulator, let_through=None)
        list(asked)
    took = time.monotonic() - began
    assert all(seconds(call) >= 1.0 for call in latest(emulator, 10))
    # One after the other, they would take ten seconds.
    assert took < 10


def test_calls_wait_until_they_are_let_through(emulator: Emulator, pdf_of: Pdfs) -> None:
    pdf, before = pdf_of(1), len(emulator.controls.calls)
    set_switches(emulator, instant=True, let_through=1)
    emulator.process(pdf)
    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(emulator.process, pdf) for _ in range(3)]
        wait_until(lambda: len(under_way(emulator)) == 3)
        set_switches(emulator, let_through=2)
        wait_until(lambda: len(under_way(emulator)) == 1)
        assert len(emulator.controls.calls) - before == 4
        set_switches(emulator, let_through=None)
        assert [len(each.result(60).pages) for each in asked] == [1, 1, 1]


def test_two_calls_at_once_are_both_read(emulator: Emulator, pdf_of: Pdfs) -> None:
    texts = [f"Document number {number} of several" for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda text: emulator.process(pdf_of_one(pdf_of, text)), texts))
    assert [answer.text.strip() for answer in answers] == texts


_MAKING = threading.Lock()


def pdf_of_one(pdf_of: Pdfs, text: str) -> bytes:
    with _MAKING:
        return pdf_of([text])


def test_the_record_says_what_each_call_was_about(emulator: Emulator, pdf_of: Pdfs) -> None:
    pdf = pdf_of(3)
    before = time.time()
    emulator.process(pdf)
    with pytest.raises(exceptions.InvalidArgument):
        emulator.process(pdf_of(31))
    read, refused = latest(emulator, 2)
    assert (read["pages"], read["bytes"], read["status"]) == (3, len(pdf), "OK")
    assert before <= read["started_at"] <= read["ended_at"] <= time.time()
    assert (refused["pages"], refused["status"]) == (31, "INVALID_ARGUMENT")
    assert refused["reason"] == "PAGE_LIMIT_EXCEEDED"


def test_a_call_that_its_client_gives_up_is_let_go(emulator: Emulator, pdf_of: Pdfs) -> None:
    emulator.controls.update({"instant": True, "latency_per_call_seconds": 60})
    with pytest.raises(exceptions.DeadlineExceeded):
        emulator.process(pdf_of(1), timeout=0.3)
    wait_until(lambda: latest(emulator, 1)[0]["status"] == "CANCELLED")
    assert seconds(latest(emulator, 1)[0]) < 60


def test_an_instant_answer_has_the_pages_and_a_made_up_text(
    emulator: Emulator, pdf_of: Pdfs
) -> None:
    emulator.controls.update({"instant": True})
    document = emulator.process(pdf_of(4))
    assert [len(page.tokens) for page in document.pages] == [400] * 4
    assert document.text == document.text[: len(document.text) // 4] * 4


def test_two_emulators_can_not_share_a_port(emulator: Emulator) -> None:
    with pytest.raises(RuntimeError):
        emulator.loop.run(serve(host="127.0.0.1", port=emulator.server.port, controls=Controls()))
