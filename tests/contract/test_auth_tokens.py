"""Callers' tokens, by the keys that a real server publishes."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Coroutine, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from common.errors import TransientError
from infra.auth.published_keys import PublishedKeys
from infra.auth.tokens import InvalidToken, TokenChecker
from tests.contract.issuer_fixtures import Issuer

SECRET = "a secret of at least thirty-two bytes"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    issuer.add("first", "ES256")
    issuer.add("second", "RS256")
    with issuer.serving():
        yield issuer


class Clock:
    """Moved by hand, in seconds."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def checker(
    issuer: Issuer, *, secret: str | None = None, clock: Clock | None = None
) -> TokenChecker:
    keys = PublishedKeys(issuer.keys_url, now=clock or Clock())
    return TokenChecker(issuer=issuer.name, audience="authenticated", keys=keys, secret=secret)


def said(checker: TokenChecker, token: str) -> dict[str, Any]:
    return asyncio.run(checker.claims(token))


def is_refused(checker: TokenChecker, *tokens: str) -> None:
    async def each() -> None:
        for token in tokens:
            with pytest.raises(InvalidToken):
                await checker.claims(token)

    asyncio.run(each())


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def unsigned(header: object, claims: object = None) -> str:
    def part(content: object) -> str:
        encoded = content if isinstance(content, bytes) else json.dumps(content).encode()
        return base64.urlsafe_b64encode(encoded).rstrip(b"=").decode()

    return f"{part(header)}.{part(claims or {'sub': 'alice'})}.{part('signature')}"


# ── what counts ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("key_id", "algorithm"), [("first", "ES256"), ("second", "RS256")])
def test_a_token_by_a_published_key_counts(issuer: Issuer, key_id: str, algorithm: str) -> None:
    assert said(checker(issuer), issuer.token(key_id, algorithm))["sub"] == "alice"


def test_a_token_by_the_secret_counts_where_there_is_one(issuer: Issuer) -> None:
    claims = {"sub": "alice", "aud": "authenticated", "exp": time.time() + 60}
    for more in ({}, {"iss": issuer.name}):
        token = jwt.encode({**claims, **more}, SECRET, algorithm="HS256")
        assert said(checker(issuer, secret=SECRET), token)["sub"] == "alice"
        is_refused(checker(issuer), token)
    other = jwt.encode({**claims, "iss": "https://elsewhere"}, SECRET, algorithm="HS256")
    is_refused(checker(issuer, secret=SECRET), other)
    assert issuer.fetches == 0


def test_clocks_may_be_half_a_minute_apart(issuer: Issuer) -> None:
    now = int(time.time())
    checked = checker(issuer)
    near: list[dict[str, Any]] = [{"exp": now - 20}, {"nbf": now + 20}, {"iat": now + 20}]
    for times in near:
        assert said(checker(issuer), issuer.token("first", **times))
    is_refused(
        checked,
        issuer.token("first", exp=now - 40),
        issuer.token("first", nbf=now + 40),
        issuer.token("first", iat=now + 40),
    )


# ── what does not ────────────────────────────────────────────────────────────────────────────


def test_a_token_for_or_by_somebody_else_is_refused(issuer: Issuer) -> None:
    is_refused(
        checker(issuer),
        issuer.token("first", iss=None),
        issuer.token("first", iss="https://elsewhere/auth/v1"),
        issuer.token("first", aud=None),
        issuer.token("first", aud="anon"),
        issuer.token("first", exp=None),
        issuer.token("first", sub=None),
        issuer.token("first", sub=7),
    )


def test_a_public_key_is_no_secret(issuer: Issuer) -> None:
    """The confusion of algorithms: HS256, with what everybody can fetch as its secret."""
    header = {"kid": "second", "alg": "HS256"}
    claims = {"iss": issuer.name, "aud": "authenticated", "sub": "mallory", "exp": 9_999_999_999}
    public = issuer.keys["second"].public_key()
    tokens = []
    for content in (
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(issuer.published[1]).encode(),
    ):
        signer = jwt.get_algorithm_by_name("HS256")
        signing = b".".join(unsigned(header, claims).encode().split(b".")[:2])
        signature = base64.urlsafe_b64encode(signer.sign(signing, content)).rstrip(b"=")
        tokens.append((signing + b"." + signature).decode())
    is_refused(checker(issuer), *tokens)
    is_refused(checker(issuer, secret=SECRET), *tokens)


def test_a_key_is_good_for_its_own_algorithm_alone(issuer: Issuer) -> None:
    issuer.keys["third"] = issuer.keys["second"]
    is_refused(
        checker(issuer),
        # Sound signatures by the RSA key, under the name of another algorithm or of another key.
        jwt.encode(
            {"iss": issuer.name, "aud": "authenticated", "sub": "a", "exp": 9_999_999_999},
            issuer.keys["second"],
            algorithm="PS256",
            headers={"kid": "second"},
        ),
        jwt.encode(
            {"iss": issuer.name, "aud": "authenticated", "sub": "a", "exp": 9_999_999_999},
            issuer.keys["second"],
            algorithm="RS256",
            headers={"kid": "first"},
        ),
        unsigned({"alg": "none", "kid": "first"}),
        unsigned({"alg": "ES256"}),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "HS256"},
        {"alg": "ES384"},
        {"use": "enc"},
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"},
        {"crv": "P-384"},
        {"x": "AA"},
        {"x": None},
        {"kty": ["EC"]},
    ],
)
def test_a_published_key_of_another_kind_is_passed_over(
    issuer: Issuer, changes: dict[str, Any]
) -> None:
    issuer.add("odd", **changes)
    issuer.published += [None, "key", {"kty": "EC"}, {"kid": 7, "kty": "RSA"}]
    is_refused(checker(issuer), issuer.token("odd"))
    assert said(checker(issuer), issuer.token("first"))


@pytest.mark.parametrize(
    "header",
    [
        b"[" * 30_000,
        b"{",
        b"\xff",
        b"[]",
        b'{"alg": 1e999}',
        {"alg": ["ES256"], "kid": "first"},
        {"alg": {}, "kid": "first"},
        {"alg": "ES256", "kid": ["first"]},
        {"alg": "ES256", "kid": None},
        {"alg": "ES256", "kid": "first", "crit": ["b64"], "b64": False},
        {"alg": "ES256", "kid": "\ud800"},
    ],
)
def test_an_odd_header_is_an_invalid_token_and_nothing_worse(
    issuer: Issuer, header: object
) -> None:
    is_refused(checker(issuer, secret=SECRET), unsigned(header), "é", "a.b.c", "..", "")


# ── rotation ─────────────────────────────────────────────────────────────────────────────────


def test_a_new_key_counts_at_once_and_a_withdrawn_one_ten_minutes_at_most(issuer: Issuer) -> None:
    clock = Clock()
    checked = checker(issuer, clock=clock)
    old = issuer.token("first")

    async def scenario() -> None:
        assert await checked.claims(old)
        issuer.rotate("first", "new")
        clock.at += 11
        assert await checked.claims(issuer.token("new"))
        assert issuer.fetches == 2
        with pytest.raises(InvalidToken):
            await checked.claims(old)
        issuer.rotate("new", "newest", "RS256")
        clock.at += 599
        assert await checked.claims(issuer.token("new"))
        clock.at += 2
        with pytest.raises(InvalidToken):
            await checked.claims(issuer.token("new"))
        assert await checked.claims(issuer.token("newest", "RS256"))
        assert issuer.fetches == 3

    run(scenario())


def test_made_up_key_ids_do_not_flood_the_issuer(issuer: Issuer) -> None:
    clock = Clock()
    checked = checker(issuer, clock=clock)

    async def scenario() -> None:
        for number in range(200):
            with pytest.raises(InvalidToken):
                await checked.claims(unsigned({"alg": "RS256", "kid": f"made-up-{number}"}))
            clock.at += 0.1
        assert issuer.fetches <= 3

    run(scenario())


def test_many_callers_at_once_fetch_the_keys_once(issuer: Issuer) -> None:
    checked = checker(issuer)

    async def scenario() -> None:
        tokens = [issuer.token("first") for _ in range(50)]
        await asyncio.gather(*(checked.claims(token) for token in tokens))
        assert issuer.fetches == 1

    run(scenario())


def test_one_who_leaves_does_not_end_the_fetch_for_the_others(issuer: Issuer) -> None:
    checked = checker(issuer)

    async def scenario() -> None:
        issuer.open.clear()
        first = asyncio.create_task(checked.claims(issuer.token("first")))
        await asyncio.to_thread(issuer.asked.wait, 10)
        second = asyncio.create_task(checked.claims(issuer.token("first")))
        await asyncio.sleep(0)
        first.cancel()
        issuer.open.set()
        assert (await second)["sub"] == "alice"
        assert issuer.fetches == 1

    run(scenario())


def test_a_slow_issuer_holds_up_nobody_whose_key_is_known(issuer: Issuer) -> None:
    clock = Clock()
    checked = checker(issuer, clock=clock)

    async def scenario() -> None:
        assert await checked.claims(issuer.token("first"))
        issuer.add("new")
        clock.at += 11
        issuer.open.clear()
        issuer.asked.clear()
        waiting = asyncio.create_task(checked.claims(issuer.token("new")))
        await asyncio.to_thread(issuer.asked.wait, 10)
        assert await asyncio.wait_for(checked.claims(issuer.token("first")), 1)
        assert not waiting.done()
        issuer.open.set()
        assert await waiting

    run(scenario())


def test_an_issuer_that_hangs_while_old_keys_are_fetched_anew_holds_up_nobody_who_is_known(
    issuer: Issuer,
) -> None:
    clock = Clock()
    checked = checker(issuer, clock=clock)

    async def scenario() -> None:
        assert await checked.claims(issuer.token("first"))
        clock.at += 601
        issuer.open.clear()
        issuer.asked.clear()
        # One of them gives a healthy issuer the time to answer; the others find it gone.
        began = time.monotonic()
        for _ in range(10):
            assert await checked.claims(issuer.token("first"))
        assert time.monotonic() - began < 2
        assert await asyncio.to_thread(issuer.asked.wait, 10)
        assert issuer.fetches == 2
        issuer.open.set()

    run(scenario())


# ── an issuer in trouble ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "instead",
    [(500, b"{}"), (404, b"{}"), (302, b""), (200, b"<html>"), (200, b"[]"), (200, b'{"keys": 7}')],
)
def test_the_known_keys_go_on_while_the_issuer_is_in_trouble(
    issuer: Issuer, instead: tuple[int, bytes]
) -> None:
    clock = Clock()
    checked = checker(issuer, clock=clock)

    async def scenario() -> None:
        assert await checked.claims(issuer.token("first"))
        issuer.instead = instead
        for _ in range(5):
            clock.at += 700
            assert await checked.claims(issuer.token("first"))
        assert issuer.fetches == 6
        clock.at += 9
        assert await checked.claims(issuer.token("first"))
        with pytest.raises(InvalidToken):
            await checked.claims(unsigned({"alg": "ES256", "kid": "unknown"}))
        assert issuer.fetches == 6
        issuer.instead = None
        issuer.add("new")
        clock.at += 2
        assert await checked.claims(issuer.token("new"))

    run(scenario())


def test_an_issuer_that_never_answered_is_trouble_and_not_a_wrong_token(issuer: Issuer) -> None:
    clock = Clock()
    checked = checker(issuer, clock=clock)

    async def scenario() -> None:
        issuer.instead = (503, b"")
        for _ in range(5):
            with pytest.raises(TransientError) as error:
                await checked.claims(issuer.token("first"))
            assert error.value.code == "KEYS_UNAVAILABLE"
        assert issuer.fetches == 1
        issuer.instead = None
        clock.at += 1.1
        assert await checked.claims(issuer.token("first"))

    run(scenario())


def test_an_issuer_that_nobody_reaches_is_the_same_trouble(unused_port: int) -> None:
    keys = PublishedKeys(f"http://127.0.0.1:{unused_port}/keys")
    checked = TokenChecker(issuer="x", audience="authenticated", keys=keys)

    async def scenario() -> None:
        with pytest.raises(TransientError):
            await checked.claims(unsigned({"alg": "ES256", "kid": "first"}))

    run(scenario())


def test_a_project_without_published_keys_answers_an_empty_set(issuer: Issuer) -> None:
    token = issuer.token("first")
    issuer.published = []
    is_refused(checker(issuer), token)
