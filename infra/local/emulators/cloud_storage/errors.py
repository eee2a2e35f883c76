"""Cloud Storage's refusals, in the shapes of its JSON and its XML interface.

Codes and reasons are those of https://cloud.google.com/storage/docs/json_api/v1/status-codes and
https://cloud.google.com/storage/docs/xml-api/reference-status.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import msgspec
from starlette.responses import Response


class ServiceError(Exception):
    """A refusal. `code` is what the XML interface calls it, `reason` what the JSON one does."""

    def __init__(
        self, status: int, reason: str, message: str, *, code: str = "", details: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.code = code or "InvalidArgument"
        self.details = details

    def as_json(self) -> Response:
        """Answer as the JSON interface does."""
        if self.status == 304:
            return Response(status_code=304)
        error: dict[str, Any] = {
            "message": self.message,
            "domain": "global",
            "reason": self.reason,
        }
        if self.reason == "conditionNotMet":
            error |= {"locationType": "header", "location": "If-Match"}
        body = {"error": {"code": self.status, "message": self.message, "errors": [error]}}
        return Response(
            msgspec.json.encode(body), self.status, media_type="application/json; charset=UTF-8"
        )

    def as_text(self) -> Response:
        """Answer as downloads of the JSON interface do."""
        if self.status == 304:
            return Response(status_code=304)
        return Response(self.message, self.status, media_type="text/html; charset=UTF-8")

    def as_xml(self) -> Response:
        """Answer as the XML interface does."""
        if self.status == 304:
            return Response(status_code=304)
        details = f"<Details>{escape(self.details)}</Details>" if self.details else ""
        body = (
            "<?xml version='1.0' encoding='UTF-8'?>"
            f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message>{details}"
            "</Error>"
        )
        return Response(body, self.status, media_type="application/xml; charset=UTF-8")


def invalid(message: str, *, reason: str = "invalid") -> ServiceError:
    """Return what is said of a request that has to be changed."""
    return ServiceError(400, reason, message)


def no_such_object(bucket: str, name: str) -> ServiceError:
    """Return what is said of an object that is not there."""
    return ServiceError(404, "notFound", f"No such object: {bucket}/{name}", code="NoSuchKey")


def no_such_bucket() -> ServiceError:
    """Return what is said of a bucket that is not there."""
    return ServiceError(
        404, "notFound", "The specified bucket does not exist.", code="NoSuchBucket"
    )


def condition_not_met() -> ServiceError:
    """Return what is said when a precondition fails."""
    return ServiceError(
        412,
        "conditionNotMet",
        "At least one of the pre-conditions you specified did not hold.",
        code="PreconditionFailed",
    )


def not_modified() -> ServiceError:
    """Return what is said of a read whose ...NotMatch condition fails."""
    return ServiceError(304, "notModified", "Not Modified", code="NotModified")
