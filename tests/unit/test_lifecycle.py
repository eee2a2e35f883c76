"""One truth: the tables in the code and the drawings in docs/lifecycle.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import pytest

from common.lifecycle import (
    BATCH_STEPS,
    CHUNK_STEPS,
    FINAL_JOB_STATUSES,
    JOB_STEPS,
    STAGE_STEPS,
    BatchStatus,
    ChunkStatus,
    JobStatus,
    sources_of,
)

DOCS = Path(__file__).resolve().parents[2] / "docs" / "lifecycle.md"


@pytest.mark.parametrize(
    ("heading", "steps"),
    [
        ("Job", JOB_STEPS),
        ("Stage of a job", STAGE_STEPS),
        ("Chunk", CHUNK_STEPS),
        ("Batch", BATCH_STEPS),
    ],
)
def test_the_drawing_shows_exactly_the_steps_of_the_table(
    heading: str, steps: Mapping[StrEnum, frozenset[StrEnum]]
) -> None:
    section = DOCS.read_text().split(f"## {heading}\n")[1].split("```")[1]
    drawn = set(re.findall(r"^\s+(\w+) --> (\w+)", section, re.MULTILINE))
    assert drawn == {
        (source.value, to.value) for source, targets in steps.items() for to in targets
    }


def test_every_state_stands_in_its_table() -> None:
    assert set(JOB_STEPS) == set(JobStatus)
    assert set(CHUNK_STEPS) == set(ChunkStatus)
    assert set(BATCH_STEPS) == set(BatchStatus)


def test_a_completed_or_cancelled_job_is_extended_or_stays() -> None:
    assert JOB_STEPS[JobStatus.COMPLETED] == {JobStatus.PROCESSING}
    assert JOB_STEPS[JobStatus.CANCELLED] == {JobStatus.PROCESSING}
    assert JobStatus.PAUSED not in FINAL_JOB_STATUSES


def test_the_sources_of_a_state_are_those_whose_steps_lead_there() -> None:
    assert sources_of(CHUNK_STEPS, ChunkStatus.COMPLETED) == ["processing"]
    assert sources_of(JOB_STEPS, JobStatus.PAUSED) == ["processing"]
