"""A manifest that was refused: every bad line, by its number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from infra.cli.printable import printable
from infra.cli.trouble import ApiError

#: Lines that are told; with `--json` a program gets all that the API has named.
_TOLD: Final = 50


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Add to a refusal the lines that it names."""
    try:
        yield
    except ApiError as error:
        lines = error.problem.get("errors")
        if isinstance(lines, list) and lines:
            raise ApiError(
                error.status,
                f"Nothing was begun: {_counted(error)} of {what} can't be read.",
                code=error.code,
                advice="\n".join(_told(lines, error)),
                problem=error.problem,
            ) from error
        raise


def _counted(error: ApiError) -> str:
    count = error.problem.get("error_count", 1)
    return "1 line" if count == 1 else f"{count:,} lines"


def _told(lines: list[object], error: ApiError) -> list[str]:
    told = [
        printable(f"  line {line.get('line')}: {line.get('message')} [{line.get('code')}]")
        for line in lines[:_TOLD]
        if isinstance(line, dict)
    ]
    count = error.problem.get("error_count", len(lines))
    left = (count if isinstance(count, int) else len(lines)) - len(told)
    return [*told, f"  and {left:,} more"] if left > 0 else told
