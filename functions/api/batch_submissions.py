"""Takes a batch in: its manifest, checked whole, becomes jobs that wait for their turn."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid4

import msgspec
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse

from common.access import Caller, Scope
from common.batch_creation import BatchPlan
from common.errors import InvalidRequest, TransientError
from common.locations import Territory, folders_of
from common.webhook_urls import MAX_URL_LENGTH
from functions.api.asked import matter_for
from functions.api.auth import App, Submitter
from functions.api.batches import found_batch, shown_batch
from functions.api.bodies import read_manifest_body
from functions.api.manifests import Manifest, PriorityName, read_manifest
from functions.api.patterns import PLAIN, VISIBLE
from functions.api.schemas.batches import Batch
from functions.api.schemas.manifests import INVALID_MANIFEST, NEW_BATCH
from functions.api.schemas.problems import problems
from functions.bootstrap import Application
from infra.database.idempotency import KeyTaken, RequestKey

router = APIRouter(tags=["batches"])

#: Manifests that one process takes apart at once; each may be many megabytes.
_MANIFESTS_AT_ONCE: Final = CapacityLimiter(2)

_ANSWER: Final[dict[str, Any]] = {
    "description": "The batch is made. Nothing of it has been read yet.",
    "headers": {
        "Location": {
            "description": "The batch.",
            "schema": {"type": "string", "format": "uri-reference"},
        },
        "Idempotency-Replayed": {
            "description": "`true` where the same request was here before.",
            "schema": {"type": "string"},
        },
    },
    "links": {
        name: {"operationId": operation, "parameters": {"batch_id": "$response.body#/batch_id"}}
        for name, operation in (("self", "get_batch"), ("documents", "list_batch_documents"))
    },
}


@router.post(
    "/v1/batches",
    summary="Make a batch",
    status_code=202,
    response_model=Batch,
    openapi_extra={"requestBody": NEW_BATCH},
    responses={202: _ANSWER, 422: INVALID_MANIFEST, **problems(400, 402, 413, 415)},
)
async def create_batch(
    request: Request,
    app: App,
    caller: Submitter,
    name: Annotated[
        str | None, Query(max_length=255, pattern=PLAIN, description="For people.")
    ] = None,
    matter: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=255,
            pattern=PLAIN,
            description="The matter of all its documents.",
        ),
    ] = None,
    priority: Annotated[
        PriorityName | None, Query(description="Whose chunks are read first.")
    ] = None,
    webhook_url: Annotated[
        str | None,
        Query(
            max_length=MAX_URL_LENGTH,
            description="An https address that is told when the batch ends.",
            json_schema_extra={"format": "uri"},
        ),
    ] = None,
    paused: Annotated[bool | None, Query(description="Begin nothing until it is resumed.")] = None,
    purpose: Annotated[
        Literal["ocr", "warm"] | None,
        Query(description="`warm` reads into the cache alone, and delivers nothing."),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            pattern=VISIBLE,
            description="Of your own choice, new for each batch: the same request with the same "
            "key gives the same batch, however often it is sent.",
        ),
    ] = None,
) -> JSONResponse:
    """Read many documents, as a manifest names them: uploads by their ids, objects of a bucket.

    The manifest is JSON, or one JSON object a line, or a table as spreadsheets save it (CSV, with
    commas, semicolons or tabs); the last two have the batch's own fields in the query. It is
    looked into whole before anything is made: where a line can't be read, every such line is
    named in `errors`, and nothing has begun. A document may be named twice only with other
    options, and is read twice then.

    Objects may lie below `inbox/OWNER/` and `batches/OWNER/` in the uploads bucket, and in other
    buckets that the operator allows. What lies below `batches/` is not read when it lands.
    """
    stated = {
        "name": name,
        "matter": matter,
        "priority": priority,
        "webhook_url": webhook_url,
        "paused": paused,
        "purpose": purpose,
    }
    submission = _Submission(
        app,
        caller,
        kind=request.headers.get("content-type", "").split(";")[0].strip().lower(),
        content=await read_manifest_body(request),
        stated={field: value for field, value in stated.items() if value is not None},
        key=idempotency_key,
    )
    batch_id, is_replayed = await run_sync(submission.made, limiter=_MANIFESTS_AT_ONCE)
    shown = await run_sync(partial(_shown, app, caller, batch_id))
    headers = {"Location": f"/v1/batches/{batch_id}"}
    if is_replayed:
        headers["Idempotency-Replayed"] = "true"
    return JSONResponse(shown, status_code=202, headers=headers)


class _Submission:
    """One request for a batch."""

    def __init__(
        self,
        app: Application,
        caller: Caller,
        *,
        kind: str,
        content: bytes,
        stated: dict[str, Any],
        key: str | None,
    ) -> None:
        self._app = app
        self._caller = caller
        self._kind = kind
        self._content = content
        self._stated = stated
        self._request = RequestKey(key, self._fingerprint()) if key is not None else None

    def made(self) -> tuple[UUID, bool]:
        """Return the batch's id, and whether it had been made for the same request before."""
        if (known := self._known()) is not None:
            return known, True
        manifest = read_manifest(self._kind, self._content, self._stated, self._app.settings)
        plan = self._planned(manifest)
        try:
            self._app.create_batch(
                plan,
                manifest.entries,
                manifest.errors,
                territory=self._territory(plan),
                request=self._request,
            )
        except KeyTaken as error:
            if (known := self._known()) is None:
                raise TransientError(
                    "The same request was here at this moment, and has been taken back. Send it "
                    "again.",
                    code="REQUEST_TAKEN_BACK",
                ) from error
            return known, True
        return plan.id, False

    def _planned(self, manifest: Manifest) -> BatchPlan:
        batch = manifest.batch
        return BatchPlan(
            id=uuid4(),
            caller=self._caller,
            name=batch.name,
            matter=matter_for(self._caller, batch.matter, field="matter"),
            purpose=batch.purpose,
            priority=manifest.priority,
            options=manifest.options,
            webhook_url=batch.webhook_url,
            is_paused=batch.paused,
        )

    def _territory(self, plan: BatchPlan) -> Territory:
        storage = self._app.settings.storage
        caller = self._caller
        return Territory(
            (storage.uploads_bucket, *storage.source_buckets),
            None
            if caller.may(Scope.ADMIN)
            else folders_of(caller.owner, matters=caller.matters, matter=plan.matter),
            storage.uploads_bucket,
        )

    def _known(self) -> UUID | None:
        """Return the batch that was made for the key. InvalidRequest (422) for another request."""
        if self._request is None:
            return None
        known = self._app.request_keys.recall(self._caller.owner, self._request.key)
        if known is None:
            return None
        if known.fingerprint != self._request.fingerprint:
            raise InvalidRequest(
                "This Idempotency-Key was used for another request. Send a new key with it.",
                code="IDEMPOTENCY_KEY_REUSED",
                status=422,
            )
        return known.batch_id

    def _fingerprint(self) -> str:
        """Return the SHA-256 of everything that makes it the same request.

        Also of what the caller is limited to: that decides the batch's matter, and who sees it.
        """
        matters = self._caller.matters
        limits = None if matters is None else sorted(matters)
        digest = sha256(msgspec.json.encode(("batch", self._kind, self._stated, limits)))
        digest.update(self._content)
        return digest.hexdigest()


def _shown(app: Application, caller: Caller, batch_id: UUID) -> dict[str, Any]:
    return shown_batch(found_batch(app, caller, batch_id))
