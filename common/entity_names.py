"""People, organisations and places by how they are called.

Names are sequences of words written large. What they name is told by titles, first names, legal
forms, words that organisations and places are called by, and lists of well-known names; what none
of these knows is left out, unless what stands around speaks of a person or a place (never in
German, where all nouns are written large). A name met in full tells its short form later in the
same text.
"""

from __future__ import annotations

from typing import Final

from common.entity_clues import (
    ACRONYM_BEHIND,
    AND,
    COMPANY_BEFORE,
    DOUBTFUL_TITLES,
    ELIDED,
    INITIALS,
    JOINS,
    LOWER_FORM,
    OF,
    PARTICLES,
    PERSON_BEHIND,
    QUOTES,
    STRONG,
    WORD,
    begins_sentence,
    follows_article,
    is_common,
    is_shouted,
    lies_in,
    may_be_surname,
    word_before,
)
from common.entity_people import FIRST_NAMES
from common.entity_phrases import phrases
from common.entity_places import PLACES
from common.entity_words import (
    AMBIGUOUS_FIRST_NAMES,
    AMBIGUOUS_PLACES,
    FUNCTION_WORDS,
    LEGAL_FORMS,
    LOWER_TITLES,
    ORGANISATIONS,
    ORGANISATIONS_EN,
    ORGANISATIONS_FR,
    OTHERS,
    PLACES_BEFORE,
    PLACES_BEHIND,
    TITLES,
)
from common.stage_rows import EntityKind
from common.stages import Mention

#: No name has more words; a text in capitals has.
_LONGEST: Final = 12
#: Where a word begins and ends, and the word.
Word = tuple[int, int, str]


def names(text: str, language: str) -> list[Mention]:
    """Return people, organisations and places in order, none within another."""
    return _Reader(text, language[:2]).read()


class _Reader:
    """Goes over a text's large words once; each rule takes some of them, or none."""

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
        self._found = phrases(self._text, self._language)
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
        if gap == ". " and (first[2] in TITLES or first[2] in {"St", "Mt", "Ste"}):
            return " "
        return gap

    def _read_sequence(self, words: list[Word]) -> None:
        i = 0
        while i < len(words):
            i = self._next(words, i)

    def _next(self, words: list[Word], i: int) -> int:
        """Take what begins at a word, and return the word that follows it."""
        strong = self._strong_end(words, i)
        word = words[i][2]
        for rule in (self._enterprise, self._known):
            if (following := rule(words, i, strong)) > i:
                return following
        if word.lower() in FUNCTION_WORDS and word not in TITLES:
            return i + 1
        for rule in (self._institution, self._titled, self._geographic, self._person):
            if (following := rule(words, i, strong)) > i:
                return following
        if word in PLACES and not self._is_doubtful_place(words[i]):
            return self._take(EntityKind.PLACE, words, i, i + 1, 0.85)
        return self._judge(words, i, strong)

    def _strong_end(self, words: list[Word], i: int) -> int:
        """Return where the words end that only spaces divide, a dozen at most."""
        end = i + 1
        last = min(len(words), i + _LONGEST)
        while end < last and self._gap(words[end - 1], words[end]) in STRONG:
            end += 1
        return end

    # ── rules: each returns the word that follows what it took, or `i` ─────────────────────────

    def _enterprise(self, words: list[Word], i: int, strong: int) -> int:
        """What ends with a legal form: Smith & Sons Ltd."""
        if words[i][2].lower() in FUNCTION_WORDS:
            return i
        for j in range(i + 1, strong):
            end, form = words[j][1:]
            if form in LEGAL_FORMS or f"{form}." in LEGAL_FORMS:
                if self._text.startswith(".", end) and f"{form}." in LEGAL_FORMS:
                    end += 1
                self._add(EntityKind.ORGANISATION, words[i][0], end, 0.95)
                return j + 1
        form_behind = LOWER_FORM.match(self._text, words[strong - 1][1])
        if form_behind is not None:
            self._add(EntityKind.ORGANISATION, words[i][0], form_behind.end(), 0.95)
            return strong
        return i

    def _known(self, words: list[Word], i: int, strong: int) -> int:
        """Names of the lists: the longest first; places of one word come last."""
        has_more = any(words[j][2] in ORGANISATIONS_EN for j in range(i + 1, strong))
        for j in range(min(i + 5, len(words)), i, -1):
            start, end = words[i][0], words[j - 1][1]
            name = self._text[start:end]
            if name in ORGANISATIONS and not (
                name.isupper() and is_shouted(self._text, start, end)
            ):
                if j == i + 1 and has_more:
                    return i
                return self._take(EntityKind.ORGANISATION, words, i, j, 0.9)
            if j > i + 1 and name in PLACES:
                return i if has_more else self._take(EntityKind.PLACE, words, i, j, 0.9)
        return i

    def _institution(self, words: list[Word], i: int, strong: int) -> int:
        """What is called one: Stanford University, the Bank of England, Banque Populaire."""
        last = max((j for j in range(i, strong) if words[j][2] in ORGANISATIONS_EN), default=-1)
        if (self._language == "fr" or last < 0) and (
            words[i][2] in ORGANISATIONS_FR and strong > i + 1
        ):
            return self._take(EntityKind.ORGANISATION, words, i, strong, 0.85)
        if last < 0 or (words[i][2] in TITLES and last + 1 < strong):
            return i
        end = last + 1
        is_extended = end == strong < len(words) and self._gap(words[last], words[end]) in OF
        if is_extended:
            end = self._strong_end(words, end)
            if (
                words[last][2] in {"Department", "Ministry"}
                and end < len(words)
                and self._gap(words[end - 1], words[end]) in AND
            ):
                end = self._strong_end(words, end)
        if end == i + 1 or (
            words[i][2] in {"Annual", "Company", "Group", "Court"} and not is_extended
        ):
            return i
        return self._take(EntityKind.ORGANISATION, words, i, end, 0.85)

    def _titled(self, words: list[Word], i: int, strong: int) -> int:
        """Mr Smith, and le professeur Castaing: the title is no part of the name."""
        text, start = self._text, words[i][0]
        first = i
        while first < strong and self._is_title(words[first][2]):
            first += 1
        if first > i and words[i][2] in DOUBTFUL_TITLES:
            # General Public License, the Major Component.
            follows = i > 0 and self._gap(words[i - 1], words[i]) in STRONG
            if follows or follows_article(text, start) or text[max(0, start - 1) : start] in QUOTES:
                return i
        if first == i and word_before(text, start) not in LOWER_TITLES:
            return i
        if first == strong or not may_be_surname(words[first][2]):
            return first
        return self._take_person(words, first, strong, 0.95)

    def _is_title(self, word: str) -> bool:
        # In French M. is monsieur; elsewhere it is somebody's initial.
        return word in TITLES or (word == "M." and self._language == "fr")

    def _geographic(self, words: list[Word], i: int, strong: int) -> int:
        """Baker Street, Lake Mead, the Isle of Wight."""
        if 2 <= strong - i <= 4 and words[strong - 1][2] in PLACES_BEHIND:
            return self._take(EntityKind.PLACE, words, i, strong, 0.85)
        if words[i][2] in PLACES_BEFORE:
            if strong > i + 1 and not begins_sentence(self._text, words[i][0]):
                return self._take(EntityKind.PLACE, words, i, strong, 0.8)
            if strong < len(words) and self._gap(words[strong - 1], words[strong]) in OF:
                end = self._strong_end(words, strong)
                return self._take(EntityKind.PLACE, words, i, end, 0.8)
        return i

    def _person(self, words: list[Word], i: int, strong: int) -> int:
        """Who is called by a first name or initials."""
        word = words[i][2]
        following = words[i + 1] if i + 1 < len(words) else None
        is_followed = (
            following is not None
            and may_be_surname(following[2])
            and self._gap(words[i], following) in STRONG | PARTICLES
        )
        if INITIALS.fullmatch(word) and strong > i + 1 and word not in PLACES:
            return self._take_person(words, i, strong, 0.8) if is_followed else i
        if word not in FIRST_NAMES and not (
            "-" in word and all(part in FIRST_NAMES for part in word.split("-"))
        ):
            return i
        if following is not None and is_followed and (strong > i + 1 or following[2] not in PLACES):
            return self._take_person(words, i, strong, 0.9)
        if word in AMBIGUOUS_FIRST_NAMES or word in PLACES:
            return i
        return self._take_person(words, i, i + 1, 0.6)

    def _judge(self, words: list[Word], i: int, strong: int) -> int:
        """What no list knows: judged by what stands around it."""
        start, _, word = words[i]
        if word in OTHERS or len(word) < 2:
            return i + 1
        is_mixed = any(each[2] in PLACES or not may_be_surname(each[2]) for each in words[i:strong])
        if is_mixed or strong - i > 3:
            self._left.append(words[i])
            return i + 1
        if COMPANY_BEFORE.search(self._text, max(0, start - 16), start):
            return self._take(EntityKind.ORGANISATION, words, i, strong, 0.8)
        if self._language != "de" and not is_common(words[strong - 1][2]):
            is_short = strong - i <= 2 and not word.isupper() and not is_common(word)
            if is_short and lies_in(self._text, start, self._language):
                return self._take(EntityKind.PLACE, words, i, strong, 0.55)
            if strong - i >= 2 and self._is_spoken_of_as_person(words, i, strong):
                return self._take_person(words, i, strong, 0.5)
        self._left.extend(words[i:strong])
        return strong

    # ── judging and taking ─────────────────────────────────────────────────────────────────────

    def _is_spoken_of_as_person(self, words: list[Word], i: int, strong: int) -> bool:
        start, end = words[i][0], words[strong - 1][1]
        if follows_article(self._text, start) or not all(
            word[1:].islower() or "-" in word for _, _, word in words[i:strong]
        ):
            return False
        if PERSON_BEHIND.match(self._text, end):
            return True
        # French writes hardly anything else with two words large; but terms of a contract.
        return (
            self._language == "fr"
            and not begins_sentence(self._text, start)
            and self._text[start - 1] == " "
            and not any(is_common(word) for _, _, word in words[i:strong])
        )

    def _is_doubtful_place(self, word: Word) -> bool:
        return word[2] in AMBIGUOUS_PLACES and (
            begins_sentence(self._text, word[0]) or follows_article(self._text, word[0])
        )

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
        if kind is EntityKind.ORGANISATION and (
            acronym := ACRONYM_BEHIND.match(self._text, behind)
        ):
            self._acronyms.add(acronym[1])
        return end

    def _add(self, kind: EntityKind, start: int, end: int, confidence: float) -> None:
        self._found.append(Mention(kind, start, end, None, confidence))
