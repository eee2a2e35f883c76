"""By which keys callers' tokens are checked, as the environment says."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from infra.settings import InternalSettings, SupabaseSettings

PROJECT = "https://abc.supabase.co"
SECRET = "a secret of at least thirty-two bytes"


def settings(**given: Any) -> SupabaseSettings:
    return SupabaseSettings(**{"url": PROJECT, "service_key": "key", **given})


@pytest.mark.parametrize("url", [PROJECT, f"{PROJECT}/"])
def test_a_projects_own_keys_are_used_where_nothing_else_is_said(url: str) -> None:
    given = settings(url=url)
    assert given.token_issuer == "https://abc.supabase.co/auth/v1"
    assert given.keys_address == "https://abc.supabase.co/auth/v1/.well-known/jwks.json"
    assert given.jwt_secret is None


def test_another_issuer_has_its_keys_beside_it_or_wherever_is_said() -> None:
    given = settings(issuer="https://id.example.com")
    assert given.keys_address == "https://id.example.com/.well-known/jwks.json"
    given = settings(issuer="https://id.example.com", jwks_url="https://example.com/keys")
    assert given.token_issuer == "https://id.example.com"
    assert given.keys_address == "https://example.com/keys"


def test_a_secret_alone_is_enough_and_nothing_at_all_is_not() -> None:
    assert settings(jwks_url="", jwt_secret=SECRET).keys_address == ""
    with pytest.raises(ValidationError, match="nobody could log in"):
        settings(jwks_url="")
    with pytest.raises(ValidationError, match="nobody could log in"):
        settings(jwks_url="", jwt_secret="")


def test_a_secret_that_can_be_guessed_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValidationError) as error:
        settings(jwt_secret="tooshort")
    assert "32" in str(error.value)


def test_internal_functions_admit_nobody_until_callers_are_named() -> None:
    given = InternalSettings()
    assert given.required
    assert not given.platform_checks
    for door in (given.ingest, given.merge, given.maintain, given.webhook):
        assert not door.callers
        assert not door.audience
