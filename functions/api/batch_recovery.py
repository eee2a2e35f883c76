"""Batches again: what failed is read once more, and what will be read is read ahead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse
from msgspec import Meta
from starlette.concurrency import run_in_threadpool

from common.access import Caller
from common.errors import Conflict, InvalidRequest
from common.models import Priority
from common.recovery import Skipped, Strategy
from functions.api.auth import App, Controller, Reader
from functions.api.batches import found_batch, no_batch, shown_batch
from functions.api.bodies import decoded, read_json
from functions.api.paging import LineCursor, cursor_behind_line, line_of
from functions.api.patterns import VISIBLE
from functions.api.schemas.batches import Batch
from functions.api.schemas.problems import problems
from functions.api.schemas.recovery import RECOVER, WARM, SkippedPage
from functions.bootstrap import Application
from infra.database.idempotency import KeyTaken, RequestKey

router = APIRouter(tags=["batches"])

_Priority = Literal["high", "normal", "low"]


class RecoverOptions(msgspec.Struct, forbid_unknown_fields=True):
    """How much of what failed is read again, and how soon."""

    strategy: Annotated[
        Literal["selective", "all"],
        Meta(description="`selective`: what failed by something that passes. `all`: everything."),
    ] = "selective"
    priority: Annotated[
        _Priority | None, Meta(description="One class above the batch's own where it is not said.")
    ] = None


class WarmOptions(msgspec.Struct, forbid_unknown_fields=True):
    """How soon the documents are read ahead."""

    priority: Annotated[_Priority, Meta(description="Whose chunks are read first.")] = "low"


FIELDS: Final[Mapping[str, str]] = {
    "strategy": "`selective` or `all`",
    "priority": "`high`, `normal` or `low`",
}

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=VISIBLE,
        description="Of your own choice, new for each request: the same request with the same key "
        "gives the same batch, however often it is sent.",
    ),
]
SkippedCount = Annotated[int, Query(ge=1, le=1000, description="Entries on one page.")]

_ANSWER: Final[dict[str, Any]] = {
    "description": "The new batch is made. What is to be read waits for its turn.",
    "headers": {
        "Location": {
            "description": "The new batch.",
            "schema": {"type": "string", "format": "uri-reference"},
        },
        "Idempotency-Replayed": {
            "description": "`true` where the same request was here before.",
            "schema": {"type": "string"},
        },
    },
    "links": {
        "self": {
            "operationId": "get_batch",
            "parameters": {"batch_id": "$response.body#/batch_id"},
        },
        "skipped": {
            "operationId": "list_skipped",
            "parameters": {"batch_id": "$response.body#/batch_id"},
        },
    },
}


@router.post(
    "/v1/batches/{batch_id}/recover",
    summary="Recover a batch",
    status_code=202,
    response_model=Batch,
    openapi_extra={"requestBody": RECOVER},
    responses={202: _ANSWER, **problems(400, 402, 404, 409, 413, 422)},
)
async def recover_batch(
    batch_id: UUID,
    request: Request,
    app: App,
    caller: Controller,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Read again what failed, in a batch of its own; what was read is kept.

    `selective` reads again what failed by something that passes (an outage, a timeout, credits
    that were used up), and names the rest under `skipped`. `all` reads again everything but what
    would be refused in the same way. A batch that still runs is recovered for what has failed so
    far. The jobs stay the same: as they are read, the batch that is recovered heals as well.
    """
    body = await read_json(request)
    options = decoded(body, RecoverOptions, FIELDS) if body else RecoverOptions()

    def make(key: RequestKey | None) -> UUID:
        return app.recover_batch(
            batch_id,
            caller,
            strategy=Strategy(options.strategy),
            priority=Priority(options.priority) if options.priority else None,
            request=key,
        )

    asked = ("recover", str(batch_id), options.strategy, options.priority)
    return await run_in_threadpool(_answer, app, caller, asked, idempotency_key, make)


@router.post(
    "/v1/batches/{batch_id}/warm",
    summary="Read a batch's documents ahead",
    status_code=202,
    response_model=Batch,
    openapi_extra={"requestBody": WARM},
    responses={202: _ANSWER, **problems(400, 404, 409, 413, 422)},
)
async def warm_batch(
    batch_id: UUID,
    request: Request,
    app: App,
    caller: Controller,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Read the same documents into the cache alone, in a batch of its own, and deliver nothing.

    Whoever has them read with the same options later, finds the pages there and pays nothing for
    them. The documents' results and statuses stay as they are.
    """
    body = await read_json(request)
    options = decoded(body, WarmOptions, FIELDS) if body else WarmOptions()

    def make(key: RequestKey | None) -> UUID:
        return app.warm_batch(batch_id, caller, priority=Priority(options.priority), request=key)

    asked = ("warm", str(batch_id), options.priority)
    return await run_in_threadpool(_answer, app, caller, asked, idempotency_key, make)


@router.get(
    "/v1/batches/{batch_id}/skipped",
    summary="List what a recovery leaves alone",
    response_model=SkippedPage,
    responses=problems(404, 422),
)
def list_skipped(
    batch_id: UUID,
    app: App,
    caller: Reader,
    limit: SkippedCount = 100,
    cursor: LineCursor = None,
) -> dict[str, Any]:
    """Name the documents and pages that a recovery leaves alone, each with why.

    In the manifest's order. A batch that is no recovery leaves nothing alone.
    """
    entries = app.recoveries.skipped(batch_id, caller, after=line_of(cursor), limit=limit + 1)
    if entries is None:
        raise no_batch()
    is_last = len(entries) <= limit
    return {
        "skipped": [_skipped(entry) for _, entry in entries[:limit]],
        "next_cursor": None if is_last else cursor_behind_line(entries[limit - 1][0]),
    }


def _skipped(entry: Skipped) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(entry)
    shown["links"] = {
        "document": f"/v1/documents/{entry.document_id}",
        "job": f"/v1/jobs/{entry.job_id}",
    }
    return shown


def _answer(
    app: Application,
    caller: Caller,
    asked: tuple[str | None, ...],
    key: str | None,
    make: Callable[[RequestKey | None], UUID],
) -> JSONResponse:
    """Answer with the batch that is made, or that was made for the same request before."""
    request = None
    if key is not None:
        request = RequestKey(key, sha256(msgspec.json.encode(asked)).hexdigest())
    made = _known(app, caller, request)
    is_replayed = made is not None
    if made is None:
        try:
            made = make(request)
        except (KeyTaken, Conflict) as error:
            # The same request may have been served at this moment.
            made, is_replayed = _known(app, caller, request), True
            if made is None:
                if isinstance(error, Conflict):
                    raise
                raise Conflict(
                    "The same request was here at this moment, and has been taken back. Send it "
                    "again.",
                    code="REQUEST_TAKEN_BACK",
                ) from error
    headers = {"Location": f"/v1/batches/{made}"}
    if is_replayed:
        headers["Idempotency-Replayed"] = "true"
    shown = shown_batch(found_batch(app, caller, made))
    return JSONResponse(shown, status_code=202, headers=headers)


def _known(app: Application, caller: Caller, request: RequestKey | None) -> UUID | None:
    known = app.request_keys.recall(caller.owner, request.key) if request else None
    if known is None or request is None:
        return None
    if known.fingerprint != request.fingerprint:
        raise InvalidRequest(
            "This Idempotency-Key was used for another request. Send a new key with it.",
            code="IDEMPOTENCY_KEY_REUSED",
            status=422,
        )
    return known.batch_id
