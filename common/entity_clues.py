"""What around and within a word tells of what it names."""

from __future__ import annotations

import re
from typing import Final

from common.entity_words import FUNCTION_WORDS, OTHERS, names, words

LARGE: Final = r"[^\W\d_a-zß-öø-ÿœğšžčćęąłńśźżőűěřůŕďťňşıæ]"
#: A word that begins with a capital, or initials.
WORD: Final = re.compile(
    rf"{LARGE}\.(?:[ -]?{LARGE}\.)*(?!\w)|{LARGE}\w*(?:[-’'&]\w+)*(?:\.[A-Z]\.?)*"
)
#: Villages: Joinville-le-Pont, Fontenay-sous-Bois.
PLACE_FORM: Final = re.compile(
    rf"{LARGE}\w*(?:-{LARGE}\w*)*-(?:le|la|les|des|sur|sous|en|lès|am|an|im)-(?:der-)?\w[\w-]*"
)
INITIALS: Final = re.compile(rf"{LARGE}\.(?:[ -]?{LARGE}\.)*")
ELIDED: Final = re.compile(r"(?:[LJNSMTCDljnsmtcd]|[Qq]u)['’]")

#: Between two words of one name, always; in names of people, of institutions, and of both.
STRONG: Final = frozenset({" ", "\u00a0", " & "})
PARTICLES: Final = names(
    " de | du | des | de la | d'| d’| van | van den | van der | von | von der | zu | di | da | dos "
    "| del | della | ten | ter | le | la | al | ibn | bin | el "
)
OF: Final = frozenset({" of ", " of the ", " for ", " for the "})
AND: Final = frozenset({" and ", " et "})
JOINS: Final = STRONG | PARTICLES | OF | AND

#: Words behind which a full stop ends nothing.
STOPPED: Final = words(
    "Mr Mrs Ms Dr Prof Pr Gen Col Capt Lt Sgt Maj Rev Sen Rep Gov Hon St Mt Ste Mme Mlle MM"
)
#: What may be joined to an institution's name before `and`: National Aeronautics and Space…
WIDE: Final = words(
    "National Federal International European American British Canadian Australian Royal Central "
    "Environmental General"
)
#: Ranks, and adjectives or nouns as well.
DOUBTFUL_TITLES: Final = words(
    "General Major Count Secretary Minister Colonel Chancellor President Chairman Father Sister "
    "Commander Attorney Justice Judge Général Me Duke Prince Earl"
)
QUOTES: Final = frozenset("\"“„«'‘")
_ARTICLES: Final = words(
    "the a an this that these such each any all its our your le la les un une des du au aux ce "
    "cette ces tout toute der die das den dem ein eine"
)
_PREPOSITIONS: Final = words("said says wrote dit écrit a and et")
_WORD_BEHIND: Final = re.compile(r",? ([^\W\d_]+)")
_SENTENCE_ENDS: Final = frozenset(".!?:;•…\n|")
#: Between the end of a sentence and the first word of the next.
_SKIPPED: Final = frozenset(" \u00a0\"'«»“”„’([*–—-")

_IN_ENGLISH: Final = re.compile(
    r"\b(?:born|died|lives?|lived|living|based|headquartered|settled|buried|resident|stationed"
    r"|arrived|stayed|raised|village|town|city|port) (?:in|at|of|near) $"
)
_IN_FRENCH: Final = re.compile(r"\b(?:à|À|près de|(?:ville|village|commune|port|bourg) de) $")
#: What an enterprise's name may stand behind.
COMPANIES: Final = words(
    "société groupe éditions entreprise compagnie marque banque constructeur cabinet journal "
    "company publisher newspaper firm Firma Konzern Verlag"
)
#: One of these stands before every place that is told by what stands before it.
_BEFORE_PLACES: Final = words("in at of near à À de")
PLACE_BEHIND: Final = re.compile(rf", ({LARGE}\w+(?:[ -]{LARGE}\w+)?)")
LOWER_FORM: Final = re.compile(r" (?:plc|llc|mbh|gmbh)\b")
ACRONYM_BEHIND: Final = re.compile(r" \([\"“«]?([A-Z][A-Z&-]{1,7})[\"”»]?\)")
#: What persons do, and what is said of them.
PERSON_BEHIND: Final = re.compile(
    r"(?: \([^)]{1,40}\))?,? (?:said|says|told|wrote|writes|writing|argued|argues|asked|replied"
    r"|added|explained|warned|announced|claimed|stated|noted|was born|were born|died|married"
    r"|became|who|whose|testified|resigned|aged|and (?:his|her)\b"
    r"|(?:an?|the) [a-z-]+(?:er|or|ist|ian|yer|man|woman|ess)\b"
    r"|a (?:dit|déclaré|écrit|annoncé|expliqué|affirmé|répondu|ajouté|rappelé)|déclare|écrit"
    r"|affirme|explique|naît|né|née|est né|est née|meurt|mourut|épousa|devint|âgée?|dont|qui"
    r"|avocate?)(?!\w)"
)
#: How nouns and adjectives end, and names hardly ever.
_COMMON: Final = re.compile(
    r".*(?:tions?|sions?|ments?|ness|ities|ity|ings?|wares?|ables?|ibles?|ives?|ances?|ences?"
    r"|isms?|ships?|ures?|ages?|ed|ors?|ees?|ents|ates?|ucts?|icals?|ics?|uses?|ices?|aux|eurs?"
    r"|ées?|iques?|ités?|aires?|elles?|ières?)"
)
#: Surnames, though they are common words.
_SURNAMES: Final = words("Page May March Will Christian English French")


def is_common(word: str) -> bool:
    """Whether it ends as nouns and adjectives do."""
    return _COMMON.fullmatch(word) is not None


def may_be_surname(word: str) -> bool:
    """Whether it may stand behind a title or a first name."""
    return word in _SURNAMES or (word.lower() not in FUNCTION_WORDS and word not in OTHERS)


def word_before(text: str, start: int) -> str:
    """Return the word that stands just before; empty where there is none."""
    # By hand, for it is asked of every word that is written large.
    if start < 2 or text[start - 1] not in " \u00a0":
        return ""
    first = start - 1
    while first and text[first - 1].isalpha():
        first -= 1
    return text[first : start - 1]


def may_precede_initial(word: str) -> bool:
    """Whether a name may begin behind it, rather than vitamin A. end a sentence."""
    return not word.islower() or word in FUNCTION_WORDS or word in _PREPOSITIONS or len(word) > 12


def follows_article(text: str, start: int) -> bool:
    """Whether it is the something: names of people are not."""
    return word_before(text, start).lower() in _ARTICLES


def begins_sentence(text: str, start: int) -> bool:
    """Whether a capital says nothing there."""
    i = start - 1
    while i >= 0 and text[i] in _SKIPPED:
        i -= 1
    return i < 0 or text[i] in _SENTENCE_ENDS


def is_shouted(text: str, start: int, end: int) -> bool:
    """Whether all is in capitals there: ANYONE WHO DISTRIBUTES."""
    behind = _WORD_BEHIND.match(text, end)
    around = (word_before(text, start), behind[1] if behind else "")
    return any(len(word) > 3 and word.isupper() for word in around)


def lies_in(text: str, start: int, language: str) -> bool:
    """Whether what stands before is said of places: born in, à."""
    if word_before(text, start) not in _BEFORE_PLACES:
        return False
    before = _IN_FRENCH if language == "fr" else _IN_ENGLISH
    return before.search(text, max(0, start - 24), start) is not None
