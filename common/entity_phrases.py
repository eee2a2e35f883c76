"""Names with words in lower case, as French writes them: Cour de cassation, rue de la Paix."""

from __future__ import annotations

import re
from typing import Final

from common.entity_clues import begins_sentence
from common.entity_words import ADJECTIVES_FR
from common.stage_rows import EntityKind
from common.stages import Mention

_LARGE: Final = r"[A-ZÀ-ÖØ-ÞŒ][\w]*(?:[-’'][A-Za-zÀ-ÿŒœ]\w*)*"
_NAME: Final = rf"{_LARGE}(?: {_LARGE}| (?:et (?:des |de la |de l['’]|du )?){_LARGE})*"
_OF: Final = r"(?:de la |de l['’]|du |des |de |d['’])"
_ADJECTIVES: Final = rf"(?: (?:{ADJECTIVES_FR})\b)"

_HEADS: Final = (
    "Cour|Banque|Organisation|Commission|Conseil|Comité|Parlement|Assemblée|Union|Fédération"
    "|Confédération|Association|Agence|Autorité|Institut|Centre|Académie|Ordre|Office|Chambre"
    "|Haute Autorité|Haut-Commissariat|Fonds|Caisse|Ligue|Parti|École|Université|Ministère|Tribunal"
    "|Société|Fondation|Observatoire|Bibliothèque|Musée|Direction|Imprimerie|Forum|Secrétariat"
)
#: Common nouns as well: such a name has a word written large, or is one of few phrases.
_SMALL_HEADS: Final = (
    "ministère|université|institut|académie|tribunal|préfecture|mairie|hôpital|lycée|chambre"
    "|fédération|fondation|conseil|cour|commission|parti|syndicat|école|musée|collège|archevêché"
)
#: Found by its first word alone, and read on from there: a pattern that begins with words is sought
#: by their first letters, one that begins with a group at every letter.
_LARGE_HEAD: Final = re.compile(rf"{_HEADS}|Établissements")
_INSTITUTION: Final = re.compile(
    rf"(?:{_HEADS})(?P<adjectives>{_ADJECTIVES}*)"
    rf"(?: {_OF}(?:(?P<name>{_NAME})|(?P<noun>[a-zà-ÿœ]{{3,}})){_ADJECTIVES}*)?(?!\w)"
    r"|(?P<firm>Établissements [A-ZÀ-Ý][\w-]+(?: et (?:Fils|Cie))?)"
)
_SMALL_HEAD: Final = re.compile(_SMALL_HEADS)
_SMALL_INSTITUTION: Final = re.compile(
    rf"(?:{_SMALL_HEADS})(?:{_ADJECTIVES}*) {_OF}{_NAME}(?:{_ADJECTIVES}*)(?!\w)"
    rf"|ministère {_OF}[a-zà-ÿ]+(?:-[a-zà-ÿ]+)?(?: et {_OF}(?!ministère)[a-zà-ÿ]+)?"
    rf"{_ADJECTIVES}*(?!\w)"
    r"|tribunal (?:de commerce|judiciaire|administratif|correctionnel|de grande instance)"
    r"|cour (?:d['’]appel|d['’]assises)(?: de [A-ZÀ-Ý][\w-]+)?"
    r"|conseil (?:municipal|régional|départemental|général|constitutionnel)"
)
_PLACE_HEADS: Final = (
    "rue|avenue|boulevard|place|quai|gare|îles?|lac|mont|fleuve|rivière|forêt|château|golfe|cap"
    "|vallée|canton|impasse|chemin|faubourg|pont|port|mer|baie|détroit|désert|aéroport"
)
_PLACE_HEAD: Final = re.compile(rf"{_PLACE_HEADS}")
_PLACE: Final = re.compile(rf"(?:{_PLACE_HEADS}) (?:{_OF})?(?:la |le |les )?{_LARGE}(?: {_LARGE})*")


def phrases(text: str, language: str) -> list[Mention]:
    """Return organisations and places whose names need not be written large, in order."""
    if language != "fr":
        return []
    found: list[Mention] = []
    for kind, head, whole, confidence in _SOUGHT:
        for first in head.finditer(text):
            start = first.start()
            if start and text[start - 1].isalnum():
                continue
            match = whole.match(text, start)
            if match is None or (whole is _INSTITUTION and not _is_named(text, match)):
                continue
            end = match.end()
            if all(end <= mention.start or start >= mention.end for mention in found):
                found.append(Mention(kind, start, end, None, confidence))
    return sorted(found, key=lambda mention: mention.start)


_SOUGHT: Final = (
    (EntityKind.ORGANISATION, _LARGE_HEAD, _INSTITUTION, 0.85),
    (EntityKind.ORGANISATION, _SMALL_HEAD, _SMALL_INSTITUTION, 0.85),
    (EntityKind.PLACE, _PLACE_HEAD, _PLACE, 0.8),
)


def _is_named(text: str, match: re.Match[str]) -> bool:
    """Whether it is one by its name, and no common noun that begins a sentence."""
    if match["name"] or match["adjectives"] or match["firm"]:
        return True
    return match["noun"] is not None and not begins_sentence(text, match.start())
