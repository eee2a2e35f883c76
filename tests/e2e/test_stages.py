"""A document goes through its stages on the whole stack, and is searched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from common.lifecycle import AFTER_OCR
from tests.e2e.batch_client import calls
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital

ALL = [stage.value for stage in AFTER_OCR]


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """Four pages about a harbour."""
    path = tmp_path / "harbour.pdf"
    topics = ("dredging of the basin", "pilots and their fees", "grain quay", "northern pier")
    write_born_digital(
        path,
        [
            f"Chapter {number} tells of the {topic}. The board met in Lisbon on {number} March\n"
            f"1911. Nobody had expected that the {topic} would cost {number}00,000 francs."
            for number, topic in enumerate(topics, 1)
        ],
    )
    return path


def stages_of(job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {stage["stage"]: stage for stage in job["stages"]}


def test_a_document_goes_through_every_stage_and_is_found(quire: QuireClient, report: Path) -> None:
    job_id = quire.submit(report, stages=["all"])
    job = quire.wait(job_id)
    assert (job["status"], job["stage"], job["error"]) == ("completed", "vectors", None)
    assert [stage["stage"] for stage in job["stages"]] == ALL
    for stage in job["stages"]:
        assert (stage["status"], stage["percent"], stage["repeated"]) == ("completed", 100, 0)
    kinds = [event["kind"] for event in quire.history(job_id)]
    assert kinds.count("stage_completed") == len(ALL)
    assert kinds.index("merged") < kinds.index("stage_started")
    assert kinds[-1] == "job_completed"

    answer = quire.http.get("/v1/search", params={"q": "who pays the pilots"})
    assert answer.status_code == 200, answer.text
    best = answer.json()["results"][0]
    assert best["document_id"] == job["document_id"]
    assert best["page_start"] <= 2 <= best["page_end"]


def test_a_job_that_has_ended_is_extended_without_reading_it_again(
    quire: QuireClient, report: Path
) -> None:
    job_id = quire.submit(report, stages=["ocr"])
    job = quire.wait(job_id)
    assert (job["stage"], job["stages"]) == ("merging", [])
    before = len(calls(quire))
    answer = quire.http.post(f"/v1/jobs/{job_id}/stages", json={"stages": ["sentences"]})
    assert answer.status_code == 202, answer.text
    job = quire.wait(job_id)
    assert list(stages_of(job)) == ["text", "sentences"]
    assert len(calls(quire)) == before
    answer = quire.http.post(f"/v1/jobs/{job_id}/stages", json={"stages": ["text"]})
    assert answer.status_code == 200, answer.text
    answer = quire.http.post(f"/v1/jobs/{job_id}/stages", json={"stages": ["all"]})
    assert answer.status_code == 202, answer.text
    job = quire.wait(job_id)
    assert list(stages_of(job)) == ALL
    assert stages_of(job)["text"]["attempts"] == 1


def test_stages_that_nobody_knows_are_refused(quire: QuireClient, report: Path) -> None:
    job_id = quire.submit(report)
    quire.wait(job_id)
    wrong: list[dict[str, Any]] = [{"stages": ["summary"]}, {"stages": []}, {}, {"stages": "all"}]
    for asked in wrong:
        answer = quire.http.post(f"/v1/jobs/{job_id}/stages", json=asked)
        assert answer.status_code == 422, answer.text
        assert answer.json()["code"] == "INVALID_REQUEST"
