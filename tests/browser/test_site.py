"""The page as it is served: what the browser is told to keep out, and to keep."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.local.stack import Stack

WEB = Path(__file__).resolve().parents[2] / "functions" / "web"


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    """Somebody without a token."""
    with httpx.Client(base_url=stack.endpoints["api"]) as http:
        yield http


def _policy(answer: httpx.Response) -> dict[str, list[str]]:
    parts = [part.split() for part in answer.headers["content-security-policy"].split(";")]
    return {name: values for name, *values in parts}


def test_the_policy_lets_in_nothing_but_the_page_itself(stack: Stack, http: httpx.Client) -> None:
    answer = http.get("/")
    assert answer.status_code == 200
    policy = _policy(answer)
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert policy["img-src"] == ["'self'", "blob:"]
    reached = [stack.endpoints["gcs"], stack.endpoints["supabase"]]
    assert policy["connect-src"] == ["'self'", *reached]
    assert policy["require-trusted-types-for"] == ["'script'"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"


def test_the_page_names_every_part_by_its_version_which_is_kept_for_ever(
    http: httpx.Client,
) -> None:
    page = http.get("/")
    assert page.headers["cache-control"] == "no-cache"
    assert "VERSION" not in page.text
    parts = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page.text)
    assert len(parts) > 5
    for part in parts:
        answer = http.get(part)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    # What another version's page asks for while one replaces the other is not kept.
    version = parts[0].split("/")[2]
    other = http.get(parts[0].replace(version, "0" * 16))
    assert (other.status_code, other.headers["cache-control"]) == (200, "no-store")


@pytest.mark.parametrize("tag", ["{}", "W/{}", '"other", {}', "*"])
def test_what_the_browser_has_is_not_sent_again(http: httpx.Client, tag: str) -> None:
    etag = http.get("/").headers["etag"]
    again = http.get("/", headers={"If-None-Match": tag.format(etag)})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    # The policy of a kept page is renewed with it.
    assert again.headers["content-security-policy"]


def test_parts_are_sent_packed_to_those_who_can_unpack_them(http: httpx.Client) -> None:
    with http.stream("GET", "/", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    plain = http.get("/", headers={"Accept-Encoding": "identity"})
    assert gzip.decompress(packed) == plain.content
    assert http.head("/").headers["content-length"] == str(len(packed))


@pytest.mark.parametrize(
    "path",
    [
        *("..%2fsettings.py", "..%2f..%2finfra%2fsettings.py", "%2e%2e/api/site.py"),
        *("__init__.py", "js", "index.html", "", "js/%00.js"),
    ],
)
def test_nothing_else_is_served(http: httpx.Client, path: str) -> None:
    answer = http.get(f"/assets/0/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_page_is_no_part_of_the_apis_description(http: httpx.Client) -> None:
    paths = http.get("/openapi.json").json()["paths"]
    assert "/" not in paths
    assert not [path for path in paths if path.startswith("/assets")]


def test_no_part_holds_foreign_addresses_or_markup_made_from_text() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
        r"|https?://(?!www\.w3\.org/)"
    )
    inline = re.compile(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=", re.IGNORECASE)
    for path in WEB.rglob("*"):
        if path.suffix in {".js", ".css", ".html", ".svg"}:
            text = path.read_text()
            assert not forbidden.search(text), path.name
            if path.suffix in {".html", ".svg"}:
                assert not inline.search(text), path.name
