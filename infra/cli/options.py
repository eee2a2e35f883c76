"""Options that several commands share, and what they make of them for the API."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from common.errors import InvalidRequest
from common.lifecycle import AFTER_OCR
from common.pages import parse_page_selection
from infra.cli.passwords import password_options

if TYPE_CHECKING:
    from infra.cli.api import Options

_LANGUAGE = re.compile(r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$")

Command = TypeVar("Command", bound=Callable[..., Any])


def _pages(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        try:
            parse_page_selection(value)
        except InvalidRequest as error:
            raise click.BadParameter(error.message) from error
    return value


def _languages(
    _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    for value in values:
        if not _LANGUAGE.match(value):
            raise click.BadParameter(f"{value!r} is not a language code like fr or pt-BR.")
    return values


def _stages(
    _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    names = tuple(name.strip() for value in values for name in value.split(",") if name.strip())
    for name in names:
        if name not in STAGE_NAMES:
            raise click.BadParameter(f"{name!r} is no stage. There are {', '.join(STAGE_NAMES)}.")
    return names


STAGE_NAMES: Final = ("ocr", *(stage.value for stage in AFTER_OCR), "all")

stages_option = click.option(
    "--stages",
    multiple=True,
    callback=_stages,
    metavar="NAMES",
    help="What is made of it once it is read: all, or some of text, sentences, passages, "
    "entities, embedding, tree, vectors, with what they need; ocr for nothing.",
)


def reading_options(command: Command) -> Command:
    """Add the options that say how a document is to be read."""
    command = password_options(command)
    for option in reversed(
        (
            click.option(
                "--pages",
                callback=_pages,
                metavar="RANGES",
                help="Read only these pages, like 1-20 or 1-20,25,40-.",
            ),
            click.option(
                "--chunk-pages",
                type=click.IntRange(1, 30),
                metavar="N",
                help="Pages in one chunk; the stack's own default otherwise.",
            ),
            click.option(
                "--language",
                "languages",
                multiple=True,
                callback=_languages,
                metavar="CODE",
                help="A language of the document (fr, de, pt-BR), the most likely first; "
                "may be repeated.",
            ),
            stages_option,
            click.option(
                "--no-cache",
                is_flag=True,
                help="Read every page, whatever was read before, and keep nothing for later.",
            ),
        )
    ):
        command = option(command)
    return command


def sending_options(command: Command) -> Command:
    """Add the options that say whose document it is, and who is told."""
    for option in reversed(
        (
            click.option(
                "--priority",
                type=click.Choice(["high", "normal", "low"]),
                help="Whose chunks are read first.",
            ),
            click.option(
                "--matter",
                metavar="NAME",
                help="What the document belongs to: tokens can be limited to matters.",
            ),
            click.option(
                "--webhook-url",
                metavar="URL",
                help="Is told, signed, when the job has ended.",
            ),
        )
    ):
        command = option(command)
    return command


def reading_request(
    pages: str | None,
    chunk_pages: int | None,
    languages: tuple[str, ...],
    password: str | None,
    stages: tuple[str, ...] = (),
    **others: str | bool | None,
) -> Options:
    """Return the options as the API takes them; what was not asked for is left out."""
    asked = {
        "pages": pages,
        "chunk_pages": chunk_pages,
        "languages": list(languages) or None,
        "password": password,
        "stages": list(stages) or None,
        **others,
    }
    return {name: value for name, value in asked.items() if value is not None}


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object, for programs."
)
json_lines_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object a line, for programs."
)
quiet_option = click.option("--quiet", "-q", is_flag=True, help="Don't show progress.")
workers_option = click.option(
    "--workers",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Chunks that are read at the same time; one per processor otherwise.",
)
force_option = click.option("--force", is_flag=True, help="Write over files that are there.")
file_argument = click.Path(path_type=Path)
