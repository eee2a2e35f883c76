"""What documents name, on real Postgres: whose it is, which job's, and each thing once."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from common.access import Caller
from common.errors import TransientError
from common.models import DocumentId, JobId
from common.named import NamedThings, WantedThings
from common.prepared import NotPrepared
from common.stage_rows import Entity, EntityKind
from infra.database.named_things import PostgresNamedThings
from infra.database.stage_rows import write
from tests.world import World

ALICE = Caller("alice")

STAGE = """
    INSERT INTO job_stages (job_id, stage, place, version, status, finished_at)
    VALUES (%s, 'entities', 3, 'rules-1', %s, CASE WHEN %s = 'completed' THEN now() END)
    RETURNING stage
"""


@pytest.fixture
def named(world: World) -> PostgresNamedThings:
    return PostgresNamedThings(world.pool)


def entity(
    place: int,
    kind: EntityKind,
    text: str,
    *,
    page: int = 1,
    value: str | None = None,
    confidence: float = 0.5,
) -> Entity:
    return Entity(place // 10, place % 10, kind, text, 0, len(text), page, value, confidence)


def made(
    world: World, *rows: Entity, status: str | None = "completed", searched: bool = True
) -> UUID:
    """Return a document whose job has found these."""
    job_id, _ = world.add_job(1)
    row = world.one("SELECT document_id FROM jobs WHERE id = %s", job_id)
    document = DocumentId(UUID(str(row["document_id"])))
    with world.pool.connection() as connection:
        write(connection, JobId(job_id), document, rows)
    if status is not None:
        world.one(STAGE, job_id, status, status)
    if searched:
        world.one(
            "UPDATE documents SET search_job = %s WHERE id = %s RETURNING id", job_id, document
        )
    return document


def things(
    named: PostgresNamedThings, document: UUID, wanted: WantedThings | None = None
) -> NamedThings:
    found = named.things(document, ALICE, wanted or WantedThings())
    assert isinstance(found, NamedThings)
    return found


def test_one_thing_has_all_its_mentions_however_it_is_written(
    world: World, named: PostgresNamedThings
) -> None:
    document = made(
        world,
        entity(0, EntityKind.PERSON, "Élise Moreau", page=2, confidence=0.9),
        entity(1, EntityKind.PERSON, "ELISE  MOREAU", page=1),
        entity(2, EntityKind.PERSON, "Élise Moreau", page=2, confidence=0.6),
        entity(3, EntityKind.DATE, "5 March 2024", value="2024-03-05", page=3),
        entity(4, EntityKind.DATE, "05.03.2024", value="2024-03-05", page=4),
        entity(5, EntityKind.DATE, "05.03.2024", value="2024-03-05", page=4),
        entity(6, EntityKind.PLACE, "Elise Moreau", page=9),
    )

    found = things(named, document)

    assert [
        (thing.kind, thing.text, thing.value, thing.count, thing.pages, thing.page_count)
        for thing in found.things
    ] == [
        ("date", "05.03.2024", "2024-03-05", 3, [3, 4], 2),
        ("person", "Élise Moreau", None, 3, [1, 2], 2),
        ("place", "Elise Moreau", None, 1, [9], 1),
    ]
    assert found.things[1].confidence == pytest.approx(0.9)
    assert found.total == 3


def test_things_are_asked_for_by_kind_and_by_a_part_of_how_they_are_written(
    world: World, named: PostgresNamedThings
) -> None:
    document = made(
        world,
        entity(0, EntityKind.PERSON, "Élise Moreau"),
        entity(1, EntityKind.ORGANISATION, "Moreau & Fils SARL"),
        entity(2, EntityKind.DATE, "mars 2024", value="2024-03"),
        entity(3, EntityKind.DATE, "March 2024", value="2024-03"),
    )

    def texts(wanted: WantedThings) -> list[str]:
        return [thing.text for thing in things(named, document, wanted).things]

    assert texts(WantedThings(text="MOREAU")) == ["Moreau & Fils SARL", "Élise Moreau"]
    assert texts(WantedThings(text="elise")) == ["Élise Moreau"]
    assert texts(WantedThings(kind=EntityKind.PERSON)) == ["Élise Moreau"]
    assert texts(WantedThings(kind=EntityKind.PLACE)) == []
    # With all its mentions, also those that are written in another way.
    [march] = things(named, document, WantedThings(text="mars")).things
    assert march.count == 2
    assert texts(WantedThings(text="%")) == []


def test_pages_of_the_list_hold_everything_once(world: World, named: PostgresNamedThings) -> None:
    document = made(
        world, *(entity(place, EntityKind.PERSON, f"Person {place}") for place in range(25))
    )
    seen: list[str] = []
    for after in range(0, 30, 10):
        found = things(named, document, WantedThings(after=after, limit=10))
        assert found.total == 25
        seen += [thing.text for thing in found.things]

    assert sorted(seen) == sorted(f"Person {place}" for place in range(25))


def test_of_a_thing_that_is_on_every_page_the_first_hundred_are_listed(
    world: World, named: PostgresNamedThings
) -> None:
    document = made(
        world, *(entity(page * 10, EntityKind.PLACE, "Lyon", page=page) for page in range(1, 131))
    )
    [lyon] = things(named, document).things
    assert (lyon.count, lyon.pages, lyon.page_count) == (130, list(range(1, 101)), 130)


def test_a_document_that_names_nothing_has_an_empty_list(
    world: World, named: PostgresNamedThings
) -> None:
    assert things(named, made(world)) == NamedThings([], 0)


@pytest.mark.parametrize("status", ["pending", None])
def test_before_all_are_found_nothing_is_shown(
    world: World, named: PostgresNamedThings, status: str | None
) -> None:
    document = made(world, entity(0, EntityKind.PLACE, "Lyon"), status=status)
    found = named.things(document, ALICE, WantedThings())
    assert found == NotPrepared(is_awaited=status is not None)


def test_another_jobs_rows_are_not_shown(world: World, named: PostgresNamedThings) -> None:
    document = made(world, entity(0, EntityKind.PLACE, "Lyon"), searched=False)
    assert isinstance(named.things(document, ALICE, WantedThings()), NotPrepared)


def test_what_takes_too_long_is_ended(world: World) -> None:
    document = made(world, *(entity(n, EntityKind.PLACE, f"Lyon {n}") for n in range(2000)))
    hurried = PostgresNamedThings(world.pool, seconds=0.003)
    with pytest.raises(TransientError, match="one kind") as raised:
        hurried.things(document, ALICE, WantedThings())
    assert raised.value.code == "ENTITIES_TOO_SLOW"


def test_nobody_sees_what_anothers_document_names(world: World, named: PostgresNamedThings) -> None:
    document = made(world, entity(0, EntityKind.PLACE, "Lyon"))
    assert named.things(document, Caller("mallory"), WantedThings()) is None
    assert named.things(document, Caller("alice", ("m9",)), WantedThings()) is None
    assert named.things(uuid4(), ALICE, WantedThings()) is None
