"""Who asks: a Supabase token, checked here without asking anybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from common.access import OWN_SCOPES, Caller, Scope
from functions.bootstrap import Application

#: Supabase's subjects are UUIDs, other issuers' are e-mail addresses at the longest.
MAX_OWNER_LENGTH: Final = 255

_bearer = HTTPBearer(auto_error=False, description="A token signed by Supabase Auth.")


def application_of(request: Request) -> Application:
    """Return the process's application."""
    application: Application = request.app.state.application
    return application


def caller_of(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Return who asks, by their token. 401 without a valid one."""
    secret = application_of(request).settings.supabase.jwt_secret.get_secret_value()
    try:
        if credentials is None:
            raise jwt.InvalidTokenError
        claims = jwt.decode(
            credentials.credentials,
            secret,
            algorithms=["HS256"],
            audience="authenticated",
            options={"require": ["exp", "sub"]},
        )
        owner: str = claims["sub"]
        if not _is_name(owner):
            raise jwt.InvalidTokenError
    except jwt.InvalidTokenError as error:
        raise HTTPException(
            401,
            "Send a valid token: Authorization: Bearer TOKEN.",
            headers={"WWW-Authenticate": "Bearer"},
        ) from error
    return _caller(owner, claims)


def _caller(owner: str, claims: dict[str, Any]) -> Caller:
    """Read what Supabase lets only an operator write: `app_metadata`."""
    granted = claims.get("app_metadata") or {}
    scopes = OWN_SCOPES | {Scope.ADMIN} if granted.get("role") == "admin" else OWN_SCOPES
    matters = granted.get("matters")
    return Caller(owner, None if matters is None else tuple(matters), scopes)


def requires(scope: Scope) -> Callable[[Caller], Caller]:
    """Return a dependency that lets only callers with this scope in. 403 for others."""

    def permitted(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        if not caller.may(scope):
            raise HTTPException(403, f"This token or key is not good for `{scope}`.")
        return caller

    return permitted


def _is_name(owner: str) -> bool:
    """Whether rows can be written for such an owner, and found again: not empty, no NUL."""
    return owner.isprintable() and 0 < len(owner.strip()) <= MAX_OWNER_LENGTH


App = Annotated[Application, Depends(application_of)]
Reader = Annotated[Caller, Depends(requires(Scope.JOBS_READ))]
Submitter = Annotated[Caller, Depends(requires(Scope.DOCUMENTS_WRITE))]
Controller = Annotated[Caller, Depends(requires(Scope.JOBS_WRITE))]
Administrator = Annotated[Caller, Depends(requires(Scope.ADMIN))]
