"""`quire deploy-check` between programs that answer as the real ones do."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from infra.cli.deploying.check import State
from infra.cli.deploying.target import ROOT, Target, assignments
from infra.cli.deploying.values import check_values, database_kind, key_kind
from infra.cli.main import run_command
from tests.unit.cli.fake_programs import NO_LOGIN, Programs, a_ready_project

Output = pytest.CaptureFixture[str]
WHERE = ["--project", "my-project", "--region", "europe-west1"]
#: Nobody listens there.
SUPABASE = "https://127.0.0.1:1"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    folder = tmp_path / "bin"
    folder.mkdir()
    programs = Programs(folder)
    monkeypatch.setenv("PATH", programs.path)
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "SUPABASE_URL", "TF_VAR_supabase"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("TF_VAR_secret_values", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres:hushhush@db.x.supabase.co:5432/p")
    return programs


def checks(capsys: Output, *more: str) -> tuple[int, dict[str, dict[str, Any]]]:
    code = run_command(["deploy-check", *WHERE, "--supabase-url", SUPABASE, "--json", *more])
    output = capsys.readouterr().out
    assert "hushhush" not in output
    return code, {check["name"]: check for check in json.loads(output)["checks"]}


def test_in_a_ready_project_nothing_is_missing_and_it_only_looks(
    programs: Programs, capsys: Output
) -> None:
    a_ready_project(programs)
    code, found = checks(capsys)
    states = {name: check["state"] for name, check in found.items()}
    # The one thing that can't be asked from here.
    assert states.pop("Supabase") == "unknown"
    assert set(states.values()) == {"ok", "later"}, found
    assert code == 3
    assert states["bucket uploads"] == states["state bucket"] == states["APIs"] == "later"
    assert "600 calls a minute: 250 pages a second" in found["Document AI quota"]["detail"]
    assert not re.search(r"\b(create|enable|add|update|apply|submit)\b", "\n".join(programs.calls))


def test_without_any_tool_it_says_what_to_install_and_what_it_could_not_look_at(
    programs: Programs, capsys: Output
) -> None:
    code, found = checks(capsys)
    assert code == 1
    assert found["terraform"]["state"] == found["gcloud"]["state"] == "missing"
    assert found["terraform"]["advice"].startswith("Install 1.11")
    assert found["project"]["detail"] == "Not looked at: gcloud is not installed."


def test_where_nobody_is_logged_in_it_says_so_once_and_how(
    programs: Programs, capsys: Output
) -> None:
    a_ready_project(programs)
    programs.answer("gcloud", code=1, err=NO_LOGIN)
    programs.answer("gcloud version", {"Google Cloud SDK": "528.0.0"})
    programs.answer("gcloud auth list", [])
    assert run_command(["deploy-check", *WHERE, "--supabase-url", SUPABASE]) == 1
    shown = capsys.readouterr().out
    assert shown.count("gcloud auth login") == 1
    assert shown.count("Not looked at: nobody is logged in.") >= 8


def test_offline_it_looks_at_what_this_machine_knows(programs: Programs, capsys: Output) -> None:
    a_ready_project(programs)
    code, found = checks(capsys, "--offline")
    assert code == 3
    assert set(found) == {"terraform", "gcloud", "image", "variables", "Supabase", "migrations"}


@pytest.mark.parametrize(
    ("command", "answer", "name", "word"),
    [
        ("terraform version", {"terraform_version": "1.5.7"}, "terraform", "too old"),
        ("gcloud billing projects", {"billingEnabled": False}, "billing", "pays"),
        ("gcloud services list", [], "APIs", "serviceusage.googleapis.com"),
        ("gcloud projects describe", {"lifecycleState": "DELETE_REQUESTED"}, "project", "deleted"),
        ("gcloud secrets versions list", [], "secret database_url", "no value"),
    ],
)
def test_what_is_missing_is_told_with_what_to_do(
    programs: Programs, capsys: Output, command: str, answer: object, name: str, word: str
) -> None:
    a_ready_project(programs)
    programs.answer(command, answer)
    code, found = checks(capsys)
    assert (code, found[name]["state"]) == (1, "missing")
    assert word in found[name]["detail"]
    assert found[name]["advice"]


def test_a_bucket_of_somebody_else_and_a_project_that_is_not_seen_are_missing(
    programs: Programs, capsys: Output
) -> None:
    a_ready_project(programs)
    refused = "ERROR: HTTPError 403: anna@example.org does not have storage.buckets.get access.\n"
    programs.answer("gcloud storage buckets describe", code=1, err=refused)
    programs.answer("gcloud projects describe", code=1, err=f"ERROR: PERMISSION_DENIED {refused}")
    code, found = checks(capsys)
    assert code == 1
    for name in ("project", "bucket uploads", "bucket chunks"):
        assert found[name]["state"] == "missing"


def test_little_quota_is_a_note_and_an_unreadable_one_is_told(
    programs: Programs, capsys: Output
) -> None:
    a_ready_project(programs)
    few = [
        {
            "quotaId": "CpuAllocPerProjectRegion",
            "dimensionsInfos": [
                {"applicableLocations": ["europe-west1"], "details": {"value": "20000"}}
            ],
        }
    ]
    programs.answer("gcloud beta quotas info list --service=run.googleapis.com", few)
    off = "ERROR: Cloud Quotas API has not been used in project 1 before or it is disabled.\n"
    programs.answer("gcloud beta quotas info list --service=documentai", code=1, err=off)
    _, found = checks(capsys)
    assert found["Cloud Run quota"]["state"] == "note"
    assert found["Document AI quota"]["state"] == "unknown"
    assert "disabled" in found["Document AI quota"]["detail"]


def test_the_state_bucket_should_keep_versions(programs: Programs, capsys: Output) -> None:
    a_ready_project(programs)
    there = {"name": "my-project-quire-state", "public_access_prevention": "enforced"}
    programs.answer("gcloud storage buckets describe gs://my-project-quire-state", there)
    _, found = checks(capsys)
    assert "--versioning" in found["state bucket"]["advice"]
    programs.answer(
        "gcloud storage buckets describe gs://my-project-quire-state",
        {**there, "versioning_enabled": True},
    )
    assert checks(capsys)[1]["state bucket"]["state"] == "ok"


def test_the_real_variables_are_understood() -> None:
    target = Target("my-project", "europe-west1", "prod", variables={})
    assert target.missing == ["supabase"]
    assert target.unknown == []
    assert "documentai.googleapis.com" in target.services
    assert target.least_terraform >= (1, 11)
    # The names are Terraform's own.
    locals_file = (ROOT / "terraform" / "locals.tf").read_text()
    for kind in target.buckets:
        assert f'"${{var.project}}-${{var.prefix}}-{kind}"' in locals_file
    secrets_file = (ROOT / "terraform" / "secrets.tf").read_text()
    for name in [*target.given_secrets, "supabase_jwt_secret"]:
        assert re.search(rf"^\s+{name}\s*=", secrets_file, re.MULTILINE)


def test_what_terraform_does_not_know_and_what_it_lacks_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "terraform"
    (folder / "environments").mkdir(parents=True)
    (folder / "variables.tf").write_text(
        'variable "project" {\n  type = string\n}\n'
        'variable "owner" {\n  type = object({\n    a = optional(string, "x")\n  })\n}\n'
        'variable "size" {\n  default = 1\n}\n'
    )
    file = folder / "environments" / "prod.tfvars"
    target = Target("my-project", "europe-west1", "prod", folder, variables={})
    file.write_text("size = 2\n")
    first = next(check_values(target, offline=True))
    assert (first.state, "owner" in first.detail) == (State.MISSING, True)
    file.write_text('owner = {\n  a = "}" # }\n}\nsizes = 3\n')
    again = Target("my-project", "europe-west1", "prod", folder, variables={})
    first = next(check_values(again, offline=True))
    assert (first.state, "sizes" in first.detail) == (State.MISSING, True)


def test_only_outermost_assignments_count() -> None:
    text = 'a = "x = {"\nb = {\n  c = [\n    1, # ]\n  ]\n}\n# d = 1\ne = true\n'
    assert set(assignments(text)) == {"a", "b", "e"}


def _token(role: str) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"role": role}).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{payload}.signature"


@pytest.mark.parametrize(
    ("key", "state"),
    [
        ("sb_secret_abc", State.OK),
        (_token("service_role"), State.OK),
        ("sb_publishable_abc", State.MISSING),
        (_token("anon"), State.MISSING),
        ("hushhush", State.MISSING),
        ("a.!.c", State.MISSING),
    ],
)
def test_a_keys_kind_is_known_without_telling_the_key(key: str, state: State) -> None:
    found = key_kind(key)
    assert found.state == state
    assert key not in f"{found.detail} {found.advice}"


def test_the_running_quire_is_to_have_the_transaction_pooler() -> None:
    assert database_kind("postgresql://u:p@pooler.supabase.com:6543/postgres").state == State.OK
    assert database_kind("postgresql://u:p@db.supabase.co:5432/postgres").state == State.NOTE
    for odd in ("mysql://u:p@h/d", "postgresql://u@h:6543/d", "postgresql://u:p@h:x/d"):
        assert database_kind(odd).state == State.MISSING


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401 if self.path == "/auth/v1/health" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def supabase() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_address_must_be_https_and_whatever_does_not_answer_is_told(supabase: str) -> None:
    def found(url: str) -> State:
        target = Target("my-project", "europe-west1", "prod", supabase_url=url, variables={})
        return {check.name: check for check in check_values(target)}["Supabase"].state

    assert found(f"http://{supabase}") == State.MISSING
    # It speaks no TLS.
    assert found(f"https://{supabase}") == State.UNKNOWN
