"""What the function says about itself to whoever asks, with parts away and with all there."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import wait_for

PARTS = ["database", "migrations", "broker", "storage", "results", "tasks"]


def parts(api: str) -> dict[str, bool]:
    """Return which part is ready, having looked at everything around it."""
    answer = httpx.get(f"{api}/readyz", timeout=30)
    body = answer.json()
    ready = {name: part["ready"] for name, part in body["parts"].items()}
    assert list(ready) == PARTS
    assert answer.status_code == (200 if all(ready.values()) else 503)
    assert body["status"] == ("ready" if all(ready.values()) else "not_ready")
    assert answer.headers["cache-control"] == "no-store"
    # Nothing of where it is, and nothing that a library said.
    for secret in ("127.0.0.1", "localhost", "://", "Error", "quire-"):
        assert secret not in answer.text
    return ready


def test_a_whole_stack_is_ready_and_costs_little_to_ask(stack: Stack) -> None:
    api = stack.endpoints["api"]
    wait_for(lambda: not unready(api), "the stack to be ready", patience=60)
    began = time.monotonic()
    for _ in range(20):
        assert all(parts(api).values())
    assert time.monotonic() - began < 20
    assert httpx.get(f"{api}/healthz").json() == {"status": "ok"}


@pytest.fixture
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that may be harmed."""
    home = Home(tmp_path_factory.mktemp("ready"))
    with Stack(home, options=StackOptions(workers=1)) as stack:
        wait_for(
            lambda: all(parts(stack.endpoints["api"]).values()),
            "the stack to be ready",
            patience=60,
        )
        yield stack


def unready(api: str) -> list[str]:
    return [name for name, is_ready in parts(api).items() if not is_ready]


def test_parts_that_hang_are_named_in_time_and_ready_again_when_they_let_go(
    own_stack: Stack,
) -> None:
    api = own_stack.endpoints["api"]
    hung = [own_stack.processes[name] for name in ("valkey", "emulators")]
    for pid in hung:
        os.kill(pid, signal.SIGSTOP)
    try:
        wait_for(lambda: len(unready(api)) == 4, "four parts to be missed", patience=60)
        assert unready(api) == ["broker", "storage", "results", "tasks"]
        began = time.monotonic()
        with ThreadPoolExecutor(60) as threads:
            list(threads.map(lambda _: parts(api), range(60)))
        assert time.monotonic() - began < 20
    finally:
        for pid in hung:
            os.kill(pid, signal.SIGCONT)
    wait_for(lambda: not unready(api), "the stack to be ready again", patience=60)


def test_a_database_that_lacks_a_migration_is_not_ready(own_stack: Stack) -> None:
    api = own_stack.endpoints["api"]
    with psycopg.connect(own_stack.endpoints["postgres"], autocommit=True) as connection:
        connection.execute("DELETE FROM schema_migrations WHERE name LIKE '0001%'")
    found = wait_for(lambda: unready(api), "the migration to be missed", patience=60)
    assert found == ["migrations"]
    answer = httpx.get(f"{api}/readyz").json()
    assert answer["parts"]["migrations"]["detail"] == "Migrations that have not been applied: 1."
