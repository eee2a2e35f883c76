"""`make deploy` and `make destroy`, between programs that answer as Google's and Terraform do.

The database that is migrated is a real one, and so is the server that is asked whether it is ready.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

from infra.cli.deploying.__main__ import main
from infra.cli.deploying.flow import Deployment
from infra.cli.deploying.image import content_tag, image_content
from infra.cli.deploying.target import ROOT, Target
from tests.image import in_context
from tests.unit.cli.fake_programs import Programs, a_ready_project

Output = pytest.CaptureFixture[str]
PROJECT = "my-project"
WHERE = ["--project", PROJECT, "--region", "europe-west1", "--supabase-url", "https://127.0.0.1:1"]
DIGEST = "sha256:" + "a" * 64
TERRAFORM = f"terraform -chdir={ROOT / 'terraform'}"


@dataclass
class Ready:
    """What the deployed API answers to whoever asks whether it is ready."""

    address: str = ""
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


@pytest.fixture
def api() -> Iterator[Ready]:
    ready = Ready()

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code, body = ready.answers.pop(0) if ready.answers else (200, {"parts": {}})
            self.send_response(code)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        ready.address = f"http://127.0.0.1:{server.server_port}"
        yield ready
        server.shutdown()
        thread.join()


@pytest.fixture
def programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str, api: Ready
) -> Programs:
    """A project in which nothing has been deployed, and an image that is there already."""
    folder = tmp_path / "bin"
    folder.mkdir()
    programs = Programs(folder)
    monkeypatch.setenv("PATH", programs.path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "TF_VAR_supabase", "TF_VAR_secret_values"):
        monkeypatch.delenv(name, raising=False)
    a_ready_project(programs)
    tell = programs.answer
    tell("gcloud storage buckets create")
    tell("gcloud storage buckets update")
    tell(TERRAFORM)
    tell(f"{TERRAFORM} state list", code=1, err="No state file was found!\n")
    tell(f"{TERRAFORM} plan", code=2)
    tell(f"{TERRAFORM} output", {"api_url": {"sensitive": False, "value": api.address}})
    tell("gcloud artifacts docker images describe", {"image_summary": {"digest": DIGEST}})
    return programs


def secrets_have_values(programs: Programs) -> None:
    programs.answer("gcloud secrets versions list", [{"name": "1", "state": "ENABLED"}])


def terraforms(programs: Programs) -> list[str]:
    """Return the commands that Terraform was given, without the questions."""
    prefix = f"{TERRAFORM} "
    given = [call.removeprefix(prefix) for call in programs.calls if call.startswith(prefix)]
    return [call for call in given if call.split()[0] in {"init", "plan", "apply", "destroy"}]


def test_the_first_deployment_makes_first_what_the_rest_needs_and_stops_for_the_secrets(
    programs: Programs, capfd: Output
) -> None:
    assert main(["deploy", *WHERE, "--yes"]) == 1
    said = capfd.readouterr()
    init, first = terraforms(programs)
    assert "-backend-config=bucket=my-project-quire-state -backend-config=prefix=prod" in init
    assert first.startswith("apply -input=false -auto-approve")
    for name in ("project_service", "artifact_registry_repository", "secret_manager_secret"):
        assert f"-target=google_{name}." in first
    [made] = [call for call in programs.calls if "buckets create" in call]
    assert "--public-access-prevention" in made
    for name in ("quire-database-url", "quire-supabase-service-key"):
        assert f"gcloud secrets versions add {name} --data-file=-" in said.err


def test_with_the_secrets_it_goes_through_and_migrates_before_it_rolls_out(
    programs: Programs, api: Ready, database_url: str, capfd: Output
) -> None:
    secrets_have_values(programs)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM schema_migrations WHERE name = '0008_admin.sql'")
    # A migration that can't go in keeps the new code from going out.
    assert main(["deploy", *WHERE, "--yes"]) == 1
    assert "Nothing was rolled out" in capfd.readouterr().err
    assert not [call for call in terraforms(programs) if call.startswith("plan")]

    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO schema_migrations (name) VALUES ('0008_admin.sql')")
    unready = {"parts": {"broker": {"ready": False, "detail": "It does not answer."}}}
    api.answers = [(503, unready)]
    assert main(["deploy", *WHERE, "--yes"]) == 0
    said = capfd.readouterr().out
    assert f"Quire is at {api.address}" in said
    *_, plan, apply = terraforms(programs)
    assert plan.startswith("plan -input=false -detailed-exitcode -out=")
    assert f"-var=worker_image=europe-west1-docker.pkg.dev/{PROJECT}/quire-images/worker@" in plan
    assert plan.rstrip().count(DIGEST) == 1
    # What is applied is what was shown.
    assert apply.split()[-1] == plan.split("-out=")[1].split()[0]
    everything = said + "\n".join(programs.calls)
    assert database_url not in everything


def test_a_later_run_without_changes_applies_nothing(programs: Programs, capfd: Output) -> None:
    secrets_have_values(programs)
    there = [
        "google_artifact_registry_repository.images",
        'google_project_service.this["run.googleapis.com"]',
        'google_secret_manager_secret.this["database_url"]',
    ]
    programs.answer(f"{TERRAFORM} state list", "\n".join(there))
    programs.answer(f"{TERRAFORM} plan", code=0)
    assert main(["deploy", *WHERE]) == 0
    assert "Nothing has changed." in capfd.readouterr().out
    assert [call.split()[0] for call in terraforms(programs)] == ["init", "plan"]


def test_without_anybody_to_ask_nothing_is_applied(programs: Programs, capfd: Output) -> None:
    secrets_have_values(programs)
    assert main(["deploy", *WHERE]) == 1
    assert "YES=1" in capfd.readouterr().err
    assert terraforms(programs)[-1].startswith("plan")
    assert main(["destroy", *WHERE]) == 1
    assert not [call for call in terraforms(programs) if call.startswith("destroy")]


def test_what_is_missing_stops_it_before_anything_is_made(
    programs: Programs, capfd: Output
) -> None:
    programs.answer("gcloud billing projects describe", {"billingEnabled": False})
    assert main(["deploy", *WHERE, "--yes"]) == 1
    assert "Nothing was made or changed." in capfd.readouterr().err
    assert terraforms(programs) == []
    assert not [call for call in programs.calls if "create" in call]


def test_an_image_that_is_not_there_is_built_by_cloud_build_where_docker_does_not_run(
    programs: Programs,
) -> None:
    missing = "ERROR: (gcloud.artifacts.docker.images.describe) Image not found.\n"
    programs.answer("gcloud artifacts docker images describe", code=1, err=missing)
    programs.answer("gcloud builds submit", code=1)
    secrets_have_values(programs)
    assert main(["deploy", *WHERE, "--yes"]) == 1
    [submitted] = [call for call in programs.calls if "builds submit" in call]
    assert f"--project={PROJECT}" in submitted
    programs.install("docker")
    programs.answer("docker info", "28.2.2\n")
    programs.answer("gcloud auth configure-docker")
    programs.answer("docker build")
    programs.answer("docker push", code=1)
    assert main(["deploy", *WHERE, "--yes"]) == 1
    tag = content_tag(ROOT)
    assert programs.calls[-1] == (
        f"docker push europe-west1-docker.pkg.dev/{PROJECT}/quire-images/worker:{tag}"
    )


def test_destroy_lifts_the_protection_first_and_says_what_stays(
    programs: Programs, capfd: Output
) -> None:
    state = {"values": {"image": f"europe-west1-docker.pkg.dev/p/quire-images/worker@{DIGEST}"}}
    programs.answer(f"{TERRAFORM} show -json", state)
    assert main(["destroy", *WHERE, "--yes"]) == 0
    _, lifted, gone = terraforms(programs)
    assert lifted.startswith("apply")
    assert gone.startswith("destroy")
    for call in (lifted, gone):
        assert call.endswith("-var=deletion_protection=false")
        assert DIGEST in call
    assert "my-project-quire-state" in capfd.readouterr().out


def test_the_image_is_named_by_just_what_it_is_made_of(tmp_path: Path) -> None:
    names = {path.relative_to(ROOT).as_posix() for path in image_content(ROOT)}
    every = {
        path.relative_to(ROOT).as_posix()
        for folder in ("common", "functions", "infra", "docs")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    assert names == {name for name in every if in_context(name)}


def test_a_deployment_tells_terraform_nothing_that_is_secret() -> None:
    target = Target(PROJECT, "europe-west1", supabase_url="https://x.supabase.co", variables={})
    values = Deployment(target, tell=print, variables={}).values(DIGEST)
    names = {value.split("=")[1] for value in values if value.startswith("-var=")}
    assert names == {"project", "region", "worker_image", "supabase"}
