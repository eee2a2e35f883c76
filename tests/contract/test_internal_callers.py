"""Who is admitted to an internal function, by its settings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra.auth.internal_callers import InternalCallers, NotAdmitted
from infra.auth.published_keys import PublishedKeys
from infra.auth.tokens import InvalidToken
from infra.settings import DoorSettings, InternalSettings
from tests.contract.issuer_fixtures import Issuer

AUDIENCE = "https://merge.example.com"
ACCOUNT = "quire-tasks@example.iam.gserviceaccount.com"
DOOR = DoorSettings(audience=AUDIENCE, callers=frozenset({ACCOUNT}))


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    issuer.add("google", "RS256")
    with issuer.serving():
        yield issuer


def token(issuer: Issuer, **changes: Any) -> str:
    claims = {"aud": AUDIENCE, "email": ACCOUNT, "email_verified": True, **changes}
    return issuer.token("google", "RS256", **claims)


def stripped(signed: str) -> str:
    """Return the token as Cloud Run passes it on that has checked it."""
    return f"{signed.rpartition('.')[0]}.SIGNATURE_REMOVED_BY_GOOGLE"


def admit(
    issuer: Issuer, authorization: str | None, door: DoorSettings = DOOR, **changes: Any
) -> None:
    settings = InternalSettings(issuer=issuer.name, jwks_url=issuer.keys_url, **changes)
    callers = InternalCallers(door, settings, PublishedKeys(issuer.keys_url))
    asyncio.run(callers.admit(authorization))


def test_its_own_account_is_admitted_by_a_token_for_its_own_address(issuer: Issuer) -> None:
    admit(issuer, f"Bearer {token(issuer)}")
    admit(issuer, f"bearer  {token(issuer)}")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere"},
        {"exp": 1},
        {"sub": None},
    ],
)
def test_a_token_by_another_issuer_or_without_its_claims_is_none(
    issuer: Issuer, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidToken):
        admit(issuer, f"Bearer {token(issuer, **changes)}")
    with pytest.raises(InvalidToken):
        admit(issuer, f"Bearer {stripped(token(issuer, **changes))}", platform_checks=True)


def test_a_token_for_another_address_is_none_unless_the_platform_has_compared_it(
    issuer: Issuer,
) -> None:
    other = token(issuer, aud="https://quire-merge-x7k2-ew.a.run.app")
    for platform_checks in (False, True):
        with pytest.raises(InvalidToken):
            admit(issuer, f"Bearer {other}", platform_checks=platform_checks)
    with pytest.raises(InvalidToken):
        admit(issuer, f"Bearer {stripped(other)}")
    admit(issuer, f"Bearer {stripped(other)}", platform_checks=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "other@example.com"},
        {"email": None},
        {"email": [ACCOUNT, "x"]},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
    ],
)
def test_another_account_or_an_unproven_one_is_not_admitted(
    issuer: Issuer, changes: dict[str, Any]
) -> None:
    with pytest.raises(NotAdmitted):
        admit(issuer, f"Bearer {token(issuer, **changes)}")
    with pytest.raises(NotAdmitted):
        admit(issuer, f"Bearer {stripped(token(issuer, **changes))}", platform_checks=True)


def test_a_signature_that_the_platform_took_off_counts_only_where_the_platform_checks(
    issuer: Issuer,
) -> None:
    passed_on = f"Bearer {stripped(token(issuer))}"
    with pytest.raises(InvalidToken):
        admit(issuer, passed_on)
    admit(issuer, passed_on, platform_checks=True)
    admit(issuer, f"Bearer {token(issuer)}", platform_checks=True)
    forged = token(issuer, exp=int(time.time()) + 60)[:-6] + "AAAAAA"
    with pytest.raises(InvalidToken):
        admit(issuer, f"Bearer {forged}", platform_checks=True)


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Basic dTpw", "é", "Bearer x"])
def test_what_is_no_token_proves_nothing(issuer: Issuer, authorization: str | None) -> None:
    for platform_checks in (False, True):
        with pytest.raises(InvalidToken):
            admit(issuer, authorization, platform_checks=platform_checks)


@pytest.mark.parametrize(
    "door",
    [
        DoorSettings(),
        DoorSettings(audience=AUDIENCE),
        DoorSettings(callers=frozenset({ACCOUNT})),
    ],
)
def test_a_function_without_callers_in_its_settings_admits_nobody(
    issuer: Issuer, door: DoorSettings
) -> None:
    with pytest.raises(NotAdmitted):
        admit(issuer, f"Bearer {token(issuer)}", door)


def test_nobody_is_asked_where_that_is_switched_off(issuer: Issuer) -> None:
    admit(issuer, None, DoorSettings(), required=False)
    assert issuer.fetches == 0
