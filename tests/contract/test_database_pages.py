"""Pages and search on real Postgres: whose they are, which merge's, and what matches."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from common.access import Caller
from common.errors import TransientError
from common.lifecycle import JobStatus
from common.merging import page_row
from common.models import ChunkId, MergedDocument, MergeWork, ObjectRef
from common.reading import Hits, MissingPage, PageView
from common.results import Block, Line, Page, PageError, Paragraph, Word
from infra.database.pages import PostgresPages
from tests.world import LEASE, World

ALICE = Caller("alice")


@pytest.fixture
def pages(world: World) -> PostgresPages:
    return PostgresPages(world.pool)


def page(number: int, text: str, start: int = 0) -> Page:
    """Return a page whose words are what white space divides."""
    words: list[Word] = []
    at = start
    for piece in text.split(" "):
        word = piece.rstrip("\n")
        end = min(at + len(piece) + 1, start + len(text))
        words.append(Word(word, at, end, (0.1, 0.2, 0.3, 0.4), 0.98))
        at = end
    box = (0.0, 0.0, 1.0, 1.0)
    end = start + len(text)
    line = Line(start, end, box, 0.9, words)
    paragraph = Paragraph(start, end, box, 0.9, [line])
    block = Block(start, end, box, 0.9, [paragraph])
    return Page(number, 595.5, 842.25, "points", start, end, text, 0.97, ["en", "de"], [block])


def bound(*texts: str) -> list[Page]:
    bound: list[Page] = []
    reached = 0
    for number, text in enumerate(texts, 1):
        bound.append(page(number, text, reached))
        reached += len(text)
    return bound


def claimed(world: World, owner: str = "alice", *, pages: int = 2) -> MergeWork:
    job_id, [chunk_id] = world.add_job(1, pages=pages, owner=owner)
    world.finish_chunk(chunk_id)
    work = world.merges.claim(job_id)
    assert work is not None
    return work


def write(world: World, work: MergeWork, written: list[Page], *, boxes: bool = True) -> None:
    world.merges.write_pages(work, [page_row(page, with_words=boxes) for page in written])


def finish(world: World, work: MergeWork) -> None:
    merged = MergedDocument(JobStatus.COMPLETED, 1, 0, "result.json", "text.txt", "checksum")
    world.merges.finish(work, merged)


def read(world: World, *texts: str, owner: str = "alice") -> UUID:
    """Return a document whose pages say this."""
    work = claimed(world, owner, pages=len(texts))
    write(world, work, bound(*texts))
    finish(world, work)
    return work.document_id


def hits(found: Hits | MissingPage | None) -> Hits:
    assert isinstance(found, Hits)
    return found


def test_a_page_comes_back_as_it_was_merged(world: World, pages: PostgresPages) -> None:
    document = read(world, "Hello world\n", "Second page")
    found = pages.find(document, 2, ALICE)
    assert isinstance(found, PageView)
    assert (found.number, found.width, found.height, found.unit) == (2, 595.5, 842.25, "points")
    assert (found.start, found.end, found.text) == (12, 23, "Second page")
    assert (found.confidence, found.languages) == (0.97, ("en", "de"))
    assert [(word.text, word.start, word.end) for word in found.words] == [
        ("Second", 12, 19),
        ("page", 19, 23),
    ]
    assert {word.box for word in found.words} == {(0.1, 0.2, 0.3, 0.4)}
    assert {word.confidence for word in found.words} == {0.98}


def test_only_the_owner_within_the_callers_matters_sees_a_page(
    world: World, pages: PostgresPages
) -> None:
    document = read(world, "Hello")
    world.one("UPDATE documents SET matter = 'm1' WHERE id = %s RETURNING id", document)
    for caller in (ALICE, Caller("alice", ("m0", "m1"))):
        assert isinstance(pages.find(document, 1, caller), PageView)
        assert hits(pages.search(document, "h", caller, after=0, limit=9)).total == 1
        assert pages.picture_source(document, caller) is not None
    for caller in (Caller("bob"), Caller("alice", ()), Caller("alice", ("m2",))):
        assert pages.find(document, 1, caller) is None
        assert pages.search(document, "h", caller, after=0, limit=9) is None
        assert pages.picture_source(document, caller) is None
    assert pages.find(uuid4(), 1, ALICE) is None


def test_only_the_merge_that_ended_the_job_is_seen(world: World, pages: PostgresPages) -> None:
    work = claimed(world)
    write(world, work, bound("First"))
    assert pages.find(work.document_id, 1, ALICE) == MissingPage(2, True)
    assert pages.search(work.document_id, "f", ALICE, after=0, limit=9) == MissingPage(2, True)
    world.age("jobs", "lease_expires_at", LEASE * 2, id=work.job_id)
    later = world.merges.claim(work.job_id)
    assert later is not None
    write(world, later, bound("Second"))
    finish(world, later)
    # One that has lost its lease may still write.
    write(world, work, bound("Third, third"))
    found = pages.find(work.document_id, 1, ALICE)
    assert isinstance(found, PageView)
    assert (found.text, len(found.words)) == ("Second", 1)
    assert hits(pages.search(work.document_id, "third", ALICE, after=0, limit=9)).total == 0
    assert hits(pages.search(work.document_id, "second", ALICE, after=0, limit=9)).hits[
        0
    ].words == (0,)


def test_a_result_is_seen_until_a_retrys_takes_its_place(
    world: World, pages: PostgresPages
) -> None:
    job_id, [chunk_id] = world.add_job(1)
    _finish_with_an_error(world, chunk_id)
    merge = world.merges.claim(job_id)
    assert merge is not None
    write(world, merge, bound("One page"))
    finish(world, merge)
    with world.pool.connection() as connection:
        connection.execute(
            "UPDATE jobs SET status = 'processing', finished_at = NULL, stage = 'merging',"
            " retries = retries + 1 WHERE id = %s",
            (job_id,),
        )
    again = world.merges.claim(job_id)
    assert again is not None
    write(world, again, bound("One page", "Two pages"))
    assert hits(pages.search(merge.document_id, "page", ALICE, after=0, limit=9)).total == 1
    finish(world, again)
    assert hits(pages.search(merge.document_id, "page", ALICE, after=0, limit=9)).total == 2


def _finish_with_an_error(world: World, chunk_id: ChunkId) -> None:
    work = world.chunks.claim(chunk_id)
    assert work is not None
    error = PageError(2, "PAGE_UNREADABLE", "Document AI can't read this page.")
    world.chunks.complete(work, path="p", checksum="c", errors=[error])


def test_a_page_without_text_says_what_is_known_about_it(
    world: World, pages: PostgresPages
) -> None:
    landed = world.land()
    assert pages.find(landed.document_id, 1, ALICE) == MissingPage(None, True)
    job_id, [chunk_id] = world.add_job(1)
    document = world.one("SELECT document_id FROM jobs WHERE id = %s", job_id)["document_id"]
    assert isinstance(document, UUID)
    assert pages.find(document, 2, ALICE) == MissingPage(2, True)
    _finish_with_an_error(world, chunk_id)
    merge = world.merges.claim(job_id)
    assert merge is not None
    write(world, merge, bound("One"))
    finish(world, merge)
    sentence = "Document AI can't read this page."
    assert pages.find(document, 2, ALICE) == MissingPage(2, False, sentence)
    # Chunks' rows go in time, and with them the reason.
    with world.pool.connection() as connection:
        connection.execute("DELETE FROM chunks WHERE job_id = %s", (job_id,))
    assert pages.find(document, 2, ALICE) == MissingPage(2, False)
    assert pages.find(document, 3, ALICE) == MissingPage(2, False)


def test_a_document_that_failed_says_so(world: World, pages: PostgresPages) -> None:
    landed = world.land()
    world.splits.fail(landed, "NOT_A_PDF", "This file is not a PDF.")
    missing = MissingPage(None, False, "This file is not a PDF.")
    assert pages.find(landed.document_id, 1, ALICE) == missing
    assert pages.search(landed.document_id, "x", ALICE, after=0, limit=1) == missing


def test_without_boxes_there_are_pages_and_hits_but_no_words(
    world: World, pages: PostgresPages
) -> None:
    work = claimed(world)
    write(world, work, bound("Hello world"), boxes=False)
    finish(world, work)
    found = pages.find(work.document_id, 1, ALICE)
    assert isinstance(found, PageView)
    assert (found.text, found.words) == ("Hello world", ())
    [hit] = hits(pages.search(work.document_id, "world", ALICE, after=0, limit=9)).hits
    assert (hit.start, hit.end, hit.words) == (6, 11, ())


def test_nul_in_a_text_keeps_its_place_and_is_not_seen(world: World, pages: PostgresPages) -> None:
    document = read(world, "an e\0ective way")
    found = pages.find(document, 1, ALICE)
    assert isinstance(found, PageView)
    assert found.text == "an e\ufffdective way"
    assert [word.text for word in found.words] == ["an", "eective", "way"]
    [hit] = hits(pages.search(document, "e\0ective", ALICE, after=0, limit=9)).hits
    assert (hit.start, hit.end, hit.words) == (3, 11, (1,))


@pytest.mark.parametrize(
    ("wanted", "words", "snippet"),
    [
        ("STRASSE", (1,), "Große [Straße] im Café"),
        ("gross", (0,), "[Groß]e Straße im Café"),
        ("sse im cafe", (1, 2, 3), "Große Stra[ße im Café]"),
        ("ffi", (4,), "Café am o[ﬃ]ce"),
    ],
)
def test_hits_name_the_words_they_touch_however_long_their_fold_is(
    world: World, pages: PostgresPages, wanted: str, words: tuple[int, ...], snippet: str
) -> None:
    document = read(world, "Before. ", "Große Straße im Café\nam oﬃce")
    [hit] = hits(pages.search(document, wanted, ALICE, after=0, limit=9)).hits
    assert (hit.page, hit.words) == (2, words)
    marked = (
        hit.snippet[: hit.snippet_start]
        + "["
        + hit.snippet[hit.snippet_start : hit.snippet_end]
        + "]"
        + hit.snippet[hit.snippet_end :]
    )
    assert snippet in marked


@pytest.mark.parametrize(
    ("wanted", "words"),
    [("ab", (0,)), (",", (1,)), ("b,", (0, 1)), ("b,c", (0, 1, 2)), ("c", (2,))],
)
def test_words_that_stand_close_together_are_not_touched_by_their_neighbours_hits(
    world: World, pages: PostgresPages, wanted: str, words: tuple[int, ...]
) -> None:
    close = page(1, "ab,c")
    [word] = close.blocks[0].paragraphs[0].lines[0].words
    close.blocks[0].paragraphs[0].lines[0].words = [
        Word(text, start, start + len(text), word.box, 0.9)
        for text, start in (("ab", 0), (",", 2), ("c", 3))
    ]
    work = claimed(world)
    write(world, work, [close])
    finish(world, work)
    [hit] = hits(pages.search(work.document_id, wanted, ALICE, after=0, limit=9)).hits
    assert hit.words == words


@pytest.mark.parametrize("wanted", ["%", "_", "a%c", "a_c", "\\", "a\\", "';", "%s", "%(q)s"])
def test_what_is_special_elsewhere_means_itself(
    world: World, pages: PostgresPages, wanted: str
) -> None:
    document = read(world, "abc")
    assert hits(pages.search(document, wanted, ALICE, after=0, limit=9)) == Hits(0, ())
    document = read(world, f"so {wanted} so")
    [hit] = hits(pages.search(document, wanted, ALICE, after=0, limit=9)).hits
    assert (hit.start, hit.end) == (3, 3 + len(wanted))


def test_hits_go_on_behind_any_of_them(world: World, pages: PostgresPages) -> None:
    document = read(world, "a b a ", "none ", "aaa ", "a")
    everything = hits(pages.search(document, "a", ALICE, after=0, limit=99))
    assert [hit.page for hit in everything.hits] == [1, 1, 3, 3, 3, 4]
    for after in range(8):
        for limit in (1, 2, 4):
            some = hits(pages.search(document, "a", ALICE, after=after, limit=limit))
            assert some == Hits(6, everything.hits[after : after + limit])
    beyond = hits(pages.search(document, "a", ALICE, after=2**31 - 1, limit=100))
    assert beyond == Hits(6, ())


def test_a_search_ends_in_time(world: World) -> None:
    document = read(world, *(["a" * 200_000] * 20))
    impatient = PostgresPages(world.pool, search_seconds=0.001)
    with pytest.raises(TransientError, match="rarer") as raised:
        impatient.search(document, "a" * 100, ALICE, after=0, limit=1)
    assert raised.value.code == "SEARCH_TOO_SLOW"
    # The connection goes back to the pool without the limit.
    assert world.one("SHOW statement_timeout") == {"statement_timeout": "0"}


def test_pictures_are_drawn_from_the_version_that_was_read(
    world: World, pages: PostgresPages
) -> None:
    landed = world.land()
    source = pages.picture_source(landed.document_id, ALICE)
    assert source is not None
    assert source.source == ObjectRef("uploads", landed.source.name, 1)
    assert source.page_count is None
