"""What the local stack says and knows without starting anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from infra.local.failures import explain, telling_line
from infra.local.home import ROOT, Home, Secrets
from infra.local.layout import PORTS, Layout, StackOptions, without_password
from infra.local.services import emulators, functions, worker
from infra.settings import Settings

SECRETS = Secrets("pg-secret", "redis-secret", "j" * 32, "service-key", "w" * 32)


def layout(options: StackOptions | None = None) -> Layout:
    ports = {name: 21_000 + number for number, name in enumerate(PORTS)}
    return Layout(Home(Path("/nowhere")), ports, SECRETS, options or StackOptions())


def settings_of(made: Layout, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, setting in made.environment.items():
        monkeypatch.setenv(name, setting)
    return Settings()


def test_the_environment_makes_valid_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    made = layout(StackOptions(workers=3))
    settings = settings_of(made, monkeypatch)
    assert settings.database.url.get_secret_value() == made.endpoints["postgres"]
    assert settings.redis_url.get_secret_value() == made.endpoints["redis"]
    assert settings.supabase.service_key.get_secret_value() == "service-key"
    assert settings.document_ai.endpoint == made.endpoints["document_ai"]
    assert settings.document_ai.insecure
    assert settings.tasks.insecure
    assert settings.tasks.merge_url == made.endpoints["api"] + "/merge"
    assert settings.tasks.ingest_url == made.endpoints["api"] + "/ingest"
    assert settings.tasks.webhook_url == made.endpoints["api"] + "/webhook"
    assert settings.max_workers == 3


def test_every_nested_name_of_the_environment_is_one_that_settings_know() -> None:
    for name in layout(StackOptions(page_limit=500)).environment:
        *sections, last = name.lower().split("__")
        kind: type[BaseModel] = Settings
        for section in sections:
            found = kind.model_fields[section].annotation
            assert isinstance(found, type)
            assert issubclass(found, BaseModel)
            kind = found
        # Without a section it may be one that a client's library reads.
        assert last in kind.model_fields or not sections, name


def test_a_lifted_page_limit_lets_a_chunk_be_the_whole_document(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lifted = StackOptions(page_limit=500, extra_env={"CHUNK_SIZE_PAGES": "425"})
    assert settings_of(layout(lifted), monkeypatch).document_ai.page_limit == 500


def test_further_environment_of_the_caller_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    made = layout(StackOptions(extra_env={"MAX_WORKERS": "9"}))
    assert settings_of(made, monkeypatch).max_workers == 9


def test_secrets_are_not_part_of_a_command() -> None:
    made = layout()
    words = " ".join(word for f in (emulators, functions, worker) for word in f(made).command)
    assert not [secret for secret in SECRETS.__struct_fields__ if getattr(SECRETS, secret) in words]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (
            "postgresql://postgres:pw@127.0.0.1:5/postgres",
            "postgresql://postgres@127.0.0.1:5/postgres",
        ),
        ("redis://:pw@127.0.0.1:5/0", "redis://127.0.0.1:5/0"),
        ("http://127.0.0.1:5", "http://127.0.0.1:5"),
        ("127.0.0.1:5", "127.0.0.1:5"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    assert without_password(address) == shown


def test_the_data_folder_is_where_the_user_says() -> None:
    assert Home.find({"QUIRE_HOME": "/some/where"}).folder == Path("/some/where")


def test_in_a_checkout_the_data_folder_is_in_it() -> None:
    assert Home.find({}).folder == ROOT / ".quire"


def test_the_complaint_is_found_among_other_lines() -> None:
    lines = ["starting", "FATAL:  could not create lock file", "LOG:  shutting down"]
    assert telling_line(lines) == "FATAL:  could not create lock file"
    assert telling_line(["one", "two"]) == "two"
    assert telling_line([]) == ""


def test_a_full_disk_is_named_as_the_reason() -> None:
    lines = ["PANIC:  could not write to file: No space left on device", "LOG:  aborting"]
    assert "the disk is full" in explain("postgres", lines, "SIGABRT")


def test_a_process_that_said_nothing_is_still_explained() -> None:
    assert explain("worker", [], "SIGKILL") == "worker stopped (SIGKILL): it printed nothing"
