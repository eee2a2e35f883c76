"""API keys, for machines. People make them, and may give them no more than they have themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request, Response
from msgspec import Meta
from starlette.concurrency import run_in_threadpool

from common.access import Caller, Scope
from common.errors import InvalidRequest, NotFound
from functions.api.auth import App, Person
from functions.api.bodies import decoded, read_json
from functions.api.schemas.keys import WANTED_KEY, ApiKeyPage, NewApiKey
from functions.api.schemas.problems import problems
from infra.auth.api_keys import ApiKey
from infra.database.api_keys import KeyView

router = APIRouter(tags=["keys"])

#: A person's role ends at the next login; a key of theirs goes on, so it must end by itself.
MAX_ADMIN_DAYS: Final = 90

_NAME: Final = r"^[^\x00-\x1f\x7f]*\Z"


class WantedKey(msgspec.Struct, forbid_unknown_fields=True):
    """What a key is to be."""

    name: Annotated[str, Meta(min_length=1, max_length=100, pattern=_NAME)]
    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1, max_length=len(Scope))]
    matters: (
        Annotated[
            tuple[Annotated[str, Meta(min_length=1, max_length=255, pattern=_NAME)], ...],
            Meta(min_length=1, max_length=100),
        ]
        | None
    ) = None
    expires_in_days: Annotated[int, Meta(ge=1, le=3650)] | None = None


#: What each field must be, in the caller's words.
FIELDS: Final[Mapping[str, str]] = {
    "name": "a text of 1 to 100 characters, without control characters",
    "scopes": "a list of `documents:write`, `jobs:read`, `jobs:write` and `admin`",
    "matters": "a list of 1 to 100 matters, each a text of 1 to 255 characters",
    "expires_in_days": "a whole number from 1 to 3,650",
}


@router.post(
    "/v1/api-keys",
    status_code=201,
    summary="Make an API key",
    response_model=NewApiKey,
    openapi_extra={"requestBody": WANTED_KEY},
    responses=problems(400, 409, 413, 422),
)
async def create_key(
    request: Request, response: Response, app: App, caller: Person
) -> dict[str, Any]:
    """Make a key for a machine. It is shown in this answer and never again.

    A key acts in your name, for some of what you may do: a scope or matter that is not yours is
    refused (403). Machines can't make keys, whatever theirs is good for.
    """
    wanted = decoded(await read_json(request), WantedKey, FIELDS)
    scopes, matters = _granted(caller, wanted)
    key = ApiKey.generate()
    made = await run_in_threadpool(
        app.api_keys.create,
        key,
        owner=caller.owner,
        name=wanted.name,
        scopes=scopes,
        matters=matters,
        lifetime=timedelta(days=wanted.expires_in_days) if wanted.expires_in_days else None,
    )
    response.headers["Cache-Control"] = "no-store"
    return {**_shown(made), "key": key.text}


@router.get(
    "/v1/api-keys", summary="List API keys", response_model=ApiKeyPage, responses=problems(422)
)
def list_keys(
    app: App,
    caller: Person,
    limit: Annotated[int, Query(ge=1, le=100, description="Keys on one page.")] = 20,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before.")] = None,
) -> dict[str, Any]:
    """List your keys, the newest first; those that count no more, too."""
    keys = app.api_keys.page(caller.owner, matters=caller.limited_to, after=cursor, limit=limit + 1)
    following = str(keys[limit - 1].id) if len(keys) > limit else None
    return {"keys": [_shown(key) for key in keys[:limit]], "next_cursor": following}


@router.delete(
    "/v1/api-keys/{key_id}",
    status_code=204,
    summary="Revoke an API key",
    responses=problems(404, 422),
)
def revoke_key(key_id: UUID, app: App, caller: Person) -> None:
    """Have a key of yours count no more, from its next request on. It stays in the list."""
    if not app.api_keys.revoke(key_id, caller.owner, matters=caller.limited_to):
        raise NotFound("There is no key with this id.", code="KEY_NOT_FOUND")


def _granted(caller: Caller, wanted: WantedKey) -> tuple[tuple[Scope, ...], tuple[str, ...] | None]:
    """Return what the key gets. InvalidRequest (403) for more than the caller has."""
    scopes = tuple(scope for scope in Scope if scope in wanted.scopes)
    for scope in scopes:
        if not caller.may(scope):
            raise InvalidRequest(
                f"You can't give a key `{scope}`: it is not yours.", code="FORBIDDEN", status=403
            )
    if Scope.ADMIN in scopes and not 1 <= (wanted.expires_in_days or 0) <= MAX_ADMIN_DAYS:
        raise InvalidRequest(
            f"A key with `admin` must end by itself: `expires_in_days` is 1 to {MAX_ADMIN_DAYS}.",
            code="KEY_MUST_EXPIRE",
            status=422,
        )
    if Scope.ADMIN in scopes and wanted.matters is not None:
        raise InvalidRequest(
            "A key with `admin` is for all matters: leave `matters` out, or `admin`.",
            code="ADMIN_OF_ALL_MATTERS",
            status=422,
        )
    if caller.matters is None:
        return scopes, wanted.matters
    if wanted.matters is None:
        return scopes, caller.matters
    if not set(wanted.matters) <= set(caller.matters):
        raise InvalidRequest(
            "You can't give a key a matter that is not yours.", code="FORBIDDEN", status=403
        )
    return scopes, wanted.matters


def _shown(key: KeyView) -> dict[str, Any]:
    times = {
        name: time.isoformat() if time else None
        for name, time in (
            ("created_at", key.created_at),
            ("last_used_at", key.last_used_at),
            ("expires_at", key.expires_at),
            ("revoked_at", key.revoked_at),
        )
    }
    return {**asdict(key), **times, "id": str(key.id)}
