"""Who asks: a Supabase token, checked here without asking anybody."""

from __future__ import annotations

from typing import Annotated, Final

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from functions.bootstrap import Application

#: Supabase's subjects are UUIDs, other issuers' are e-mail addresses at the longest.
MAX_OWNER_LENGTH: Final = 255

_bearer = HTTPBearer(auto_error=False, description="A token signed by Supabase Auth.")


def application_of(request: Request) -> Application:
    """Return the process's application."""
    application: Application = request.app.state.application
    return application


def owner_of(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str:
    """Return whose documents the caller may see: the token's subject. 401 without one."""
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
    return owner


def _is_name(owner: str) -> bool:
    """Whether rows can be written for such an owner, and found again: not empty, no NUL."""
    return owner.isprintable() and 0 < len(owner.strip()) <= MAX_OWNER_LENGTH


App = Annotated[Application, Depends(application_of)]
Owner = Annotated[str, Depends(owner_of)]
