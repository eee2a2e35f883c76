"""`quire batch` on a stack that runs: many documents handed over, watched, steered and fetched."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from infra.local.stack import Stack
from tests.e2e.cli_program import Ended, Program, ctrl_c, minutes
from tests.e2e.quire_client import QuireClient, wait_for


@pytest.fixture
def program(stack: Stack, tmp_path: Path) -> Program:
    return Program(stack.home.folder, tmp_path)


@pytest.fixture
def as_local(stack: Stack) -> QuireClient:
    """The owner whose documents the command sends."""
    return QuireClient(stack, owner="local")


def archive(folder: Path, documents: int, pages: int = 1) -> Path:
    """Make a folder of PDFs no two of which are equal, some in a folder of their own."""
    (folder / "older").mkdir(parents=True)
    for number in range(documents):
        below = folder / "older" if number % 3 == 0 else folder
        minutes(below / f"letter {number:02d}.pdf", pages, attachment=os.urandom(64))
    return folder


def last_line(ended: Ended) -> str:
    return ended.out.strip().splitlines()[-1]


def test_a_folder_is_read_whole_and_its_results_are_fetched_once(
    program: Program, tmp_path: Path
) -> None:
    folder = archive(tmp_path / "archive", 12)
    ended = program("batch", "submit", folder, "--watch", "--name", "Letters")
    assert ended.code == 0, ended.err
    assert "Sent 12 of 12 files" in ended.err
    assert "Letters: 12 of 12 documents" in ended.err
    batch = last_line(ended)

    listed = program("batch", "list").out.splitlines()
    [line] = [line for line in listed if line.startswith(batch)]
    assert line.split("\t")[1:6] == ["completed", "100", "12", "12", "0"]
    status = program("batch", "status", batch[:12], "--documents").out
    assert "12 complete" in status
    names = [line.split("\t")[-1] for line in status.splitlines() if "\t" in line]
    assert sorted(names) == sorted(path.name for path in folder.rglob("*.pdf"))

    fetched = program("batch", "results", batch, "-o", "texts", "--format", "text")
    assert (fetched.code, fetched.out) == (0, "12 results written to texts\n")
    texts = sorted((tmp_path / "texts").iterdir())
    assert len(texts) == 12
    assert all(path.read_text().startswith("Minutes, page 1.") for path in texts)
    texts[0].unlink()
    again = program("batch", "results", batch, "-o", "texts", "--format", "text")
    assert again.out == "1 results written to texts, 11 were there\n"


def test_every_bad_line_of_a_manifest_is_named_and_nothing_begins(
    program: Program, as_local: QuireClient, tmp_path: Path
) -> None:
    manifest = tmp_path / "documents.jsonl"
    manifest.write_text(
        '{"uri": "gs://quire-uploads/batches/somebody-else/a.pdf"}\n'
        '{"uri": "nonsense"}\n'
        '{"document_id": "00000000-0000-4000-8000-000000000000"}\n'
    )
    with as_local:
        before = as_local.rows("SELECT id FROM batches")
        ended = program("batch", "submit", manifest)
        assert as_local.rows("SELECT id FROM batches") == before
    assert ended.code == 1
    assert "3 lines" in ended.err
    assert all(f"line {number}: " in ended.err for number in (1, 2, 3))
    told = json.loads(program("batch", "submit", manifest, "--json").out)
    assert told["error"]["code"] == "MANIFEST_INVALID"


def test_what_is_no_pdf_is_named_before_anything_is_sent_or_left_out_when_told_to(
    program: Program, tmp_path: Path
) -> None:
    folder = archive(tmp_path / "archive", 3)
    (folder / "notes.pdf").write_text("these are notes")
    ended = program("batch", "submit", folder)
    assert ended.code == 2
    assert "notes.pdf is not a PDF" in ended.err
    assert "--skip-unreadable" in ended.err
    ended = program("batch", "submit", folder, "--skip-unreadable", "--watch")
    assert ended.code == 0, ended.err
    assert "Left out: " in ended.err
    assert "3 of 3 documents" in ended.err


def test_a_batch_is_held_resumed_and_cancelled(program: Program, tmp_path: Path) -> None:
    folder = archive(tmp_path / "archive", 3)
    batch = last_line(program("batch", "submit", folder, "--paused"))
    assert "paused" in program("batch", "status", batch).out
    assert program("batch", "priority", batch, "high").code == 0
    told = json.loads(program("batch", "status", batch, "--json").out)
    assert (told["status"], told["priority"], told["pending"]) == ("paused", "high", 3)
    assert program("batch", "resume", batch).code == 0
    assert program("batch", "status", batch, "--watch").code == 0
    refused = program("batch", "pause", batch)
    assert refused.code == 1
    assert f"{batch}: " in refused.err

    other = last_line(program("batch", "submit", folder, "--paused"))
    ended = program("batch", "cancel", other)
    assert (ended.code, ended.out.split(",")[0]) == (0, f"{other}: cancelled")


def test_what_failed_is_recovered_and_what_will_not_pass_is_named(
    program: Program, as_local: QuireClient, tmp_path: Path
) -> None:
    folder = archive(tmp_path / "archive", 4)
    minutes(folder / "poisoned.pdf", 2, attachment=os.urandom(64))
    with as_local:
        faults = [{"status": "UNAVAILABLE", "times": 40}]
        with as_local.document_ai(faults=faults):
            ended = program("batch", "submit", folder, "--watch")
        batch = last_line(ended)
        assert ended.code == 1, ended.err
        failed = program("batch", "status", batch, "--failed").out
        assert "5 documents" in failed
        assert "(may pass)" in failed
        with as_local.document_ai(poison="page 2"):
            recovered = program("batch", "recover", batch, "--watch")
    assert recovered.code == 3, recovered.err
    status = json.loads(program("batch", "status", batch, "--json").out)
    assert (status["completed"], status["completed_with_errors"]) == (4, 1)
    assert status["recoveries"] == [last_line(recovered)]
    refused = program("batch", "recover", batch)
    assert refused.code == 1
    assert "NOTHING_TO_RECOVER" in refused.err


def test_a_warmed_folder_is_found_in_the_cache(
    program: Program, as_local: QuireClient, tmp_path: Path
) -> None:
    folder = archive(tmp_path / "archive", 3)
    warmed = program("batch", "warm", folder, "--watch")
    assert warmed.code == 0, warmed.err
    ended = program("batch", "submit", folder, "--watch", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["cache_hit_rate"] == 1.0
    as_local.http.close()


def test_ctrl_c_leaves_the_batch_to_the_stack_and_says_how_to_see_it(
    program: Program, as_local: QuireClient, tmp_path: Path
) -> None:
    folder = archive(tmp_path / "archive", 4)
    with as_local, as_local.document_ai(let_through=0):
        process = program.start("batch", "submit", folder, "--watch")
        assert process.stdout is not None
        batch = process.stdout.readline().strip()
        ended = ctrl_c(process)
        assert ended.code == 130
        assert f"quire batch status {batch} --watch" in ended.err
        as_local.let_through(None)
        wait_for(
            lambda: as_local.http.get(f"/v1/batches/{batch}").json()["finished_at"],
            "the batch to end by itself",
        )
