"""A job as it is read from the API, and what is said about it."""

from __future__ import annotations

import pytest

from infra.cli.exits import CommandError, Exit
from infra.cli.jobs import read_job, seconds_text, size_text, unread_lines, unread_pages
from infra.cli.report import ended_lines, status_lines
from tests.unit.cli.little_api import JOB_ID, a_finished_job, a_job


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("completed", Exit.DONE),
        ("completed_with_errors", Exit.WITH_ERRORS),
        ("failed", Exit.FAILED),
        ("cancelled", Exit.FAILED),
    ],
)
def test_each_end_of_a_job_has_its_exit_code(status: str, code: Exit) -> None:
    job = read_job(a_job(status=status))
    assert job.is_final
    assert job.exit_code == code


@pytest.mark.parametrize("status", ["pending", "processing", "paused"])
def test_a_job_under_way_is_not_at_its_end(status: str) -> None:
    assert not read_job(a_job(status=status)).is_final


def test_fields_of_a_later_api_are_passed_over() -> None:
    assert read_job(a_job(mood="good")).job_id == JOB_ID


def test_what_is_no_job_is_told_with_what_to_do() -> None:
    with pytest.raises(CommandError) as odd:
        read_job({"status": "resting", "job_id": "1"})
    assert "doctor" in odd.value.advice


def test_pages_that_could_not_be_read_are_named_in_order_and_neighbours_together() -> None:
    dark = ("PAGE_UNREADABLE", "Too dark.")
    assert unread_lines([(9, 9, *dark), (3, 3, *dark), (4, 4, *dark), (5, 5, "OTHER", "Odd.")]) == [
        "pages 3-4: Too dark. [PAGE_UNREADABLE]",
        "page 5: Odd. [OTHER]",
        "page 9: Too dark. [PAGE_UNREADABLE]",
    ]


def test_a_chunk_that_is_tried_again_is_not_among_the_unread() -> None:
    error = {"page_start": 1, "page_end": 2, "code": "C", "message": "M", "chunk_index": 0}
    job = read_job(a_job(chunk_errors=[error | {"final": False}, error | {"final": True}]))
    assert unread_pages(job) == [(1, 2, "C", "M")]


def test_a_completed_job_is_told_in_one_line() -> None:
    assert ended_lines(read_job(a_finished_job()), "scan.pdf", 4.21, []) == [
        "Read 4 pages in 4.2 s."
    ]
    one = a_finished_job(completed_pages=1, total_pages=1)
    assert ended_lines(read_job(one), "scan.pdf", 61, []) == ["Read 1 page in 1 min 01 s."]


def test_a_job_with_errors_names_its_pages_and_the_files_damage() -> None:
    job = a_finished_job(
        status="completed_with_errors",
        completed_pages=3,
        failed_pages=1,
        warnings=["The file is cut off."],
    )
    assert ended_lines(
        read_job(job), "scan.pdf", 5, [(2, 2, "PAGE_TIMEOUT", "Took too long.")]
    ) == [
        "Warning: The file is cut off.",
        "Read 3 of 4 pages in 5.0 s; these could not be read:",
        "  page 2: Took too long. [PAGE_TIMEOUT]",
    ]


def test_a_missing_password_is_told_with_how_to_give_it() -> None:
    error = {"code": "PASSWORD_REQUIRED", "message": "The PDF needs a password."}
    lines = ended_lines(read_job(a_job(status="failed", error=error)), "a.pdf", 1, [])
    assert lines[0] == "a.pdf could not be read: The PDF needs a password. [PASSWORD_REQUIRED]"
    assert "--password-stdin" in lines[1]


def test_a_status_says_where_the_job_is_and_what_comes_next() -> None:
    lines = status_lines(read_job(a_job(completed_pages=2, completed_chunks=1)))
    assert "Status   processing - Processing chunk 1/2" in lines
    assert "Pages    2 of 4 read" in lines
    assert not any(line.startswith("Result") for line in lines)
    done = status_lines(read_job(a_finished_job()))
    assert f"Result   quire result {JOB_ID}" in done
    assert "Took     4.0 s" in done


def test_a_file_name_cannot_steer_the_terminal() -> None:
    lines = status_lines(read_job(a_job(filename="a\x1b[2Jb.pdf")))
    assert lines[0] == "File     a[2Jb.pdf"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 05 min"),
    ],
)
def test_durations_are_written_as_people_do(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(12, "12 bytes"), (3400, "3.4 kB"), (33_000_000, "33 MB"), (1.05e9, "1.1 GB")],
)
def test_sizes_are_written_as_people_do(size: int, text: str) -> None:
    assert size_text(size) == text
