"""Full text's names for languages: those that every Postgres brings with it, from version 14."""

from __future__ import annotations

from typing import Final

#: PostgreSQL's documentation, "Built-in snowball dictionaries", by ISO 639-1.
CONFIGURATIONS: Final = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}


def configuration(language: str) -> str:
    """Return full text's name for a BCP-47 language; words are left as they are for others."""
    return CONFIGURATIONS.get(language.split("-", maxsplit=1)[0].lower(), "simple")
