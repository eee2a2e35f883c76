"""A home's secrets: made once, kept, and completed where the home is older than one of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.local.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def test_secrets_stay_the_same(home: Home) -> None:
    made = home.secrets()
    assert home.secrets() == made
    assert len(made.webhook_key) >= 32
    assert (home.folder / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_home_that_is_older_than_webhooks_gets_their_key_and_keeps_the_others(
    home: Home,
) -> None:
    made = home.secrets()
    path = home.folder / "secrets.json"
    known = json.loads(path.read_bytes())
    del known["webhook_key"]
    path.write_text(json.dumps(known))
    completed = home.secrets()
    assert len(completed.webhook_key) >= 32
    assert completed.webhook_key != made.webhook_key
    assert completed.jwt_secret == made.jwt_secret
    assert home.secrets() == completed
