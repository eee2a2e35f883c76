"""Which language a page is in: what the OCR says, held against the words that are there.

Latin script is told by each language's commonest words, other scripts by their letters. On a page
of running text that takes no model: three sentences hold a dozen of these words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

UNKNOWN: Final = "und"

_COMMON: Final[Mapping[str, str]] = {
    "en": "the of and to in is that it for was on are with as be this by from at or which not you "
    "have has had his her they their but were can will if there an would been when who what more "
    "its may should your we these than into such only other any",
    "fr": "le la les de des du et est une un dans que qui pour par sur avec au aux ce cette ne en "
    "il elle se sont ou mais plus pas nous vous son sa ses leur été être peut comme on ces tout "
    "fait même d'un d'une c'est n'est qu'il l'on dont si",
    "de": "der die das und ist nicht ein eine mit von zu den dem des im auf für sich auch als es "
    "werden wird sie er an bei oder aus nach wie einen einem einer sind wenn kann nur noch über "
    "zum zur so dass durch hat haben ich wir war um vor man",
    "es": "el la los las de del es en que una un por con para se su al lo como más no y o pero sus "
    "le ha este esta son entre cuando muy sin sobre también me hasta hay donde desde todo ser está",
    "it": "il lo la gli le di del della è che un una per con non si da sono nel alla dei delle e "
    "al dal ed più anche come ma o questo questa nella degli alle essere stato ha i se ai sul",
    "pt": "os as de do da dos das é que um uma para com não se em no na ao pelo e o a por mais "
    "como mas foi ou ser pela são à também seu sua nos nas esta este isso muito",
    "ca": "el la els les de del dels i és que un una per amb no es en al als aquest aquesta com "
    "més o però si són seu seva ha d'un d'una també pot entre",
    "nl": "de het een en van is dat op te in voor met niet zijn aan er om door ook als bij of uit "
    "naar dan maar wordt worden deze dit die kan heeft hebben ze we nog wel over tot",
    "sv": "och att det som är på av för med den till inte ett om har de från vid kan en i så ska "
    "jag var eller men när också där alla sin detta",
    "da": "og at det som er på af for med den til ikke et om har de fra ved kan en i så skal jeg "
    "var eller men når også der blev efter dette være",
    "nb": "og at det som er på av for med den til ikke et om har de fra ved kan en i så skal jeg "
    "var eller men når også der ble etter dette være hun noen",
    "fi": "ja on ei että se oli hän mutta ovat joka tai kun myös niin kuin ole voi sen mukaan "
    "tämä jos vain sekä ole olla",
    "pl": "na do nie się że jest to jak po za od dla przez są oraz ale lub w z i o co który która "
    "które ma być tym może tego",
    "cs": "na se že je to jak po za od pro jsou ale nebo v z i o s a který která které být může "
    "také při jako není byl",
    "hu": "a az és hogy nem is egy van meg csak de ha mint vagy ez már azt kell lehet még volt "
    "minden között után",
    "ro": "și de la în cu pe nu este un o care din să a mai pentru sau sunt prin ca se al ale "
    "fost după dar lui",
    "tr": "ve bir bu için ile da de olarak daha çok olan gibi ne kadar sonra en var değil veya "
    "ancak her o ise",
}
_LANGUAGES: Final = tuple(_COMMON)
_OF_WORD: Final[dict[str, tuple[int, ...]]] = {}
for _number, _words in enumerate(_COMMON.values()):
    for _word in set(_words.split()):
        _OF_WORD[_word] = (*_OF_WORD.get(_word, ()), _number)

_SCRIPTS: Final = (
    *(("HIRAGANA", "ja"), ("KATAKANA", "ja"), ("CJK", "zh"), ("HANGUL", "ko")),
    *(("CYRILLIC", "ru"), ("GREEK", "el"), ("ARABIC", "ar"), ("HEBREW", "he")),
    *(("THAI", "th"), ("DEVANAGARI", "hi"), ("ARMENIAN", "hy"), ("GEORGIAN", "ka")),
)
#: Letters behind Latin's, which is what all but the languages above are written in.
_FOREIGN: Final = re.compile("[^\\W\\d_\u0000-\u024f\u1e00-\u1eff]")
#: Other languages of the script: the OCR's word is taken for them.
_SAME_SCRIPT: Final[Mapping[str, frozenset[str]]] = {
    "ru": frozenset(["uk", "bg", "sr", "mk", "be", "kk", "ky", "mn", "tg", "cu"]),
    "ar": frozenset(["fa", "ur", "ps", "ug", "ku", "ckb", "sd"]),
    "zh": frozenset({"ja", "yue"}),
    "hi": frozenset(["mr", "ne", "sa", "kok"]),
    "he": frozenset({"yi"}),
}
#: So many common words, of so many kinds, are an answer.
_FEWEST: Final = 5
_FEWEST_KINDS: Final = 3


def detect(words: Sequence[str]) -> str | None:
    """Guess the language of words in small letters; None where they don't tell."""
    script = _script_of(words)
    if script is not None:
        return script
    hits = [0.0] * len(_LANGUAGES)
    kinds = [0] * len(_LANGUAGES)
    counted = Counter(words)
    for word in counted.keys() & _OF_WORD.keys():
        times = counted[word]
        languages = _OF_WORD[word]
        # A word that many languages have says little: `de`, `en`, `a`.
        weight = times / len(languages)
        for number in languages:
            hits[number] += weight
            # Single letters are as often a formula's.
            kinds[number] += len(word) > 1
    ranked = sorted(range(len(hits)), key=lambda number: -hits[number])
    best, second = ranked[0], ranked[1]
    if kinds[best] < _FEWEST_KINDS or hits[best] < 1.2 * hits[second]:
        return None
    seen = sum(counted[word] for word in counted.keys() & _OF_WORD.keys())
    return _LANGUAGES[best] if seen >= _FEWEST and seen * 12 >= len(words) else None


def _script_of(words: Sequence[str]) -> str | None:
    text = "".join(words)
    foreign = _FOREIGN.findall(text)
    if not foreign or 3 * len(foreign) < len(text):
        return None
    # Some hundred letters tell as well as all of them.
    sample = foreign[:: max(1, len(foreign) // 200)]
    names = [unicodedata.name(letter, "") for letter in sample]
    found = Counter(
        next((code for prefix, code in _SCRIPTS if name.startswith(prefix)), "") for name in names
    )
    if found["ja"] > len(sample) / 20:
        return "ja"
    code, times = found.most_common(1)[0]
    return code if code and 2 * times > len(sample) else None


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "")
    return next((code for prefix, code in _SCRIPTS if name.startswith(prefix)), "")


def language_of(words: Sequence[str], read: Sequence[str]) -> str:
    """Return a page's language from its words and from what the OCR has `read` it as.

    A word of the OCR's stands where the words don't say another thing: `fr-CA`, or Icelandic,
    which is not told here.
    """
    named = next((code for code in read if code and code != UNKNOWN), None)
    found = detect(words)
    if found is None:
        return named or UNKNOWN
    if named is None:
        return found
    base = named.replace("_", "-").split("-")[0].lower()
    close = base in _SAME_SCRIPT.get(found, ()) or {base, found} <= {"nb", "no", "nn", "da"}
    return named if base == found or close else found


def prevailing(languages: Iterable[str]) -> str:
    """Return what nearly all of the pages are in that are known; "und" if there is no such one."""
    counted = Counter(language for language in languages if language != UNKNOWN)
    if not counted:
        return UNKNOWN
    language, times = counted.most_common(1)[0]
    return language if times >= 3 and 10 * times >= 8 * counted.total() else UNKNOWN
