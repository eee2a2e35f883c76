"""Who asks: a person with a Supabase token, or a machine with an API key of theirs.

Routes take `caller: Reader`, `Submitter`, `Controller` or `Administrator`, by what they do. What
is told is the same for every wrong credential: 401, and nothing about why.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from common.access import OWN_SCOPES, Caller, Scope
from functions.api.limits import check_failed_logins, count_caller, count_failed_login
from functions.bootstrap import Application
from infra.auth.api_keys import KEY_MARK, ApiKey
from infra.auth.tokens import InvalidToken

#: Supabase's subjects are UUIDs, other issuers' are e-mail addresses at the longest.
MAX_OWNER_LENGTH: Final = 255
#: More would not fit into a header anyhow.
_MAX_MATTERS: Final = 1000
#: What a document's matter may be. Surrogates are no text in the database.
_MATTER: Final = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,255}")

_bearer = HTTPBearer(
    auto_error=False, description="A token signed by Supabase Auth, or an API key (`qk_…`)."
)
_key_header = APIKeyHeader(
    name="X-API-Key", auto_error=False, description="An API key (`qk_…`), as made by a person."
)


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller, and by what they are known."""

    caller: Caller
    #: None for a person who has logged in.
    api_key: UUID | None = None


def application_of(request: Request) -> Application:
    """Return the process's application."""
    application: Application = request.app.state.application
    return application


async def identity_of(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    key: Annotated[str | None, Depends(_key_header)],
) -> Identity:
    """Return who asks, and count the request. 401 where nobody can say, 429 where too often."""
    app = application_of(request)
    try:
        identity = await _identified(request, app, bearer.credentials if bearer else None, key)
    except InvalidToken as error:
        await count_failed_login(request, app)
        raise HTTPException(
            401,
            "Send a valid token or API key: Authorization: Bearer TOKEN.",
            headers={"WWW-Authenticate": "Bearer"},
        ) from error
    await count_caller(request, app, identity.caller.owner)
    return identity


async def _identified(
    request: Request, app: Application, bearer: str | None, key: str | None
) -> Identity:
    if bearer is not None and not bearer.startswith(KEY_MARK):
        return Identity(_caller(await app.tokens.claims(bearer)))
    api_key = ApiKey.read(bearer or key or "")
    if api_key is None:
        raise InvalidToken("neither a token nor a key")
    # A token costs its check alone; a key, a query: made-up ones must not keep the database busy.
    await check_failed_logins(request, app)
    known = await run_in_threadpool(app.api_keys.identify, api_key)
    if known is None:
        raise InvalidToken("no such key")
    return Identity(known.caller, known.id)


def _caller(claims: dict[str, Any]) -> Caller:
    """Read what Supabase lets only an operator write: `app_metadata`. InvalidToken if it is odd."""
    owner = claims["sub"]
    if not _is_name(owner):
        raise InvalidToken("the subject is no name")
    granted = claims.get("app_metadata")
    if granted is None:
        granted = {}
    if not isinstance(granted, dict):
        raise InvalidToken("app_metadata is no object")
    scopes = OWN_SCOPES | {Scope.ADMIN} if granted.get("role") == "admin" else OWN_SCOPES
    return Caller(owner, _matters(granted.get("matters")), scopes)


def _matters(granted: object) -> tuple[str, ...] | None:
    """Read the matters that a caller is limited to. What can't be read must not lift the limit."""
    if granted is None:
        return None
    if (
        not isinstance(granted, list)
        or len(granted) > _MAX_MATTERS
        or not all(isinstance(matter, str) and _MATTER.fullmatch(matter) for matter in granted)
    ):
        raise InvalidToken("app_metadata.matters is no list of names")
    return tuple(granted)


def caller_of(identity: Annotated[Identity, Depends(identity_of)]) -> Caller:
    """Return who asks. 401 without a valid token or key."""
    return identity.caller


def person_of(identity: Annotated[Identity, Depends(identity_of)]) -> Caller:
    """Return the person who asks. 403 for a machine with a key."""
    if identity.api_key is not None:
        raise HTTPException(403, "An API key is not good for this: log in, and send your token.")
    return identity.caller


def requires(scope: Scope) -> Callable[[Caller], Awaitable[Caller]]:
    """Return a dependency that lets only callers with this scope in. 403 for others."""

    async def permitted(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        if not caller.may(scope):
            raise HTTPException(403, f"This token or key is not good for `{scope}`.")
        return caller

    return permitted


def _is_name(owner: str) -> bool:
    """Whether rows can be written for such an owner, and found again: not empty, no NUL."""
    return owner.isprintable() and 0 < len(owner.strip()) <= MAX_OWNER_LENGTH


async def _application(request: Request) -> Application:
    """Return the process's application; FastAPI would ask what isn't async in a thread."""
    return application_of(request)


App = Annotated[Application, Depends(_application)]
Reader = Annotated[Caller, Depends(requires(Scope.JOBS_READ))]
Submitter = Annotated[Caller, Depends(requires(Scope.DOCUMENTS_WRITE))]
Controller = Annotated[Caller, Depends(requires(Scope.JOBS_WRITE))]
Administrator = Annotated[Caller, Depends(requires(Scope.ADMIN))]
#: Somebody who has logged in, for what a key must not do.
Person = Annotated[Caller, Depends(person_of)]
