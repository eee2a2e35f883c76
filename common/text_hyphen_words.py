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
        "en": "self well non half quasi vice two three four five six seven eight nine multi- high "
        "low long short full part real cross left right top third old new single open large small "
        "user case all double hard soft read write built first second one time pre-existing",
        "fr": "peut demi semi- sous non vice quasi avant après arrière nord sud entre-temps ci- "
        "celui celle ceux celles grand tout chef porte- rendez compte- quelques sur-le soi",
    }
)
#: What begins so goes on in one word: `selfish`, `highlight`.
ONE_WORD_AFTER: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "en": {
        "self": ("ish", "less", "same", "hood"),
        "well": ("ness", "ing", "s"),
        "non": ("sens", "et", "ch", "desc", "e"),
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
        "part": ("ly", "ner", "i", "s", "ed", "y", "a", "ridge", "ake"),
        "real": ("ly", "i", "m", "ty"),
        "cross": ("ing", "road", "es", "ed", "word", "over", "bow"),
        "left": ("over", "ist"),
        "right": ("eous", "ful", "ly", "s"),
        "top": ("ic", "o", "s", "p", "most", "soil"),
        "third": ("ly", "s"),
        "old": ("er", "est", "en"),
        "new": ("er", "est", "ly", "s", "born", "com", "found", "ton", "ark"),
        "single": ("ton", "t", "s"),
        "open": ("ing", "er", "ed", "ness", "ly", "s"),
        "large": ("r", "st", "ly", "ness"),
        "small": ("er", "est", "pox", "ness"),
        "user": ("s", "land", "name", "space"),
        "case": ("ment", "book", "work", "s"),
        "all": ("ow", "o", "e", "i", "u", "y", "s"),
        "double": ("t", "s", "d"),
        "hard": ("er", "est", "en", "ship", "ly", "ware", "ness", "y", "back", "wood"),
        "soft": ("er", "est", "en", "ware", "ly", "ness"),
        "read": ("er", "ing", "able", "i", "y", "just", "opt", "d"),
        "write": ("r", "s"),
        "built": ("s",),
        "first": ("ly", "hand", "born"),
        "second": ("ary", "ly", "s", "ar", "ed", "hand"),
        "one": ("self", "rous", "ness", "s", "time"),
        "time": ("ly", "table", "stamp", "line", "s", "r", "out", "less", "d", "keep", "scale"),
    },
    "fr": {
        "peut": (),
        "sous": ("tra", "cri", "crip", "sign"),
        "non": ("ce", "ob", "ante", "chal"),
        "avant": ("age",),
        "après": (),
        "vice": (),
        "grand": ("eur", "i", "e", "s"),
        "tout": ("e", "ou"),
        "sud": ("ation", "or"),
        "nord": ("i",),
        "soi": ("r", "gn", "e", "t", "x", "f"),
        "demi": (),
        "quasi": ("ment",),
        "chef": ("s",),
        "celui": ("r",),
    },
}

#: These before what precedes them, but for NEVER_PARTS.
ALWAYS_HYPHENATED_BEFORE: Final = _by_language(
    {
        "en": "based oriented driven specific friendly sized shaped independent dependent aware "
        "style like-minded threaded existing readable",
        "fr": "il elle ils elles on y en je nous vous moi toi même mêmes là être uns unes ci",
    }
)
NEVER_PARTS: Final = _by_language(
    {
        "en": "in un re pre over under ab de co inter non- un- out mis dis debased a",
        "fr": "mer voi ce- ge rendez- mê ain au fan fé pa so é",
    }
)

#: Pairs of which neither part is enough.
COUPLED: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    language: {stem: frozenset(words.split()) for stem, words in table.items()}
    for language, table in {
        "en": {
            "ex": "president wife husband minister soldier member partner",
            "co": "author authors editor editors founder chair worker workers",
            "up": "to",
            "so": "called",
            "pre": "existing",
            "re": "read re-read enter",
            "mother": "in-law",
            "editor": "in-chief",
            "thread": "safe",
            "run": "time",
            "decision": "making",
            "problem": "solving",
            "free": "standing form",
            "by": "product products",
            "know": "how",
            "set": "up",
            "add": "on ons",
            "plug": "in ins",
            "built": "in",
            "check": "in ins",
            "on": "line site going",
            "off": "line site",
        },
        "fr": {
            "au": "dessus dessous delà devant dehors dedans",
            "par": "dessus dessous delà devant là ici ci derrière",
            "là": "bas haut dessus dessous dedans",
            "ci": "dessus dessous après contre joint jointe joints jointes devant",
            "est": "ce",
            "plate": "forme formes",
            "mot": "clé clés clef clefs",
            "mots": "clés clefs",
            "mi": "temps chemin parcours journée mai juin",
            "haut": "parleur parleurs",
            "bien": "être",
            "vis": "à-vis",
            "week": "end ends",
            "micro": "ordinateur ordinateurs",
            "mettre": "le la les",
            "veux": "tu",
            "as": "tu",
            "es": "tu",
            "état": "major",
            "main": "d'œuvre d'oeuvre",
            "quatre": "vingt vingts",
            "savoir": "faire",
            "compte": "rendu rendus",
            "entre": "temps",
            "sur": "le-champ",
            "aide": "mémoire",
            "c'est": "à-dire",
            "est-": "à-dire",
            "pense": "bête",
            "porte": "parole monnaie",
            "sens": "",
        },
        "de": {},
        "ru": {
            **dict.fromkeys(("что", "кто", "где", "как", "когда"), "то нибудь либо"),
            "из": "за под",
            "по": "русски моему видимому прежнему",
        },
    }.items()
}
