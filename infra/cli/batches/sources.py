"""What a batch is made of: a manifest, or files, folders and places in a bucket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.cli.exits import UnusableInput
from infra.cli.source import SourcePdf, source_pdf

_CLOUD: Final = "gs://"
#: A manifest's content type by its suffix.
KINDS: Final = {
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".csv": "text/csv",
}
#: Cloud Run takes requests of 32 MiB.
_MANIFEST_BYTES: Final = 32_000_000


@dataclass(frozen=True, slots=True)
class Manifest:
    """A file that is sent as it is."""

    path: Path
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Sources:
    """What is to be read: a manifest alone, or files to upload and places in a bucket."""

    manifest: Manifest | None
    files: tuple[SourcePdf, ...]
    uris: tuple[str, ...]


def sources_of(named: Sequence[str], *, skip_unreadable: bool) -> tuple[Sources, list[str]]:
    """Return what is named, and what of it was passed over, each with the reason.

    Raises UnusableInput for what can't be read, unless that is to be skipped.
    """
    manifests = [Path(each) for each in named if Path(each).suffix.lower() in KINDS]
    if manifests and len(named) > 1:
        raise UnusableInput(
            "A manifest stands alone: it names everything that its batch reads.",
            advice="Give the manifest, or the folders and bucket places.",
        )
    if manifests:
        return Sources(_manifest(manifests[0]), (), ()), []
    files: list[SourcePdf] = []
    uris: list[str] = []
    skipped: list[str] = []
    for each in named:
        if each.startswith(_CLOUD):
            uris.append(_pattern(each))
            continue
        for path in _pdfs_below(Path(each)):
            try:
                files.append(source_pdf(path))
            except UnusableInput as error:
                if not skip_unreadable:
                    error.advice += "\nNothing was sent. --skip-unreadable leaves such files out."
                    error.advice = error.advice.strip()
                    raise
                skipped.append(error.message)
    if not files and not uris:
        raise UnusableInput(f"There is no PDF in {', '.join(named)}.", code="NOTHING_TO_READ")
    return Sources(None, tuple(files), tuple(uris)), skipped


def _manifest(path: Path) -> Manifest:
    try:
        if path.stat().st_size > _MANIFEST_BYTES:
            raise UnusableInput(
                f"{path} is larger than {_MANIFEST_BYTES:,} bytes. Make several manifests of it.",
                code="MANIFEST_TOO_LARGE",
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise UnusableInput(f"There is no file {path}.", code="NO_SUCH_FILE") from None
    except OSError as error:
        raise UnusableInput(
            f"{path} can't be read: {error.strerror}.", code="UNREADABLE_FILE"
        ) from error
    return Manifest(path, content, KINDS[path.suffix.lower()])


def _pdfs_below(path: Path) -> list[Path]:
    """Return a folder's PDFs in the order of their names, or the file itself."""
    if not path.is_dir():
        return [path]
    return sorted(
        each for each in path.rglob("*") if each.suffix.lower() == ".pdf" and not each.is_dir()
    )


def _pattern(uri: str) -> str:
    """A folder of a bucket means every PDF below it."""
    if "*" in uri or "?" in uri or uri.lower().endswith(".pdf"):
        return uri
    return uri.rstrip("/") + "/**/*.pdf"
