"""Words that have a hyphen of their own, by language: what no layout can tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def _by_language(table: Mapping[str, str]) -> dict[str, frozenset[str]]:
    return {language: frozenset(words.split()) for language, words in table.items()}


#: After a hyphen that hangs: `pre- and post-war`, `Vor- und Nachteile`.
HANGING_BEFORE: Final = _by_language(
    {
        "en": "and or",
        "fr": "et ou",
        "de": "und oder bzw sowie bis als noch beziehungsweise",
        "nl": "en of",
        "sv": "och eller",
        "da": "og eller",
        "es": "y o",
        "it": "e o",
    }
)

#: Small words within compounds of several parts: `state-of-the-art`, `c'est-à-dire`.
LINKING: Final = _by_language(
    {
        "en": "of the to in on by and or up off out for at a as me from with it",
        "fr": "à de du des la le les en sur sous et au aux d l t un une",
        "de": "und auf an in zu zur zum von der die das im am",
        "it": "a di da in su",
        "es": "a de en la el",
    }
)

NUMBER_BEFORE: Final = _by_language(
    {
        "en": "twenty thirty forty fifty sixty seventy eighty ninety",
        "fr": "dix vingt trente quarante cinquante soixante quatre vingts soixante-dix cent",
    }
)
NUMBER_AFTER: Final = _by_language(
    {
        "en": "one two three four five six seven eight nine first second third fourth fifth sixth "
        "seventh eighth ninth",
        "fr": "un une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze "
        "quinze seize vingt vingts unième deuxième troisième quatrième cinquième sixième septième "
        "huitième neuvième",
    }
)

#: These and what follows them, but for ONE_WORD_AFTER.
ALWAYS_HYPHENATED_AFTER: Final = _by_language(
    {
        "en": "self well non half quasi vice two three four five six seven eight nine high low "
        "long short full cross left right top third single first double mid",
        "fr": "peut demi semi sous non vice quasi pseudo avant après arrière nord sud celui celle "
        "ceux celles grand tout anglo franco gréco",
    }
)
#: What begins so goes on in one word: `selfish`, `highlight`.
ONE_WORD_AFTER: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "en": {
        "self": ("ish", "less", "same", "hood"),
        "well": ("ness", "ing", "s"),
        "non": ("sens", "eth", "chal", "desc"),
        "half": ("way", "penn"),
        "vice": ("r",),
        "two": ("some", "fold", "pence"),
        "three": ("some", "fold"),
        "four": ("teen", "th", "fold", "some"),
        "five": ("fold",),
        "six": ("teen", "ty", "th", "fold", "pence"),
        "seven": ("teen", "ty", "th", "fold"),
        "eight": ("een", "y", "h", "fold"),
        "nine": ("teen", "ty", "fold"),
        "high": ("light", "way", "land", "ly", "er", "est", "ness", "jack"),
        "low": ("er", "est", "land", "ly"),
        "long": ("er", "est", "ing", "itud", "ev"),
        "short": ("en", "er", "est", "ly", "age", "cut", "com", "hand", "fall", "cake", "ness"),
        "full": ("er", "est", "ness", "y"),
        "cross": ("ing", "road", "es", "ed", "word", "over", "bow"),
        "left": ("over", "ist"),
        "right": ("eous", "ful", "ly", "s"),
        "top": ("ic", "o", "s", "p", "most", "soil"),
        "third": ("ly", "s"),
        "single": ("ton", "t", "s"),
        "first": ("ly", "hand", "born"),
        "mid": (
            "d",
            "night",
            "day",
            "way",
            "west",
            "st",
            "wife",
            "wives",
            "land",
            "field",
            "point",
        ),
        "double": ("t", "s", "d"),
    },
    "fr": {
        "sous": ("tra", "cri", "sign"),
        "non": ("ce", "ob", "ante", "chal"),
        "avant": ("age",),
        "sud": ("ation", "or"),
        "quasi": ("ment",),
        "tout": ("e", "ou"),
    },
}

#: These before what precedes them, but for NEVER_PARTS.
ALWAYS_HYPHENATED_BEFORE: Final = _by_language(
    {
        "en": "based oriented driven specific friendly sized shaped independent dependent aware "
        "style threaded existing readable",
        "fr": "il elle ils elles on y en je nous vous moi toi même mêmes là être uns unes ci",
    }
)
NEVER_PARTS: Final = _by_language(
    {
        "en": "in un re pre over under ab de co inter out mis dis a",
        "fr": "mer voi ge mê ain fan fé pa so é ce",
    }
)

#: Pairs of which neither part is enough.
COUPLED: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    language: {stem: frozenset(words.split()) for stem, words in table.items()}
    for language, table in {
        "en": {
            "ex": "president wife husband minister soldier member partner",
            "co": "author authors editor editors founder worker workers",
            "up": "to",
            "so": "called",
            "pre": "existing",
            "editor": "in-chief",
            "decision": "making",
            "problem": "solving",
            "by": "product products",
            "know": "how",
            "add": "on ons",
            "plug": "in ins",
            "built": "in",
            "large": "scale",
            "small": "scale",
            "real": "time world life",
            "open": "source ended",
            "old": "fashioned",
            "hard": "coded",
            "one": "third half sided way dimensional",
            "read": "only write",
            "case": "sensitive insensitive",
            "user": "defined",
            "time": "consuming",
        },
        "fr": {
            "au": "dessus dessous delà devant dehors dedans",
            "par": "dessus dessous delà devant ici derrière",
            "là": "bas haut dessus dessous dedans",
            "ci": "dessus dessous après contre joint jointe joints jointes devant",
            "est": "ce",
            "plate": "forme formes",
            "plates": "formes",
            "mot": "clé clef",
            "mots": "clés clefs",
            "porte": "clé clés parole monnaie documents drapeau avions fenêtre",
            "chef": "lieu d'œuvre d'oeuvre",
            "chefs": "lieux d'œuvre d'oeuvre",
            "mi": "temps chemin parcours journée mai juin",
            "haut": "parleur parleurs",
            "hauts": "parleurs",
            "bien": "être",
            "week": "end ends",
            "veux": "tu",
            "as": "tu",
            "état": "major",
            "main": "d'œuvre d'oeuvre",
            "savoir": "faire",
            "compte": "rendu rendus",
            "comptes": "rendus",
            "entre": "temps",
            "aide": "mémoire",
            "soi": "disant",
            "rendez": "vous",
        },
        "ru": {
            **dict.fromkeys(("что", "кто", "где", "как", "когда"), "то нибудь либо"),
            "из": "за под",
            "по": "русски моему видимому прежнему",
        },
    }.items()
}
