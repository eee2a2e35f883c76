"""Supabase Storage's refusals.

The service answers nearly all of them with HTTP 400 and puts the real status into the body, as
text (github.com/supabase/storage, src/internal/errors and src/http/error-handler.ts).
"""

from __future__ import annotations

import msgspec
from starlette.responses import Response


class StorageError(Exception):
    """A refusal: the status in the body, the client's `code`, the finer code and a sentence."""

    def __init__(
        self, status: int, error: str, message: str, *, code: str = "", http_status: int = 400
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message
        self.code = code or error
        self.http_status = http_status

    def answer(self) -> Response:
        """Return it as the service writes it."""
        body = {
            "statusCode": str(self.status),
            "error": self.error,
            "code": self.code,
            "message": self.message,
        }
        return Response(
            msgspec.json.encode(body),
            self.http_status,
            media_type="application/json; charset=utf-8",
        )


def no_such_bucket() -> StorageError:
    """There is no such bucket, or none that the caller may see."""
    return StorageError(404, "Bucket not found", "Bucket not found", code="NoSuchBucket")


def no_such_object() -> StorageError:
    """There is no such object, or none that the caller may see."""
    return StorageError(404, "not_found", "Object not found", code="NoSuchKey")


def duplicate(code: str = "ResourceAlreadyExists") -> StorageError:
    """There is one of that name."""
    return StorageError(409, "Duplicate", "The resource already exists", code=code)


def access_denied(message: str) -> StorageError:
    """The caller may not do this."""
    return StorageError(403, "Unauthorized", message, code="AccessDenied")


def invalid_request(message: str, *, code: str = "InvalidRequest") -> StorageError:
    """The request has to be changed."""
    return StorageError(400, code, message)


def too_large() -> StorageError:
    """The object is larger than its bucket allows."""
    return StorageError(
        413,
        "Payload too large",
        "The object exceeded the maximum allowed size",
        code="EntityTooLarge",
    )
