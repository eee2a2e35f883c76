"""Lets only a function's own callers in: Eventarc, Cloud Tasks, Cloud Scheduler.

The platform asks for its own permission before a function is called at all. This stands behind
it, so that a door which was opened by mistake still does nothing for anybody.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import cache, wraps
from typing import TYPE_CHECKING, Literal, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from common.errors import TransientError
from functions.bootstrap import application
from functions.problem import problem

if TYPE_CHECKING:
    from infra.auth.internal_callers import InternalCallers

Door: TypeAlias = Literal["ingest", "merge", "maintain", "webhook"]
Serve: TypeAlias = Callable[[Request], Awaitable[Response]]

log = logging.getLogger(__name__)


def internal(door: Door) -> Callable[[Serve], Serve]:
    """Return a decorator that asks for the token of one of this door's callers.

    Their accounts and the address that their tokens must be for are the settings
    `INTERNAL__DOOR__…`. Anybody else is answered 401 or 403 before the body is read. It goes
    beneath `functions_framework.aio.http`; a function for events is written with it, too, since
    the framework keeps an event's headers to itself.
    """

    @cache
    def callers() -> InternalCallers:
        app = application()
        return app.internal_callers(getattr(app.settings.internal, door))

    def guarded(serve: Serve) -> Serve:
        @wraps(serve)
        async def admitting(request: Request) -> Response:
            from infra.auth.internal_callers import NotAdmitted
            from infra.auth.tokens import InvalidToken

            try:
                await callers().admit(request.headers.get("authorization"))
            except InvalidToken as error:
                log.warning("a call was refused", extra={"door": door, "reason": str(error)})
                refusal = problem(
                    401, "UNAUTHORIZED", "This address answers only Quire's own services."
                )
                refusal.headers["WWW-Authenticate"] = "Bearer"
                return refusal
            except NotAdmitted:
                return problem(403, "FORBIDDEN", "This address is for another of the services.")
            except TransientError as error:
                return problem(503, error.code, error.message)
            return await serve(request)

        return admitting

    return guarded
