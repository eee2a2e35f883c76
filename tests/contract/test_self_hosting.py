"""The commands of compose.yaml and of the systemd units, run against real servers for a moment."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import httpx
import psycopg
import pytest

from infra.local.ports import HOST, choose_ports
from infra.local.stack import Stack
from tests.e2e.quire_client import wait_for
from tests.self_hosted import DOORS, ROOT, command_of, compose, unit, variables_of

PATIENCE = 60


@pytest.fixture
def environment(servers: Stack, database_url: str) -> dict[str, str]:
    """What quire.env would say, with a database of one's own."""
    return {**servers.layout.full_environment, "DATABASE__URL": database_url}


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """Run a command, and end it as systemd and Docker do."""
    with subprocess.Popen(
        command,
        env=dict(environment),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.communicate(timeout=PATIENCE)
                finally:
                    process.kill()


def run(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=dict(environment),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def answer(process: subprocess.Popen[str], method: str, url: str) -> httpx.Response:
    def asked() -> httpx.Response | None:
        assert process.poll() is None, process.communicate()[0]
        try:
            return httpx.request(method, url, timeout=20)
        except httpx.TransportError:
            return None

    return wait_for(asked, f"{url} to answer", patience=PATIENCE)


def with_port(command: list[str], port: int) -> list[str]:
    return [f"--port={port}" if word.startswith("--port=") else word for word in command]


def local(command: list[str]) -> list[str]:
    """Return a container's command, as this checkout runs it."""
    program = ROOT / ".venv" / "bin" / command[0]
    words = [word.replace("--source=main.py", "--source=functions/main.py") for word in command]
    return [str(program), *words[1:]]


@pytest.mark.parametrize("place", ["systemd", "compose"])
def test_the_api_starts_and_says_that_it_lives(place: str, environment: dict[str, str]) -> None:
    [port] = choose_ports(["api"], {}).values()
    service = unit("quire-api.service")["Service"]
    given = local(compose()["services"]["api"]["command"])
    command = command_of(service) if place == "systemd" else given
    more = {"HOST": HOST, "LOG_LEVEL": "INFO"}
    with running(with_port(command, port), {**environment, **more}) as process:
        assert answer(process, "GET", f"http://{HOST}:{port}/healthz").status_code == 200


@pytest.mark.parametrize("door", DOORS)
def test_a_door_starts_and_lets_nobody_in_without_a_token(
    door: str, environment: dict[str, str]
) -> None:
    [port] = choose_ports([door], {}).values()
    command = with_port(command_of(unit("quire-door@.service", door)["Service"]), port)
    with running(command, environment) as process:
        refused = answer(process, "POST", f"http://{HOST}:{port}/")
        assert refused.status_code == 401, refused.text


def test_the_worker_starts_is_found_healthy_and_ends_in_time(environment: dict[str, str]) -> None:
    service = unit("quire-worker.service")["Service"]
    own = {name: value for name, value in variables_of(service).items() if name == "REMAP_SIGTERM"}
    # As Docker's containers have it; so the check finds this very worker.
    own["HOSTNAME"] = os.uname().nodename
    own["PATH"] = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    with running(command_of(service), {**environment, **own}) as process:
        assert process.stdout is not None
        ready = next((line for line in process.stdout if " ready" in line), "")
        assert "celery@" in ready
        [kind, check] = compose()["services"]["worker"]["healthcheck"]["test"]
        assert kind == "CMD-SHELL"
        shell = ["/bin/sh", "-c", check.replace("$$", "$")]
        done = run(shell, {**environment, **own})
        assert done.returncode == 0, done.stdout + done.stderr
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=int(service["TimeoutStopSec"][0]))
    assert process.returncode in {0, 1, -signal.SIGTERM, -signal.SIGQUIT}


def test_maintain_runs_once_for_the_timer(environment: dict[str, str]) -> None:
    command = command_of(unit("quire-maintain.service")["Service"])
    done = run(command, environment)
    assert done.returncode == 0, done.stderr


def test_maintain_runs_by_the_clock_until_it_is_told_to_stop(environment: dict[str, str]) -> None:
    command = [*local(compose()["services"]["maintain"]["command"])[:-1], "0.05"]
    with running(command, environment) as process:
        assert process.stdout is not None
        with psycopg.connect(environment["DATABASE__URL"], autocommit=True) as connection:
            wait_for(
                lambda: connection.execute(
                    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND query LIKE '%%jobs%%'"
                ).fetchone(),
                "maintain to look",
                patience=PATIENCE,
            )
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0


def test_the_migrations_run_in_a_container_without_the_command(
    environment: dict[str, str], database_url: str
) -> None:
    migration = "0020_extended_after_cleaning.sql"
    with psycopg.connect(database_url, autocommit=True) as connection:
        # It puts a constraint in the place of the one before, and may do so again.
        connection.execute("DELETE FROM schema_migrations WHERE name = %s", (migration,))
    command = local(compose()["services"]["migrate"]["command"])
    done = run(command, environment)
    assert (done.returncode, done.stdout) == (0, f"{migration}\n"), done.stderr
