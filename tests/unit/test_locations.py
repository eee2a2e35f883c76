"""Where a manifest's documents may lie, by their spelling alone."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InvalidRequest
from common.locations import Location, Territory, folders_of, parse_location

ALICE = Territory(("papers",), folders_of("alice", matters=None, matter=None))


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("gs://papers/a.pdf", "a.pdf"),
        ("GS://papers/a b/é (1).pdf", "a b/é (1).pdf"),
        ("gs://papers/a//b.pdf", "a//b.pdf"),
        ("gs://papers/a%2Fb.pdf", "a%2Fb.pdf"),
        ("gs://papers/folder/", "folder/**"),
        ("gs://papers/a...pdf", "a...pdf"),
    ],
)
def test_a_uri_is_a_bucket_and_a_name(uri: str, name: str) -> None:
    assert parse_location(uri) == Location("papers", name)


@pytest.mark.parametrize(
    "uri",
    [
        "papers/a.pdf",
        "s3://papers/a.pdf",
        "gs:/papers/a.pdf",
        "gs://papers",
        "gs://papers/",
        "gs://Papers/a.pdf",
        "gs://pap*/a.pdf",
        "gs:///a.pdf",
        "gs://papers/a/../b.pdf",
        "gs://papers/..",
        "gs://papers/./a.pdf",
        "gs://papers/a\n.pdf",
        "gs://papers/a\x00.pdf",
        "gs://papers/\ud800.pdf",
        "gs://papers/" + "é" * 513,
        "",
    ],
)
def test_what_is_no_object_is_refused(uri: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_location(uri)
    assert (refusal.value.code, refusal.value.status) == ("INVALID_URI", 422)


@given(st.text(max_size=60))
def test_any_text_is_a_location_or_refused(text: str) -> None:
    for uri in (text, f"gs://papers/{text}", f"gs://papers/batches/alice/{text}"):
        with suppress(InvalidRequest):
            location = parse_location(uri)
            assert location.name.encode()
            assert location.matches(location.prefix) or location.is_pattern


@pytest.mark.parametrize(
    "uri",
    [
        "gs://papers/inbox/alice/a.pdf",
        "gs://papers/batches/alice/a/b/c.pdf",
        "gs://papers/batches/alice/*",
        "gs://papers/batches/alice/",
    ],
)
def test_owners_name_what_lies_in_their_folders(uri: str) -> None:
    ALICE.check(parse_location(uri))


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("gs://others/batches/alice/a.pdf", "BUCKET_NOT_ALLOWED"),
        ("gs://papers/batches/bob/a.pdf", "OBJECT_NOT_ALLOWED"),
        ("gs://papers/batches/alice", "OBJECT_NOT_ALLOWED"),
        ("gs://papers/batches/alice2/a.pdf", "OBJECT_NOT_ALLOWED"),
        ("gs://papers/batches/al*/a.pdf", "OBJECT_NOT_ALLOWED"),
        ("gs://papers/batches/alice*/a.pdf", "OBJECT_NOT_ALLOWED"),
        ("gs://papers/**/alice/a.pdf", "OBJECT_NOT_ALLOWED"),
        ("gs://papers/Batches/alice/a.pdf", "OBJECT_NOT_ALLOWED"),
        ("gs://papers//batches/alice/a.pdf", "OBJECT_NOT_ALLOWED"),
        ("gs://papers/documents/x/source.pdf", "OBJECT_NOT_ALLOWED"),
    ],
)
def test_and_nothing_else(uri: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        ALICE.check(parse_location(uri))
    assert refusal.value.code == code


@pytest.mark.parametrize("owner", ["", ".", "..", "a/b", "al*", "a?", "**"])
def test_an_owner_whose_name_is_no_folder_has_none(owner: str) -> None:
    assert folders_of(owner, matters=None, matter=None) == ()
    with pytest.raises(InvalidRequest):
        Territory(("papers",), ()).check(parse_location(f"gs://papers/batches/{owner or 'x'}x/a"))


def test_who_is_limited_to_matters_has_the_folder_of_the_batchs() -> None:
    assert folders_of("alice", matters=("m1", "m2"), matter="m1") == ("batches/alice/m1/",)
    for matter in (None, "", "..", "a/b", "*"):
        assert folders_of("alice", matters=("m1",), matter=matter) == ()


def test_an_operator_names_any_object_of_the_buckets() -> None:
    anywhere = Territory(("papers",), None)
    anywhere.check(parse_location("gs://papers/batches/bob/*"))
    with pytest.raises(InvalidRequest):
        anywhere.check(parse_location("gs://others/a"))


@pytest.mark.parametrize("name", ["documents/x/source.pdf", "documents/", "documents/x/*.pdf"])
def test_what_the_api_named_itself_is_named_by_its_id_also_by_operators(name: str) -> None:
    anywhere = Territory(("papers", "others"), None, uploads="papers")
    with pytest.raises(InvalidRequest) as refusal:
        anywhere.check(parse_location(f"gs://papers/{name}"))
    assert refusal.value.code == "UPLOAD_BY_URI"
    assert "document_id" in refusal.value.message
    anywhere.check(parse_location(f"gs://others/{name}"))
    anywhere.check(parse_location("gs://papers/documents.pdf"))


@pytest.mark.parametrize(
    ("name", "left_out"), [("**", "documents/"), ("doc*/**", "documents/"), ("batches/**", "")]
)
def test_patterns_pass_by_what_the_api_named_itself(name: str, left_out: str) -> None:
    anywhere = Territory(("papers", "others"), None, uploads="papers")
    assert anywhere.left_out(parse_location(f"gs://papers/{name}")) == left_out
    assert anywhere.left_out(parse_location(f"gs://others/{name}")) == ""


@given(st.text("a*?/[]{}\\,!^-", min_size=1, max_size=20))
def test_what_the_storage_is_asked_for_has_no_brackets_of_its_own(name: str) -> None:
    wider = Location("papers", name).wider
    assert not set(wider) & set("[]{}\\")
    assert "**/" not in wider
