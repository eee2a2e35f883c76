"""Names with words in lower case, as French writes them: Cour de cassation, rue de la Paix."""

from __future__ import annotations

import re
from typing import Final

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
_ORGANISATION: Final = re.compile(
    rf"(?P<large>{_HEADS})(?P<adjectives>{_ADJECTIVES}*)"
    rf"(?: {_OF}(?:(?P<name>{_NAME})|(?P<noun>[a-zà-ÿœ]{{3,}})){_ADJECTIVES}*)?(?!\w)"
    rf"|(?P<small>{_SMALL_HEADS})(?:{_ADJECTIVES}*) {_OF}{_NAME}(?:{_ADJECTIVES}*)(?!\w)"
    rf"|ministère {_OF}[a-zà-ÿ]+(?:-[a-zà-ÿ]+)?(?: et {_OF}(?!ministère)[a-zà-ÿ]+)?"
    rf"{_ADJECTIVES}*(?!\w)"
    r"|tribunal (?:de commerce|judiciaire|administratif|correctionnel|de grande instance)"
    r"|cour (?:d['’]appel|d['’]assises)(?: de [A-ZÀ-Ý][\w-]+)?"
    r"|conseil (?:municipal|régional|départemental|général|constitutionnel)"
    r"|Établissements [A-ZÀ-Ý][\w-]+(?: et (?:Fils|Cie))?"
)
_PLACE: Final = re.compile(
    r"(?:rue|avenue|boulevard|place|quai|gare|îles?|lac|mont|fleuve|rivière|forêt|château|golfe|cap"
    r"|vallée|canton|impasse|chemin|faubourg|pont|port|mer|baie|détroit|désert|aéroport)"
    rf" (?:{_OF})?(?:la |le |les )?{_LARGE}(?: {_LARGE})*"
)


def phrases(text: str, language: str) -> list[Mention]:
    """Return organisations and places whose names need not be written large, in order."""
    if language != "fr":
        return []
    found = [
        Mention(EntityKind.ORGANISATION, match.start(), match.end(), None, 0.85)
        for match in _ORGANISATION.finditer(text)
        if _stands_alone(text, match.start()) and _is_organisation(text, match)
    ]
    for match in _PLACE.finditer(text):
        start, end = match.span()
        if _stands_alone(text, start) and all(
            end <= mention.start or start >= mention.end for mention in found
        ):
            found.append(Mention(EntityKind.PLACE, start, end, None, 0.8))
    return sorted(found, key=lambda mention: mention.start)


def _stands_alone(text: str, start: int) -> bool:
    return start == 0 or not text[start - 1].isalnum()


def _is_organisation(text: str, match: re.Match[str]) -> bool:
    """Whether it is one by its name, and no common noun that begins a sentence."""
    if match["large"] is None:
        return True
    if match["name"] or match["adjectives"]:
        return True
    begins = match.start() == 0 or text[: match.start()].rstrip()[-1:] in ".!?:;"
    return match["noun"] is not None and not begins
