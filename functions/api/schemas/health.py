"""Whether the function serves, as it is answered."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from functions.api.schemas.base import Answer, described

_READY: Final = {"ready": True, "detail": "It answers."}


class Health(Answer):
    """The process answers."""

    model_config = described({"status": "ok"})

    status: Literal["ok"]


class ReadyPart(Answer):
    """One thing that the function needs."""

    model_config = described(_READY)

    ready: bool
    detail: Annotated[str, Field(description="A sentence for people.")]


class ReadyParts(Answer):
    """All that the function needs."""

    database: Annotated[ReadyPart, Field(description="It answers.")]
    migrations: Annotated[ReadyPart, Field(description="It has this version's tables.")]
    broker: Annotated[ReadyPart, Field(description="Takes chunks for the workers.")]
    storage: Annotated[ReadyPart, Field(description="Takes documents.")]
    results: Annotated[ReadyPart, Field(description="Has the results.")]
    tasks: Annotated[ReadyPart, Field(description="Calls merges and webhooks.")]


class Ready(Answer):
    """Whether the function can serve, and what is missing if it can't."""

    model_config = described(
        {
            "status": "not_ready",
            "parts": {
                "database": _READY,
                "migrations": _READY,
                "broker": {"ready": False, "detail": "It does not answer."},
                "storage": _READY,
                "results": _READY,
                "tasks": _READY,
            },
        }
    )

    status: Literal["ready", "not_ready"]
    parts: ReadyParts
