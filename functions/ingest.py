"""The door for Eventarc: a PDF has landed in the uploads bucket."""

from __future__ import annotations

import logging
from uuid import UUID

import functions_framework.aio
from cloudevents.exceptions import GenericException as NotAnEvent
from cloudevents.http import from_http
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from common.locations import BATCH_FOLDER
from common.models import JobId, ObjectRef
from common.names import JOB_OF_EVENT
from functions.bootstrap import application
from functions.internal import internal
from functions.problem import problem

log = logging.getLogger(__name__)


@functions_framework.aio.http
@internal("ingest")
async def ingest(request: Request) -> Response:
    """Split it. Any answer but 2xx makes Eventarc deliver the event again."""
    try:
        event = from_http(request.headers, await request.body())
    except NotAnEvent:
        return problem(400, "INVALID_REQUEST", "The request is no CloudEvent.")
    landed = event.data
    name: str = landed["name"]
    # An attribute of the event, which nobody who writes into the bucket can set.
    named = event.get_attributes().get(JOB_OF_EVENT)
    if named is None and name.startswith(BATCH_FOLDER):
        log.info("an object lies ready for a batch", extra={"object": name})
    elif not name.endswith("/"):  # what a console makes to show an empty folder
        source = ObjectRef(landed["bucket"], name, generation=int(landed["generation"]))
        job_id = JobId(UUID(named)) if named else None
        await run_in_threadpool(application().split_document, source, job_id)
    return JSONResponse({"object": name})
