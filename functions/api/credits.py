"""Credits: what an owner has, and what operators give. A credit is one page."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool

from functions.api.auth import Administrator, App, Reader
from functions.api.bodies import decoded, read_json
from functions.api.patterns import VISIBLE, WITHOUT_NUL
from functions.api.schemas.credits import GRANT, Credits, Granted, OwnersCredits
from functions.api.schemas.problems import problems

log = logging.getLogger(__name__)

router = APIRouter()

_TEXT: Final = r"^[^\x00-\x1f\x7f]*\Z"


class WantedGrant(Struct, forbid_unknown_fields=True):
    """What is given to whom."""

    owner: Annotated[str, Meta(min_length=1, max_length=255, pattern=_TEXT)]
    pages: Annotated[int, Meta(ge=1, le=1_000_000_000)]
    #: Postgres has no text with NUL in it.
    note: Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*\Z")] | None = None


FIELDS: Final[Mapping[str, str]] = {
    "owner": "a text of 1 to 255 characters, without control characters",
    "pages": "a whole number from 1 to 1,000,000,000",
    "note": "a text of up to 500 characters without NUL",
}

_NO_TOTALS: Final[Mapping[str, None]] = {"available": None, "reserved": None}

#: A ledger's line; each is on the page before the one that it is the cursor of.
Cursor = Annotated[
    int | None, Query(ge=1, le=2**63 - 1, description="`next_cursor` of the page before.")
]
PageSize = Annotated[int, Query(ge=1, le=500, description="Entries on one page.")]


@router.get(
    "/v1/credits",
    summary="Show your credits",
    tags=["credits"],
    response_model=Credits,
    responses=problems(422),
)
def get_credits(
    app: App, caller: Reader, limit: PageSize = 100, cursor: Cursor = None
) -> dict[str, Any]:
    """Say what you may still have read, and what has become of every credit.

    Pages are reserved when a job is made, settled by what was read when it ends, and refunded
    where it failed, was cancelled, or could not read them. A token or key that is limited to
    matters sees what these have cost, and not what the account has: the totals are null.
    """
    return _shown(app, caller.owner, caller.limited_to, limit, cursor)


@router.get(
    "/v1/admin/credits",
    summary="Show an owner's credits",
    tags=["admin"],
    response_model=OwnersCredits,
    responses=problems(422),
)
def get_owners_credits(
    app: App,
    caller: Administrator,
    owner: Annotated[
        str, Query(min_length=1, max_length=255, pattern=WITHOUT_NUL, description="Whose.")
    ],
    limit: PageSize = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Say what one owner may still have read. Nobody is unknown: who was given nothing has none."""
    return {"owner": owner, **_shown(app, owner, None, limit, cursor)}


@router.post(
    "/v1/admin/credits",
    summary="Grant credits",
    tags=["admin"],
    response_model=Granted,
    openapi_extra={"requestBody": GRANT},
    responses=problems(400, 413, 422),
)
async def grant_credits(
    request: Request,
    app: App,
    caller: Administrator,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            pattern=VISIBLE,
            description="Of your own choice, new for each grant: with the same key the same "
            "grant is made once, however often it is sent.",
        ),
    ] = None,
) -> dict[str, Any]:
    """Give an owner credits for more pages."""
    wanted = decoded(await read_json(request), WantedGrant, FIELDS)
    is_new = await run_in_threadpool(
        app.grants.grant,
        owner=wanted.owner,
        pages=wanted.pages,
        note=wanted.note,
        by=caller.owner,
        key=idempotency_key,
    )
    if is_new:
        log.info(
            "credits were granted",
            extra={"owner": wanted.owner, "pages": wanted.pages, "by": caller.owner},
        )
    account = await run_in_threadpool(app.credits.account, wanted.owner)
    return {
        "owner": wanted.owner,
        "pages": wanted.pages,
        **asdict(account),
        "replayed": not is_new,
    }


def _shown(
    app: App, owner: str, matters: list[str] | None, limit: int, cursor: int | None
) -> dict[str, Any]:
    # What the whole account has would tell what other matters cost.
    totals = asdict(app.credits.account(owner)) if matters is None else _NO_TOTALS
    entries = app.credits.entries(owner, matters=matters, before=cursor, limit=limit + 1)
    return {
        "enabled": app.settings.credits.enabled,
        **totals,
        "entries": [
            {
                **asdict(entry),
                "job_id": entry.job_id and str(entry.job_id),
                "at": entry.at.isoformat(),
            }
            for entry in entries[:limit]
        ],
        "next_cursor": str(entries[limit - 1].id) if len(entries) > limit else None,
    }
