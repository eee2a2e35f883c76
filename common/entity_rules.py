"""Names, dates and amounts by rules: no model, no network, under a millisecond a passage."""

from __future__ import annotations

from common.entity_amounts import amounts
from common.entity_dates import dates
from common.entity_names import names
from common.stages import Mention


def find_mentions(text: str, language: str) -> list[Mention]:
    """Return what is named in the text, in order, none within another.

    Where two would overlap, a date wins over an amount, and both win over a name. `language` is a
    BCP-47 code; what is not English, French or German is read by what they have in common.
    """
    kept: list[Mention] = dates(text, language)
    for others in (amounts(text, language), names(text, language)):
        kept = together(kept, others)
    return kept


def together(first: list[Mention], second: list[Mention]) -> list[Mention]:
    """Return both in order, without those of the second that overlap one of the first."""
    together: list[Mention] = []
    i = 0
    for mention in second:
        while i < len(first) and first[i].end <= mention.start:
            together.append(first[i])
            i += 1
        if i == len(first) or mention.end <= first[i].start:
            together.append(mention)
    return together + first[i:]
