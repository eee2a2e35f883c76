"""People, organisations and places by how they are called.

Names are sequences of words written large. What they name is told by titles, first names, legal
forms, words that organisations and places are called by, and lists of well-known names; what none
of these knows is left out, unless what stands around speaks of a person or a place (never in
German, where all nouns are written large). A name met in full tells its short form later in the
same text.
"""

from __future__ import annotations

from common.entity_clues import (
    AND,
    COMPANIES,
    DOUBTFUL_TITLES,
    INITIALS,
    LOWER_FORM,
    OF,
    PARTICLES,
    PERSON_BEHIND,
    PLACE_BEHIND,
    PLACE_FORM,
    QUOTES,
    STRONG,
    WIDE,
    begins_sentence,
    follows_article,
    is_common,
    is_shouted,
    lies_in,
    may_be_surname,
    may_precede_initial,
    word_before,
)
from common.entity_people import FIRST_NAMES
from common.entity_places import PLACES, STATES
from common.entity_reader import LargeWords, Word
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
    PLACES_BEFORE_OF,
    PLACES_BEHIND,
    TITLES,
)
from common.stage_rows import EntityKind
from common.stages import Mention

#: What names of several words begin with.
_FIRST_WORDS = frozenset(name.split(" ", 1)[0] for name in ORGANISATIONS | PLACES if " " in name)


def names(text: str, language: str) -> list[Mention]:
    """Return people, organisations and places in order, none within another."""
    return _Names(text, language[:2]).read()


class _Names(LargeWords):
    """Each rule returns the word that follows what it took, or that at which it began."""

    def _next(self, words: list[Word], i: int) -> int:
        """Take what begins at a word, and return the word that follows it."""
        word = words[i][2]
        is_function = word.lower() in FUNCTION_WORDS and word not in TITLES
        if is_function and i + 1 == len(words) and word not in ORGANISATIONS:
            return i + 1
        strong = self._strong_end(words, i)
        for rule in (self._enterprise, self._known):
            if (following := rule(words, i, strong)) > i:
                return following
        if is_function:
            return i + 1
        for rule in (self._institution, self._titled, self._geographic, self._person):
            if (following := rule(words, i, strong)) > i:
                return following
        if (word in PLACES and not self._is_doubtful_place(words[i])) or (
            "-" in word and PLACE_FORM.fullmatch(word)
        ):
            return self._take(EntityKind.PLACE, words, i, i + 1, 0.85)
        return self._judge(words, i, strong)

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
        word = words[i][2]
        longest = min(i + 5, len(words)) if word in _FIRST_WORDS else i + 1
        if longest == i + 1 and word not in ORGANISATIONS:
            return i
        last_head = self._last_head(words, i, strong)
        for j in range(longest, i, -1):
            start, end = words[i][0], words[j - 1][1]
            name = self._text[start:end]
            if name in ORGANISATIONS and not (
                name.isupper() and is_shouted(self._text, start, end)
            ):
                if last_head >= j:
                    return i
                return self._take(EntityKind.ORGANISATION, words, i, j, 0.9)
            if j > i + 1 and name in PLACES:
                return i if last_head >= j else self._take(EntityKind.PLACE, words, i, j, 0.9)
        return i

    def _institution(self, words: list[Word], i: int, strong: int) -> int:
        """What is called one: Stanford University, the Bank of England, Banque Populaire."""
        last = self._last_head(words, i, strong)
        if last < 0 and words[i][2] in WIDE and strong < len(words):
            # National Aeronautics and Space Administration
            behind = self._strong_end(words, strong)
            if (
                self._gap(words[strong - 1], words[strong]) in AND
                and words[behind - 1][2] in ORGANISATIONS_EN
            ):
                return self._take(EntityKind.ORGANISATION, words, i, behind, 0.85)
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

    def _last_head(self, words: list[Word], i: int, strong: int) -> int:
        """Return the last word by which English organisations are called; -1 without one."""
        for j in range(strong - 1, i - 1, -1):
            if words[j][2] in ORGANISATIONS_EN:
                return j
        return -1

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
        if first == strong or not (
            may_be_surname(words[first][2]) or (len(words[first][2]) == 1 and strong > first + 1)
        ):
            return first
        return self._take_person(words, first, strong, 0.95)

    def _is_title(self, word: str) -> bool:
        # In French M. is monsieur; elsewhere it is somebody's initial.
        return word in TITLES or (word == "M." and self._language == "fr")

    def _geographic(self, words: list[Word], i: int, strong: int) -> int:
        """Baker Street, Lake Mead, the Isle of Wight."""
        for j in range(min(strong, i + 4) - 1, i, -1):
            if words[j][2] in PLACES_BEHIND and (j + 1 == strong or words[j + 1][2] in TITLES):
                end = j + 1
                if end == strong < len(words) and self._gap(words[j], words[end]) == " of ":
                    # The Middle District of Florida
                    end += words[end][2] in PLACES
                return self._take(EntityKind.PLACE, words, i, end, 0.85)
        word = words[i][2]
        if word in PLACES_BEFORE:
            is_named = strong > i + 1 and word not in PLACES_BEFORE_OF
            if is_named and not begins_sentence(self._text, words[i][0]):
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
            is_one = len(word) == 2 and not may_precede_initial(
                word_before(self._text, words[i][0])
            )
            return self._take_person(words, i, strong, 0.8) if is_followed and not is_one else i
        if (
            strong > i + 2
            and len(words[i + 1][2]) == 2
            and INITIALS.fullmatch(words[i + 1][2])
            and word[1:].islower()
            and may_be_surname(words[i + 2][2])
        ):
            # Shannon L. Wilkerson
            return self._take_person(words, i, i + 3, 0.85)
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
        start, end, word = words[i]
        if word in OTHERS or len(word) < 2:
            return i + 1
        if word in STATES and self._text[max(0, start - 2) : end + 1] == f", {word}.":
            self._add(EntityKind.PLACE, start, end + 1, 0.8)
            return i + 1
        is_mixed = any(each[2] in PLACES or not may_be_surname(each[2]) for each in words[i:strong])
        if is_mixed or strong - i > 3:
            self._left.append(words[i])
            return i + 1
        if word_before(self._text, start) in COMPANIES:
            return self._take(EntityKind.ORGANISATION, words, i, strong, 0.8)
        if self._language != "de" and not is_common(words[strong - 1][2]):
            is_short = strong - i <= 2 and not word.isupper() and not is_common(word)
            if is_short and lies_in(self._text, start, self._language):
                return self._take(EntityKind.PLACE, words, i, strong, 0.55)
            if strong - i >= 2 and self._is_spoken_of_as_person(words, i, strong):
                return self._take_person(words, i, strong, 0.5)
        if strong == i + 1 and self._lies_before_place(words[i]):
            return self._take(EntityKind.PLACE, words, i, strong, 0.6)
        self._left.append(words[i])
        return i + 1

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

    def _lies_before_place(self, word: Word) -> bool:
        """Montgomery, Ala. and Hanau, Germany: but not who is named before a country."""
        behind = PLACE_BEHIND.match(self._text, word[1])
        if behind is None or word[2] in FIRST_NAMES or word[2].isupper():
            return False
        name = behind[1]
        return (name in PLACES and name not in AMBIGUOUS_PLACES) or (
            name in STATES and self._text.startswith(".", behind.end())
        )

    def _is_doubtful_place(self, word: Word) -> bool:
        return word[2] in AMBIGUOUS_PLACES and (
            begins_sentence(self._text, word[0]) or follows_article(self._text, word[0])
        )
