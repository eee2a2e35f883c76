"""Document AI behind the bucket: the adapter, the emulator and a real Valkey together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from common.errors import PermanentError, QuotaError
from common.ports import OcrEngine
from common.quota import QuotaRules, Wait
from infra.ocr.document_ai import DocumentAiEngine
from infra.ocr.quota import EngineWithinQuota
from tests.contract.document_ai_fixtures import (
    Emulator,
    document_ai_store,
    emulator,
    engine,
    pdf_of,
    running_document_ai,
)
from tests.contract.quota_fixtures import Bucket, bucket_of

__all__ = ["bucket_of", "document_ai_store", "emulator", "engine", "pdf_of", "running_document_ai"]

Buckets = Callable[[QuotaRules], Bucket]
Pdfs = Callable[..., bytes]


class Within:
    """The engine within a quota, whose waits pass in no time for the bucket and the service."""

    def __init__(self, service: DocumentAiEngine, bucket: Bucket, emulator: Emulator) -> None:
        self.bucket = bucket
        self._emulator = emulator
        emulator.controls.update({"instant": True, "quota_per_minute": bucket.rules.calls})
        self.port: OcrEngine = EngineWithinQuota(
            service, bucket.process(), sleep=self.elapse, now=lambda: bucket.elapsed
        )

    def elapse(self, seconds: float) -> None:
        self.bucket.elapse(seconds)
        self._emulator.clock[0] += seconds

    def read(self, pdf: bytes, *, committed: bool = False) -> int:
        return len(self.port.read(pdf, languages=["en"], committed=committed))

    def statuses(self, since: int) -> list[str]:
        return [call["status"] for call in self._emulator.controls.calls[since:]]


@pytest.fixture
def within(
    engine: DocumentAiEngine, bucket_of: Buckets, emulator: Emulator
) -> Callable[[int], Within]:
    """Make an engine within so many calls a minute, all of which are there."""

    def make(calls: int) -> Within:
        bucket = bucket_of(QuotaRules(calls))
        bucket.fill()
        return Within(engine, bucket, emulator)

    return make


def test_a_minutes_calls_are_made_and_the_next_is_put_off_before_the_service_refuses_it(
    within: Callable[[int], Within], emulator: Emulator, pdf_of: Pdfs
) -> None:
    quota, before = within(3), len(emulator.controls.calls)
    for number in range(3):
        assert quota.read(pdf_of([f"Document {number}"])) == 1
    quota.elapse(5)
    with pytest.raises(QuotaError) as caught:
        quota.read(pdf_of(["One more"]))
    assert caught.value.code == "QUOTA_AWAITED"
    assert caught.value.is_reserved
    # A little earlier than the token, as messages are on their way; real time passes here, too.
    assert 53 < caught.value.retry_after_seconds <= 57 - 0.5
    # It comes back a little later than told, waits for the rest, and is read.
    quota.elapse(caught.value.retry_after_seconds + 0.3)
    assert quota.read(pdf_of(["One more"])) == 1
    assert quota.statuses(before) == ["OK"] * 4


def test_a_token_that_is_near_is_waited_for(within: Callable[[int], Within], pdf_of: Pdfs) -> None:
    quota, pdf = within(3), pdf_of(1)
    for _ in range(3):
        quota.read(pdf)
    quota.elapse(61)
    elapsed = quota.bucket.elapsed
    assert quota.read(pdf) == 1
    assert 0.1 < quota.bucket.elapsed - elapsed <= 1.1


def test_when_the_service_refuses_all_slow_down(
    within: Callable[[int], Within], emulator: Emulator, pdf_of: Pdfs
) -> None:
    quota = within(60)
    emulator.controls.update({"quota_per_minute": 20})
    for _ in range(20):
        quota.read(pdf_of(1))
    with pytest.raises(QuotaError) as caught:
        quota.read(pdf_of(1))
    assert (caught.value.code, caught.value.is_reserved) == ("QUOTA_EXCEEDED", False)
    assert isinstance(quota.bucket.process().take("another"), Wait)


def test_a_chunks_later_calls_wait_where_they_are(
    within: Callable[[int], Within], emulator: Emulator, pdf_of: Pdfs
) -> None:
    quota = within(60)
    for number in range(90):
        quota.bucket.process().take(f"another {number}")
    # The service refuses one, too: that is waited for as well.
    emulator.controls.update(
        {"faults": [{"status": "RESOURCE_EXHAUSTED", "retry_after_seconds": 2.5, "times": 1}]}
    )
    before = len(emulator.controls.calls)
    assert quota.read(pdf_of(1), committed=True) == 1
    assert quota.statuses(before) == ["RESOURCE_EXHAUSTED", "OK"]


def test_a_later_call_does_not_wait_for_ever(
    within: Callable[[int], Within], emulator: Emulator, pdf_of: Pdfs
) -> None:
    quota = within(60)
    emulator.controls.update({"faults": [{"status": "RESOURCE_EXHAUSTED"}]})
    elapsed = quota.bucket.elapsed
    with pytest.raises(QuotaError):
        quota.read(pdf_of(1), committed=True)
    assert 60 < quota.bucket.elapsed - elapsed <= 120


def test_a_call_that_fails_has_had_its_token(
    within: Callable[[int], Within], emulator: Emulator, pdf_of: Pdfs
) -> None:
    quota = within(1)
    emulator.controls.update({"faults": [{"status": "INVALID_ARGUMENT"}]})
    with pytest.raises(PermanentError):
        quota.read(pdf_of(1))
    with pytest.raises(QuotaError):
        quota.read(pdf_of(1))
