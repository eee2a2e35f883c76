"""Reads the words of a text that are written large, and keeps what they were found to name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from common.entity_clues import (
    ACRONYM_BEHIND,
    ELIDED,
    JOINS,
    PARTICLES,
    STOPPED,
    STRONG,
    WORD,
    follows_article,
    may_be_surname,
)
from common.entity_phrases import phrases
from common.entity_places import PLACES
from common.entity_words import ORGANISATIONS
from common.stage_rows import EntityKind
from common.stages import Mention

#: No name has more words; a text in capitals has.
_LONGEST: Final = 12
#: Where a word begins and ends, and the word.
Word = tuple[int, int, str]


class LargeWords(ABC):
    """Goes over a text's large words once; who says what they name takes some of them."""

    def __init__(self, text: str, language: str) -> None:
        self._text = text
        self._language = language
        self._found: list[Mention] = []
        #: Last names and short forms of what was found.
        self._people: set[str] = set()
        self._acronyms: set[str] = set()
        #: Words of which nothing is known.
        self._left: list[Word] = []

    def read(self) -> list[Mention]:
        """Return all that was found, in order."""
        self._found = phrases(self._text, self._language)
        for phrase in self._found:
            self._note_acronym(phrase.kind, phrase.end)
        sequence: list[Word] = []
        for word in self._words([(mention.start, mention.end) for mention in self._found]):
            if sequence and self._gap(sequence[-1], word) not in JOINS:
                self._read_sequence(sequence)
                sequence = []
            sequence.append(word)
        self._read_sequence(sequence)
        self._add_short_forms()
        self._found.sort(key=lambda mention: mention.start)
        return self._found

    def _words(self, taken: list[tuple[int, int]]) -> list[Word]:
        """Return the words written large, without elided articles and the possessive s."""
        text = self._text
        found: list[Word] = []
        i = 0
        for match in WORD.finditer(text):
            start, end = match.span()
            if start and (text[start - 1].isalnum() or text[start - 1] in "_@/."):
                continue
            while i < len(taken) and taken[i][1] <= start:
                i += 1
            if i < len(taken) and taken[i][0] < end:
                continue
            word = match[0]
            elided = ELIDED.match(word)
            if elided is not None:
                rest = word[elided.end() :]
                if not rest[:1].isupper():
                    continue
                if word[0] != "D" or rest in PLACES:
                    start, word = start + elided.end(), rest
            if word.endswith(("'s", "’s")) and word not in ORGANISATIONS:
                end, word = end - 2, word[:-2]
            found.append((start, end, word))
        return found

    def _gap(self, first: Word, second: Word) -> str:
        gap = self._text[first[1] : second[0]]
        if gap == ". " and first[2] in STOPPED:
            return " "
        return gap

    def _read_sequence(self, words: list[Word]) -> None:
        i = 0
        while i < len(words):
            i = self._next(words, i)

    def _strong_end(self, words: list[Word], i: int) -> int:
        """Return where the words end that only spaces divide, a dozen at most."""
        end = i + 1
        last = min(len(words), i + _LONGEST)
        while end < last and self._gap(words[end - 1], words[end]) in STRONG:
            end += 1
        return end

    def _add_short_forms(self) -> None:
        """Take Smith where John Smith is named as well, and WHO where it is said who that is."""
        for start, end, word in self._left:
            if word in self._people and not follows_article(self._text, start):
                self._add(EntityKind.PERSON, start, end, 0.8)
            elif word in self._acronyms:
                self._add(EntityKind.ORGANISATION, start, end, 0.85)

    def _take_person(self, words: list[Word], i: int, strong: int, confidence: float) -> int:
        """Take up to four words, and what a particle joins: Peter van den Berg."""
        end = i + 1
        while end < min(strong, i + 4) and may_be_surname(words[end][2]):
            end += 1
        if (
            end == strong < len(words)
            and self._gap(words[end - 1], words[end]) in PARTICLES
            and words[end - 1][2] not in PLACES
            and words[end][2] not in PLACES
        ):
            end = self._strong_end(words, end)
        self._people.add(words[end - 1][2])
        return self._take(EntityKind.PERSON, words, i, end, confidence)

    def _take(
        self, kind: EntityKind, words: list[Word], i: int, end: int, confidence: float
    ) -> int:
        behind = words[end - 1][1]
        self._add(kind, words[i][0], behind, confidence)
        self._note_acronym(kind, behind)
        return end

    def _note_acronym(self, kind: EntityKind, behind: int) -> None:
        if kind is EntityKind.ORGANISATION and (
            acronym := ACRONYM_BEHIND.match(self._text, behind)
        ):
            self._acronyms.add(acronym[1])

    def _add(self, kind: EntityKind, start: int, end: int, confidence: float) -> None:
        self._found.append(Mention(kind, start, end, None, confidence))

    @abstractmethod
    def _next(self, words: list[Word], i: int) -> int:
        """Take what begins at a word, and return the word that follows it."""
