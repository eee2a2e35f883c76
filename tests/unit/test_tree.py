"""The tree: which sections a document gets, what they hold, and that breaks change nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.stage_rows import TreeNode
from common.stages import OutlineEntry
from common.tree_plan import PART_PASSAGES
from common.tree_summary import SUMMARY_LETTERS
from tests.unit.made_trees import (
    Heading,
    Made,
    Pages,
    Paragraph,
    direction,
    drawn,
    inputs_of,
    nodes_of,
    steps_of,
    titles_of,
    tree_of,
)

BOOK: Pages = [
    [Heading("Annual report"), 4],
    [Heading("1 Water", 2), 6, Heading("1.1 Rivers", 3), 9],
    [12, Heading("2 Land", 2), 5],
    [Heading("Annex A", 2), 7, Heading("Tables", 3), 4],
]


def leaves(nodes: list[TreeNode]) -> list[TreeNode]:
    parents = {node.parent for node in nodes}
    return [node for node in nodes if node.position not in parents]


def test_sections_follow_the_headings_and_the_title_is_the_documents() -> None:
    assert drawn(tree_of(Made(BOOK))) == [
        "Annual report [1-4] 0-12",
        "  Beginning [1-1] 0-0",
        "  1 Water [2-3] 1-7",
        "    Sentence 6 is about gate gate valley dam river stone… [2-2] 1-2",
        "    1.1 Rivers [2-3] 3-7",
        "  2 Land [3-3] 8-9",
        "  Annex A [4-4] 10-12",
        "    Sentence 41 is about valley dam river water stone gate… [4-4] 10-11",
        "    Tables [4-4] 12-12",
    ]


def test_a_document_without_headings_is_called_by_its_name_and_divided_evenly() -> None:
    nodes = tree_of(Made([[20]] * 60), filename="letters/Old novel.pdf")
    assert nodes[0].title == "Old novel"
    assert {node.depth for node in nodes} == {0, 1}
    sizes = [node.last_passage - node.first_passage + 1 for node in nodes[1:]]
    assert sum(sizes) == 300
    assert set(sizes) == {PART_PASSAGES}
    assert nodes[1].title == "Sentence 0 is about water gate valley dam stone valley…"


def test_a_very_long_one_has_parts_of_parts() -> None:
    nodes = tree_of(Made([[20]] * 200))
    assert {node.depth for node in nodes} == {0, 1, 2}
    assert all(node.last_passage - node.first_passage < PART_PASSAGES for node in leaves(nodes))
    assert max(sum(node.parent == each.position for node in nodes) for each in nodes) == 20


def test_a_document_without_text_is_one_node_without_passages() -> None:
    [root] = tree_of(Made([[], []]), pages=2)
    assert (root.title, root.page_start, root.page_end) == ("scan", 1, 2)
    assert (root.first_passage, root.last_passage) == (0, -1)
    assert (root.summary, root.centroid) == ("", None)


def test_a_document_of_one_heading_is_that_section() -> None:
    [root] = tree_of(Made([[Heading("A letter"), 8]]))
    assert root.title == "A letter"


def test_numbers_stand_above_looks() -> None:
    pages: Pages = [
        [Heading("Part I", 3), 4, Heading("Chapter 1", 2), 6, Heading("1.1 A", 1), 6],
        [Heading("1.2 B", 1), 6, Heading("Chapter 2", 2), 6, Heading("Part II", 3), 6],
    ]
    assert [title for title in titles_of(Made(pages)) if "Sentence" not in title] == [
        "scan",
        "  Part I",
        "    Chapter 1",
        "      1.1 A",
        "      1.2 B",
        "    Chapter 2",
        "  Part II",
    ]


def test_a_title_of_several_lines_and_a_number_with_its_title_are_one_heading() -> None:
    pages: Pages = [
        [6, Heading("The state of", 1), Heading("the rivers", 1), 6],
        [Heading("CHAPTER", 3), Heading("TWO", 2), Heading("WATER AND", 2), Heading("WIND", 2), 6],
        [Heading("3. Land, for in-", 1), Heading("stance", 2), Heading("4. Sea", 1), 6],
        [Heading("PART I", 3), Heading("CHAPTER", 3), Heading("FIVE", 2), 6],
    ]
    titles = [title.strip() for title in titles_of(Made(pages, overlap=0))]
    assert [title for title in titles if "Sentence" not in title] == [
        *("scan", "Beginning", "The state of the rivers"),
        *("CHAPTER TWO WATER AND WIND", "3. Land, for instance", "4. Sea"),
        *("PART I", "CHAPTER FIVE"),
    ]


def test_bookmarks_win_and_headings_refine_only_what_is_long() -> None:
    pages: Pages = [
        [Heading(f"Chapter {number // 10 + 1}"), Heading("The flood"), 10]
        if number % 10 == 0
        else [10]
        for number in range(60)
    ]
    pages[1] = [5, Heading("In a short section", 2), 5]
    pages[3] = [10, Heading("In a long one", 2), 1]
    outline = [
        OutlineEntry("Chapter 1: the flood", 1, 1),
        OutlineEntry("Towards the dam", 2, 3),
        OutlineEntry("Chapter 2", 1, 11),
        OutlineEntry("Back cover", 1, 60),
    ]
    titles = [title for title in titles_of(Made(pages), outline) if "Sentence" not in title]
    assert titles == [
        "scan",
        "  Chapter 1: the flood",
        "    Towards the dam",
        "      In a long one",
        "  Chapter 2",
        "    Chapter 3 The flood",
        "    Chapter 4 The flood",
        "    Chapter 5 The flood",
        "    Chapter 6 The flood",
        "  Back cover",
    ]


def test_a_bookmark_begins_at_its_title_else_where_it_points_else_with_its_page() -> None:
    pages: Pages = [[10], [5, Heading("3.2 The dam", 2), 5, 5, 5]]
    made = Made(pages, sentences_each=1, overlap=0)
    for entry, first in (
        (OutlineEntry("The Dam", 1, 2), 15),
        (OutlineEntry("Something else", 1, 2, 0.14), 21),
        (OutlineEntry("Something else", 1, 2), 10),
    ):
        [node] = [node for node in tree_of(made, [entry]) if node.title == entry.title]
        assert node.first_passage == first, entry


def test_pages_that_were_not_read_have_no_sections_but_those_that_reach_over_them() -> None:
    made = Made([[8]] * 4, first_page=10)
    outline = [
        OutlineEntry("Part I", 1, 1),
        OutlineEntry("Before", 2, 3),
        OutlineEntry("Reaching", 2, 8),
        OutlineEntry("Within", 2, 12),
        OutlineEntry("Behind", 1, 20),
    ]
    assert drawn(tree_of(made, outline)) == [
        "scan [10-13] 0-7",
        "  Part I [10-13] 0-7",
        "    Reaching [10-11] 0-3",
        "    Within [12-13] 4-7",
    ]


def test_a_section_that_is_too_short_for_a_passage_still_has_a_summary() -> None:
    page: list[Paragraph] = [
        *(Heading("A. One", 1), 9, Heading("B. Two", 1), 1, Heading("C. Three", 1), 12),
    ]
    nodes = {node.title: node for node in tree_of(Made([page], sentences_each=30))}
    assert nodes["B. Two"].last_passage < nodes["B. Two"].first_passage
    assert nodes["B. Two"].summary.startswith("Sentence 11 is about")
    assert nodes["B. Two"].centroid is None


def test_a_passage_goes_where_the_middle_of_what_is_new_in_it_is() -> None:
    made = Made([[6, Heading("Chapter 2"), 6]], sentences_each=6, overlap=4)
    [node] = [node for node in tree_of(made) if node.title == "Chapter 2"]
    assert made.all_passages[1].first_sentence < 6
    assert node.first_passage == 1


def test_a_centroid_is_the_mean_of_the_sections_embeddings() -> None:
    for node in tree_of(Made(BOOK)):
        numbers = range(node.first_passage, node.last_passage + 1)
        vectors = [direction(number) for number in numbers]
        mean = [sum(column) / len(vectors) for column in zip(*vectors, strict=True)]
        assert node.centroid == pytest.approx(mean)


def test_without_embeddings_there_are_summaries_and_no_centroids() -> None:
    made = Made(BOOK, without=frozenset(range(99)))
    assert {node.centroid for node in tree_of(made)} == {None}
    assert all(node.summary for node in tree_of(made))


def test_a_summary_is_of_the_sections_own_sentences_and_bounded() -> None:
    pages: Pages = [[40], [Heading("Chapter 2"), 40]]
    made = Made(pages)
    own = {sentence.text: sentence for sentence in made.all_sentences}
    for node in tree_of(made):
        said = [text for text in own if text in node.summary]
        assert 1 <= len(said) <= 3
        assert node.summary == " ".join(said)
        assert len(node.summary) <= SUMMARY_LETTERS
        assert all(node.page_start <= own[text].page_start <= node.page_end for text in said)


page = st.lists(
    st.one_of(
        st.integers(1, 60),
        st.builds(
            Heading,
            st.sampled_from(
                ["1 A", "1.1 B", "Chapter 2", "Part I", "Notes", "IV. C", "2", "", "x " * 300]
            ),
            st.integers(1, 4),
        ),
    ),
    max_size=5,
)
entries = st.lists(
    st.builds(
        OutlineEntry,
        st.sampled_from(["1 A", "Notes", "x", ""]),
        st.integers(1, 5),
        st.integers(1, 12),
        st.one_of(st.none(), st.floats(0, 1)),
    ),
    max_size=8,
)
documents = st.builds(
    Made,
    st.lists(page, max_size=8),
    first_page=st.sampled_from([1, 3]),
    sentences_each=st.integers(1, 9),
    overlap=st.integers(0, 4),
)


@settings(max_examples=80, deadline=None)
@given(documents, entries)
def test_passages_are_divided_without_gaps_and_parts_lie_within_their_section(
    made: Made, outline: list[OutlineEntry]
) -> None:
    nodes = tree_of(made, outline)
    root = nodes[0]
    assert [node.position for node in nodes] == list(range(len(nodes)))
    assert (root.parent, root.depth) == (None, 0)
    assert (root.first_passage, root.last_passage) == (0, len(made.all_passages) - 1)
    ends = [-1, *(node.last_passage for node in leaves(nodes))]
    for end, node in zip(ends, leaves(nodes), strict=False):
        assert node.first_passage == end + 1
    for node in nodes[1:]:
        assert node.parent is not None
        above = nodes[node.parent]
        assert node.parent < node.position
        assert node.depth == above.depth + 1
        assert above.page_start <= node.page_start <= node.page_end <= above.page_end
        assert above.first_passage <= node.first_passage
        assert node.last_passage <= above.last_passage
    for one, other in pairwise(node for node in nodes if node.parent == 0):
        assert one.last_passage + 1 == other.first_passage
    for node in leaves(nodes):
        assert node.last_passage - node.first_passage < PART_PASSAGES


@settings(max_examples=20, deadline=None)
@given(documents, entries, st.integers(1, 12))
def test_wherever_it_is_broken_off_the_rows_are_the_same(
    made: Made, outline: list[OutlineEntry], at_once: int
) -> None:
    inputs = inputs_of(made, outline, at_once=at_once)
    whole = steps_of(inputs)
    assert whole[-1].done == whole[-1].total == len(made.all_passages)
    assert [step.done for step in whole] == sorted(step.done for step in whole)
    # What was in the PDF may be gone when it goes on.
    elsewhere = replace(inputs, outline=lambda: [])
    for number, step in enumerate(whole):
        cursor = json.loads(json.dumps(step.cursor))
        rest = steps_of(elsewhere, cursor)
        assert nodes_of([*whole[: number + 1], *rest]) == nodes_of(whole)


def test_a_step_has_no_more_passages_than_are_to_lie_between_two() -> None:
    steps = steps_of(inputs_of(Made([[20]] * 60), at_once=40))
    assert [step.done for step in steps] == [0, 40, 80, 120, 160, 200, 240, 280, 300]
