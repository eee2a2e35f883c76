"""The door for Eventarc: a PDF has landed in the uploads bucket."""

from __future__ import annotations

import functions_framework.aio
from cloudevents.http import CloudEvent

from common.models import ObjectRef
from functions.bootstrap import application


@functions_framework.aio.cloud_event
def ingest(event: CloudEvent) -> None:
    """Split it. A raised error makes Eventarc deliver the event again."""
    landed = event.data
    name: str = landed["name"]
    if name.endswith("/"):
        return  # what a console makes to show an empty folder
    application().split_document(
        ObjectRef(landed["bucket"], name, generation=int(landed["generation"]))
    )
