"""Document AI behind the bucket: the adapter, the emulator and a real Valkey together."""

from __future__ import annotations

import time
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
        self._clock = emulator.clock[0] - time.monotonic()
        emulator.controls.update({"instant": True, "quota_per_minute": bucket.rules.calls})
        self.port: OcrEngine = EngineWithinQuota(
            service, bucket.process(), sleep=self.elapse, now=lambda: bucket.elapsed
        )
        self.elapse(0)

    def elapse(self, seconds: float) -> None:
        self.bucket.elapse(seconds)
        self._meet()

    def _meet(self) -> None:
        """Have as much time pass for the service as for the bucket, where real time passes too."""
        self._emulator.clock[0] = self._clock + self.bucket.elapsed + time.monotonic()

    def read(self, pdf: bytes, *, committed: bool = False) -> int:
        self._meet()
        return len(self.port.read(pdf, languages=["en"], committed=committed))

    def statuses(self, since: int) -> list[str]:
        return [call["status"] for call in self._emulator.controls.calls[since:]]


Make = Callable[[QuotaRules], Within]


@pytest.fixture
def within(engine: DocumentAiEngine, bucket_of: Buckets, emulator: Emulator) -> Make:
    """Make an engine within a quota, all of whose tokens are there."""

    def make(rules: QuotaRules) -> Within:
        bucket = bucket_of(rules)
        bucket.fill()
        return Within(engine, bucket, emulator)

    return make


def test_a_minutes_calls_are_made_and_the_next_is_put_off_before_the_service_refuses_it(
    within: Make, emulator: Emulator, pdf_of: Pdfs
) -> None:
    quota, before = within(QuotaRules(3, horizon=60)), len(emulator.controls.calls)
    for number in range(3):
        assert quota.read(pdf_of([f"Document {number}"])) == 1
    quota.elapse(5)
    with pytest.raises(QuotaError) as caught:
        quota.read(pdf_of(["One more"]))
    assert caught.value.code == "QUOTA_AWAITED"
    # A little earlier than the token, as messages are on their way; real time passes here, too.
    assert 20 < caught.value.retry_after_seconds <= 57 - 0.5
    # It comes back a little later than told, waits for the rest, and is read.
    quota.elapse(caught.value.retry_after_seconds + 0.3)
    assert quota.read(pdf_of(["One more"])) == 1
    assert quota.statuses(before) == ["OK"] * 4


def test_a_token_that_is_near_is_waited_for(within: Make, pdf_of: Pdfs) -> None:
    quota, pdf = within(QuotaRules(3)), pdf_of(1)
    for _ in range(3):
        quota.read(pdf)
    last = quota.bucket.process().take("another", first=True)
    assert isinstance(last, Wait)
    quota.elapse(last.seconds - 1.2)
    elapsed = quota.bucket.elapsed
    assert quota.read(pdf) == 1
    # The reading itself takes its time, too; the next but one token is twenty seconds away.
    assert quota.bucket.elapsed - elapsed < 15


def test_when_the_service_refuses_all_slow_down(
    within: Make, emulator: Emulator, pdf_of: Pdfs
) -> None:
    quota = within(QuotaRules(60))
    emulator.controls.update({"quota_per_minute": 20})
    for _ in range(20):
        quota.read(pdf_of(1))
    with pytest.raises(QuotaError) as caught:
        quota.read(pdf_of(1))
    assert caught.value.code == "QUOTA_EXCEEDED"
    # Ten seconds, and more for some than for others.
    assert 10 <= caught.value.retry_after_seconds <= 15
    assert isinstance(quota.bucket.process().take("another"), Wait)


def test_a_chunks_later_calls_wait_where_they_are(
    within: Make, emulator: Emulator, pdf_of: Pdfs
) -> None:
    quota = within(QuotaRules(60))
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
    within: Make, emulator: Emulator, pdf_of: Pdfs
) -> None:
    quota = within(QuotaRules(60))
    emulator.controls.update({"faults": [{"status": "RESOURCE_EXHAUSTED"}]})
    elapsed = quota.bucket.elapsed
    with pytest.raises(QuotaError):
        quota.read(pdf_of(1), committed=True)
    assert 60 < quota.bucket.elapsed - elapsed <= 120


def test_a_call_that_fails_has_had_its_token(
    within: Make, emulator: Emulator, pdf_of: Pdfs
) -> None:
    quota = within(QuotaRules(1))
    emulator.controls.update({"faults": [{"status": "INVALID_ARGUMENT"}]})
    with pytest.raises(PermanentError):
        quota.read(pdf_of(1))
    with pytest.raises(QuotaError):
        quota.read(pdf_of(1))
