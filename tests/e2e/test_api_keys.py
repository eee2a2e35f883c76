"""API keys: made by people, shown once, and good for no more than they were made for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from infra.database.api_keys import MAX_KEYS
from tests.e2e.api_requests import refused
from tests.e2e.quire_client import QuireClient

EVERYTHING = ["documents:write", "jobs:read", "jobs:write"]


@pytest.fixture
def alice(quire: QuireClient) -> Iterator[QuireClient]:
    """Somebody new to the stack."""
    with QuireClient(quire.stack, owner=f"alice-{uuid4()}") as alice:
        yield alice


def person(quire: QuireClient, owner: str, **app_metadata: object) -> httpx.Client:
    """Return a client of a person whom an operator has granted something."""
    claims = {
        "sub": owner,
        "aud": "authenticated",
        "exp": time.time() + 600,
        "app_metadata": app_metadata,
    }
    token = jwt.encode(claims, quire.stack.environment["SUPABASE__JWT_SECRET"], algorithm="HS256")
    return client(quire, Authorization=f"Bearer {token}")


def client(quire: QuireClient, **headers: str) -> httpx.Client:
    return httpx.Client(base_url=quire.stack.endpoints["api"], headers=headers, timeout=30)


def machine(quire: QuireClient, key: str) -> httpx.Client:
    return client(quire, Authorization=f"Bearer {key}")


def made(http: httpx.Client, **wanted: object) -> dict[str, Any]:
    """Make a key."""
    answer = http.post("/v1/api-keys", json={"name": "a", "scopes": EVERYTHING, **wanted})
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


def announced(http: httpx.Client, **options: object) -> httpx.Response:
    body = {"filename": "a.pdf", "size": 9, "options": options}
    return http.post("/v1/documents", json=body)


# ── what a key is good for ───────────────────────────────────────────────────────────────────


def test_a_key_acts_in_its_makers_name_by_either_header(alice: QuireClient) -> None:
    key = made(alice.http)["key"]
    job_id = announced(machine(alice, key)).json()["job_id"]
    assert alice.job(job_id)["job_id"] == job_id
    for http in (machine(alice, key), client(alice, **{"X-API-Key": key})):
        assert http.get(f"/v1/jobs/{job_id}").status_code == 200
    with QuireClient(alice.stack, owner=f"bob-{uuid4()}") as bob:
        other = made(bob.http)["key"]
    refused(machine(alice, other).get(f"/v1/jobs/{job_id}"), 404, "JOB_NOT_FOUND")


def test_a_key_is_shown_once_and_kept_as_a_hash(alice: QuireClient) -> None:
    answer = alice.http.post("/v1/api-keys", json={"name": "batch", "scopes": ["jobs:read"]})
    assert answer.headers["cache-control"] == "no-store"
    key = answer.json()
    assert key["key"].startswith(key["prefix"] + "_")
    assert len(key["key"]) == 59
    secret = key["key"].rpartition("_")[2]
    listed = alice.http.get("/v1/api-keys")
    assert [entry["id"] for entry in listed.json()["keys"]] == [key["id"]]
    assert "key" not in listed.json()["keys"][0]
    assert secret not in listed.text
    [row] = alice.rows("SELECT * FROM api_keys WHERE id = %s", key["id"])
    assert secret not in str(row)
    log = alice.stack.home.log.read_text()
    assert secret not in log


def test_a_key_does_what_its_scopes_say_and_no_more(alice: QuireClient) -> None:
    job_id = announced(alice.http).json()["job_id"]
    reader = machine(alice, made(alice.http, scopes=["jobs:read"])["key"])
    assert reader.get(f"/v1/jobs/{job_id}").status_code == 200
    refused(announced(reader), 403, "FORBIDDEN")
    refused(reader.post(f"/v1/jobs/{job_id}/cancel"), 403, "FORBIDDEN")
    writer = machine(alice, made(alice.http, scopes=["documents:write"])["key"])
    assert announced(writer).status_code == 202
    refused(writer.get(f"/v1/jobs/{job_id}"), 403, "FORBIDDEN")
    controller = machine(alice, made(alice.http, scopes=["jobs:write"])["key"])
    assert controller.post(f"/v1/jobs/{job_id}/cancel").status_code == 200


def test_a_key_for_one_matter_sees_no_other(alice: QuireClient) -> None:
    mine = announced(alice.http, matter="m1").json()["job_id"]
    other = announced(alice.http, matter="m2").json()["job_id"]
    http = machine(alice, made(alice.http, matters=["m1"])["key"])
    assert http.get(f"/v1/jobs/{mine}").status_code == 200
    refused(http.get(f"/v1/jobs/{other}"), 404, "JOB_NOT_FOUND")
    assert [job["job_id"] for job in http.get("/v1/jobs").json()["jobs"]] == [mine]


# ── what a key can be given ──────────────────────────────────────────────────────────────────


def test_nobody_gives_a_key_more_than_they_have(alice: QuireClient) -> None:
    wanted = {"name": "a", "scopes": ["admin"], "expires_in_days": 1}
    refused(alice.http.post("/v1/api-keys", json=wanted), 403, "FORBIDDEN")
    limited = person(alice, f"carol-{uuid4()}", matters=["m1", "m2"])
    for matters in (["m3"], ["m1", "m3"]):
        wanted = {"name": "a", "scopes": EVERYTHING, "matters": matters}
        refused(limited.post("/v1/api-keys", json=wanted), 403, "FORBIDDEN")
    assert made(limited)["matters"] == ["m1", "m2"]
    assert made(limited, matters=["m2"])["matters"] == ["m2"]
    nothing = person(alice, f"dave-{uuid4()}", matters=[])
    assert made(nothing)["matters"] == []


def test_a_key_for_administration_ends_by_itself(alice: QuireClient) -> None:
    operator = person(alice, f"root-{uuid4()}", role="admin")
    for days in ({}, {"expires_in_days": 91}):
        wanted = {"name": "a", "scopes": ["admin"], **days}
        refused(operator.post("/v1/api-keys", json=wanted), 422, "KEY_MUST_EXPIRE")
    assert made(operator, scopes=["admin"], expires_in_days=90)["scopes"] == ["admin"]


def test_a_key_for_administration_is_for_all_matters(alice: QuireClient) -> None:
    operator = person(alice, f"root-{uuid4()}", role="admin")
    wanted = {"name": "a", "scopes": ["admin"], "expires_in_days": 1, "matters": ["m1"]}
    refused(operator.post("/v1/api-keys", json=wanted), 422, "ADMIN_OF_ALL_MATTERS")


@pytest.mark.parametrize("matters", [["m1"], []])
def test_who_is_limited_to_matters_administers_nothing(
    alice: QuireClient, matters: list[str]
) -> None:
    clerk = person(alice, f"root-{uuid4()}", role="admin", matters=matters)
    for route in ("jobs", "workers", "queues", "credits?owner=alice"):
        refused(clerk.get(f"/v1/admin/{route}"), 403, "FORBIDDEN")
    wanted = {"name": "a", "scopes": ["admin"], "expires_in_days": 1}
    refused(clerk.post("/v1/api-keys", json=wanted), 403, "FORBIDDEN")
    # As keys were that had been made before.
    operator = person(alice, f"root-{uuid4()}", role="admin")
    key = made(operator, scopes=["admin"], expires_in_days=1)
    alice.rows("UPDATE api_keys SET matters = %s WHERE id = %s", matters, key["id"])
    refused(machine(alice, key["key"]).get("/v1/admin/jobs"), 403, "FORBIDDEN")


def test_a_key_makes_lists_and_revokes_no_keys(alice: QuireClient) -> None:
    key = made(alice.http)
    http = machine(alice, key["key"])
    wanted = {"name": "a", "scopes": ["jobs:read"]}
    for answer in (
        http.post("/v1/api-keys", json=wanted),
        http.get("/v1/api-keys"),
        http.delete(f"/v1/api-keys/{key['id']}"),
    ):
        refused(answer, 403, "FORBIDDEN")
    assert http.get("/v1/jobs").status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\0"}, "name"),
        ({"name": "a\n"}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"name": 7}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"scopes": "jobs:read"}, "scopes"),
        ({"matters": []}, "matters"),
        ({"matters": [""]}, "matters"),
        ({"matters": ["a\x7f"]}, "matters"),
        ({"matters": ["m"] * 101}, "matters"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 1e9}, "expires_in_days"),
        ({"expires_in_days": True}, "expires_in_days"),
    ],
)
def test_a_wish_that_does_not_fit_is_named(
    alice: QuireClient, changes: dict[str, Any], field: str
) -> None:
    answer = alice.http.post("/v1/api-keys", json={"name": "a", "scopes": EVERYTHING} | changes)
    assert refused(answer, 422, "INVALID_REQUEST").startswith(f"`{field}` must be ")


def test_bodies_that_are_no_wish_are_refused(alice: QuireClient) -> None:
    refused(alice.http.post("/v1/api-keys", content=b"{"), 400, "INVALID_REQUEST")
    refused(alice.http.post("/v1/api-keys", json=[]), 422, "INVALID_REQUEST")
    refused(alice.http.post("/v1/api-keys", json={"colour": "red"}), 422, "INVALID_REQUEST")
    large = json.dumps({"name": "n" * 70_000})
    refused(alice.http.post("/v1/api-keys", content=large), 413, "REQUEST_TOO_LARGE")


def test_an_owner_has_a_hundred_keys_at_the_most_and_revoked_ones_do_not_count(
    alice: QuireClient,
) -> None:
    first = made(alice.http)
    alice.rows(
        "INSERT INTO api_keys (id, owner, name, prefix, secret_hash, scopes) SELECT"
        " gen_random_uuid(), owner, 'x', gen_random_uuid()::text, secret_hash, scopes"
        " FROM api_keys, generate_series(2, %s) WHERE id = %s",
        MAX_KEYS,
        first["id"],
    )
    wanted = {"name": "a", "scopes": EVERYTHING}
    refused(alice.http.post("/v1/api-keys", json=wanted), 409, "TOO_MANY_KEYS")
    assert alice.http.delete(f"/v1/api-keys/{first['id']}").status_code == 204
    made(alice.http)


# ── keys that do not count ───────────────────────────────────────────────────────────────────


def test_a_revoked_key_counts_no_more_from_the_next_request_on(alice: QuireClient) -> None:
    key = made(alice.http)
    http = machine(alice, key["key"])
    assert http.get("/v1/jobs").status_code == 200
    url = f"/v1/api-keys/{key['id']}"
    with QuireClient(alice.stack, owner=f"bob-{uuid4()}") as bob:
        refused(bob.http.delete(url), 404, "KEY_NOT_FOUND")
        assert bob.http.get("/v1/api-keys").json()["keys"] == []
    assert alice.http.delete(url).status_code == 204
    refused(http.get("/v1/jobs"), 401, "UNAUTHORIZED")
    [first] = alice.http.get("/v1/api-keys").json()["keys"]
    assert alice.http.delete(url).status_code == 204
    assert alice.http.get("/v1/api-keys").json()["keys"] == [first]
    refused(alice.http.delete(f"/v1/api-keys/{uuid4()}"), 404, "KEY_NOT_FOUND")
    refused(alice.http.delete("/v1/api-keys/seven"), 422, "INVALID_REQUEST")


def test_an_expired_key_counts_no_more(alice: QuireClient) -> None:
    key = made(alice.http, expires_in_days=30)
    http = machine(alice, key["key"])
    assert http.get("/v1/jobs").status_code == 200
    alice.rows("UPDATE api_keys SET expires_at = now() WHERE id = %s", key["id"])
    refused(http.get("/v1/jobs"), 401, "UNAUTHORIZED")


def test_what_is_almost_a_key_is_none(alice: QuireClient) -> None:
    key, other = made(alice.http)["key"], made(alice.http)["key"]
    front, _, secret = key.rpartition("_")
    token = alice.http.headers["Authorization"].removeprefix("Bearer ")
    for wrong in (
        front,
        f"{front}_{secret[:-1]}",
        f"{front}_{secret}x",
        f"{front}_{secret[:-1]}{'a' if secret[-1] != 'a' else 'b'}",
        f"{front}_{other.rpartition('_')[2]}",
        f"qk_AAAAAAAAAAAA_{secret}",
        f"{front}_{'%' * 43}",
        "qk_",
        "é",
    ):
        for name, value in ((b"Authorization", f"Bearer {wrong}"), (b"X-API-Key", wrong)):
            answer = httpx.get(
                f"{alice.stack.endpoints['api']}/v1/jobs", headers={name: value.encode("latin-1")}
            )
            refused(answer, 401, "UNAUTHORIZED")
    refused(client(alice, **{"X-API-Key": token}).get("/v1/jobs"), 401, "UNAUTHORIZED")


# ── the list ─────────────────────────────────────────────────────────────────────────────────


def test_keys_are_paged_the_newest_first(alice: QuireClient) -> None:
    made_ids = [made(alice.http, name=f"key {number}")["id"] for number in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query: dict[str, str | int] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = alice.http.get("/v1/api-keys", params=query).json()
        seen += [key["id"] for key in page["keys"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made_ids[::-1]
    foreign = alice.http.get("/v1/api-keys", params={"cursor": str(uuid4())}).json()
    assert foreign == {"keys": [], "next_cursor": None}
    refused(alice.http.get("/v1/api-keys?cursor=x"), 422, "INVALID_REQUEST")
    refused(alice.http.get("/v1/api-keys?limit=0"), 422, "INVALID_REQUEST")


def test_the_last_use_is_noted_once_a_minute(alice: QuireClient) -> None:
    key = made(alice.http)
    http = machine(alice, key["key"])

    def last_use() -> Any:
        [row] = alice.rows("SELECT last_used_at, xmin FROM api_keys WHERE id = %s", key["id"])
        return row

    assert last_use()["last_used_at"] is None
    http.get("/v1/jobs")
    noted = last_use()
    assert noted["last_used_at"] is not None
    http.get("/v1/jobs")
    assert last_use() == noted
    alice.rows(
        "UPDATE api_keys SET last_used_at = now() - interval '61 s' WHERE id = %s", key["id"]
    )
    http.get("/v1/jobs")
    assert last_use()["last_used_at"] > noted["last_used_at"]


# ── tokens of people whom an operator has granted something ──────────────────────────────────


@pytest.mark.parametrize(
    "granted",
    [
        {"matters": "m1"},
        {"matters": {"m1": True}},
        {"matters": [7]},
        {"matters": [None]},
        {"matters": ["m1", ""]},
        {"matters": ["a\0"]},
        {"matters": ["\ud800"]},
        {"matters": ["m" * 256]},
        {"matters": False},
    ],
)
def test_matters_that_can_not_be_read_let_nobody_in(
    quire: QuireClient, granted: dict[str, Any]
) -> None:
    refused(person(quire, "erin", **granted).get("/v1/jobs"), 401, "UNAUTHORIZED")


def test_an_operators_role_is_read_from_what_only_operators_write(quire: QuireClient) -> None:
    assert person(quire, "root", role="admin").get("/v1/admin/jobs").status_code in {200, 404}
    for granted in ({}, {"role": "Admin"}, {"role": ["admin"]}, {"admin": True}):
        answer = person(quire, "root", **granted).get("/v1/admin/jobs")
        assert answer.status_code in {403, 404}
