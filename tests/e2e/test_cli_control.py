"""Jobs under their owner's hand, by real commands on a stack that runs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local.stack import Stack
from tests.e2e.cli_program import Program, minutes
from tests.e2e.quire_client import QuireClient, wait_for


@pytest.fixture
def program(stack: Stack, tmp_path: Path) -> Program:
    return Program(stack.home.folder, tmp_path)


@pytest.fixture
def as_local(stack: Stack) -> QuireClient:
    """The owner whose documents the command sends."""
    return QuireClient(stack, owner="local")


@pytest.fixture
def deployed(program: Program, stack: Stack) -> Program:
    """The command as bob has it, who knows the stack only by its address."""
    token = program("token", "--owner", "bob").out.strip()
    shell = {"QUIRE_URL": stack.endpoints["api"], "QUIRE_TOKEN": token}
    return replace(program, home=program.folder / "no-home", environment=shell)


def go_on_once_paused(quire: QuireClient, job_id: str) -> None:
    """Let all calls through as soon as the job is paused."""
    wait_for(lambda: quire.job(job_id)["status"] == "paused", "the pause")
    quire.let_through(None)


def test_a_job_is_paused_seen_at_rest_resumed_and_told_afterwards(
    program: Program, as_local: QuireClient, tmp_path: Path
) -> None:
    pdf = minutes(tmp_path / "minutes.pdf", 20)
    with as_local, as_local.document_ai(let_through=1), ThreadPoolExecutor() as threads:
        job_id = program("submit", pdf, "--chunk-pages", "1", "--priority", "high").out.strip()
        short = job_id[:8]
        wait_for(lambda: as_local.job(job_id)["completed_chunks"] > 0, "a chunk to be read")
        # What is under work may end once nothing new is begun, which the command waits for.
        resting = threads.submit(go_on_once_paused, as_local, job_id)
        paused = program("pause", short, "--watch", "--json")
        resting.result(60)
        assert paused.code == 0, paused.err
        [job] = json.loads(paused.out)["jobs"]
        assert (job["status"], job["processing_chunks"]) == ("paused", 0)
        assert "Paused at chunk" in paused.err
        at_rest = as_local.job(job_id)["completed_chunks"]
        status = program("status", short).out
        assert f"quire resume {job_id}" in status
        assert "Priority high" in status
        listed = program("jobs", "--status", "paused").out.splitlines()
        assert [line.split("\t")[0] for line in listed] == [job_id]
    resumed = program("resume", short, "--watch")
    assert resumed.code == 0, resumed.err
    assert 0 < at_rest < 20
    assert "Completed: 20 pages" in resumed.err
    assert program("result", short).out.count("Minutes, page") == 20

    history = [json.loads(line) for line in program("history", short, "--json").out.splitlines()]
    kinds = [event["kind"] for event in history]
    assert kinds.index("job_paused") < kinds.index("job_resumed") < kinds.index("job_completed")
    told = [json.loads(line) for line in program("events", short, "--json").out.splitlines()]
    assert [event["id"] for event in told] == [event["id"] for event in history]
    assert told[-1]["job"]["status"] == "completed"
    last = program("events", short, "--after", str(history[-2]["id"])).out.splitlines()
    assert [line.split("\t")[2:] for line in last] == [["job_completed", "Completed"]]


def test_a_cancelled_job_has_no_result_and_is_not_retried(
    program: Program, as_local: QuireClient, tmp_path: Path
) -> None:
    pdf = minutes(tmp_path / "minutes.pdf", 3)
    with as_local, as_local.document_ai(let_through=0):
        job_id = program("submit", pdf, "--chunk-pages", "1").out.strip()
        cancelled = program("cancel", job_id)
    assert (cancelled.code, cancelled.out) == (0, f"{job_id}: Cancelled\n")
    assert program("cancel", job_id).code == 0
    refused = program("retry", job_id)
    assert refused.code == 1
    assert "[JOB_CANCELLED]" in refused.err
    assert program("result", job_id).code == 1
    assert program("status", job_id, "--watch").code == 1


def test_pages_that_could_not_be_read_are_read_by_a_retry(
    program: Program, as_local: QuireClient, tmp_path: Path
) -> None:
    pdf = minutes(tmp_path / "minutes.pdf", 3)
    with as_local, as_local.document_ai(poison="page 2"):
        ended = program("submit", pdf, "--watch")
    assert ended.code == 3
    job_id = ended.out.strip()
    assert f"quire retry {job_id}" in program("status", job_id).out
    retried = program("retry", job_id, "--watch")
    assert retried.code == 0, retried.err
    assert "Completed: 3 pages" in retried.err
    assert "page will be read again" in program("history", job_id).out


def test_a_locked_document_is_refused_until_its_password_is_in_the_environment(
    program: Program, tmp_path: Path
) -> None:
    pdf = minutes(tmp_path / "locked.pdf", 1, password="geheim")
    refused = program("submit", pdf)
    assert refused.code == 1
    assert "[PASSWORD_REQUIRED]" in refused.err
    assert "--password" in refused.err
    knowing = replace(program, environment={"QUIRE_PASSWORD": "geheim"})
    taken = knowing("submit", pdf, "--password", "--watch")
    assert taken.code == 0, taken.err
    assert "geheim" not in taken.out + taken.err


def test_a_deployed_quire_is_used_by_its_address_and_a_token(
    deployed: Program, program: Program, tmp_path: Path
) -> None:
    pdf = minutes(tmp_path / "bobs.pdf", 2)
    sent = deployed("submit", pdf, "--matter", "m1", "--watch")
    assert sent.code == 0, sent.err
    job_id = sent.out.strip()
    [listed] = deployed("jobs", "--matter", "m1").out.splitlines()
    assert listed.split("\t")[0] == job_id
    assert deployed("result", job_id[:8]).out.count("Minutes, page") == 2
    ran = deployed("run", pdf, "--json")
    assert json.loads(ran.out)["status"] == "completed"
    # What is bob's is not there for the owner of the local stack.
    hidden = program("status", job_id)
    assert hidden.code == 1
    assert "[JOB_NOT_FOUND]" in hidden.err
    assert job_id not in program("jobs", "--all").out
    assert not deployed.home.exists()


def test_a_profile_of_the_file_works_and_an_unknown_key_is_refused(
    deployed: Program, stack: Stack
) -> None:
    token = deployed.environment["QUIRE_TOKEN"]
    path = deployed.folder / "config" / "quire" / "config.toml"
    path.parent.mkdir(parents=True)
    address = stack.endpoints["api"]
    path.write_text(
        f'[default]\nurl = "{address}"\ntoken = "{token}"\n'
        f'[old]\nurl = "{address}"\ntoken = "qk_of-nobody"\n'
    )
    path.chmod(0o640)
    by_file = replace(deployed, environment={})
    listed = by_file("jobs")
    assert listed.code == 0, listed.err
    assert "others can read it (mode 0640)" in listed.err
    refused = by_file("--profile", "old", "jobs", "--json")
    assert refused.code == 1
    assert json.loads(refused.out)["error"]["code"] == "UNAUTHORIZED"
    assert "[old] is not taken there" in refused.err
    well = by_file("--profile", "default", "doctor")
    assert well.code == 0, well.out
    assert "ok   remote login" in well.out
    assert token not in well.out


def test_a_token_opens_the_api_for_other_clients(program: Program, stack: Stack) -> None:
    owner = program("token", "--owner", "carol").out.strip()
    with QuireClient(stack, owner="nobody") as other:
        mine = {"Authorization": f"Bearer {owner}"}
        assert other.http.get("/v1/jobs", headers=mine).json() == {"jobs": [], "next_cursor": None}


def test_credits_logs_and_webhooks_are_told(program: Program, tmp_path: Path) -> None:
    job_id = program("submit", minutes(tmp_path / "a.pdf", 1), "--watch").out.strip()
    assert "switched off" in program("credits").out
    assert "Nobody is told" in program("webhooks", job_id).err
    lines = [json.loads(line) for line in program("logs", job_id, "--json").out.splitlines()]
    assert lines
    assert all(line["message"] for line in lines)
