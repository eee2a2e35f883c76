"""What Schemathesis must know beside the document: real PDFs, and rules that no schema can say."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, HookContext

from tests.e2e.api_requests import TINY_PDF

PDFS = st.sampled_from([TINY_PDF, TINY_PDF.replace(b"99 99", b"210 297")])

schemathesis.openapi.media_type("application/pdf", PDFS)
schemathesis.openapi.format("binary", PDFS)
#: Those that the one page of these documents fits.
schemathesis.openapi.format("page-ranges", st.sampled_from(["", "1", "1-", "1-1", "1,1"]))
schemathesis.openapi.format(
    "uri", st.from_regex(r"https://[a-z]{1,20}\.example\.com/[a-z0-9/?=&-]{0,50}", fullmatch=True)
)


#: A job that has ended, and its document, if somebody has made them.
KNOWN = {
    "job_id": os.environ.get("QUIRE_KNOWN_JOB", ""),
    "document_id": os.environ.get("QUIRE_KNOWN_DOCUMENT", ""),
}


#: Manifests of what is there, in the forms that no schema describes.
MANIFESTS = {
    "text/csv": "document_id;pages;priority\r\n{};1;low\r\n",
    "application/x-ndjson": '{{"document_id": "{}", "priority": "high"}}\n',
}
for kind in MANIFESTS:
    schemathesis.serializer.alias(kind, "text/plain")


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Make the request one that its rules allow, where the document can't say them."""
    label = case.operation.label
    _look_at_something(case)
    if label == "GET /v1/jobs/{job_id}/events":
        # The stream of a job that waits for its upload would last as long as the job.
        job = case.operation.base_url + case.formatted_path.removesuffix("/events")
        httpx.post(f"{job}/cancel", headers=dict(case.headers or {}))
    headers = case.headers
    if headers is not None and headers.get("idempotency-key"):
        # A key is of the caller's own choice, and new for each request.
        headers["idempotency-key"] = str(uuid4())
    if label == "POST /v1/documents" and isinstance(case.body, dict):
        _say_nothing_of_reading(case.body)
    if label == "POST /v1/uploads" and isinstance(case.body, dict):
        announced = case.body.get("documents")
        if isinstance(announced, list) and len(announced) <= 1000:
            del announced[20:]  # each is a session with the storage
    if label == "POST /v1/batches":
        # The document is of none.
        (case.query or {}).pop("matter", None)
        if isinstance(case.body, dict):
            case.body.pop("matter", None)
            _name_something(case.body)
        elif isinstance(case.body, str) and case.media_type in MANIFESTS:
            case.body = MANIFESTS[case.media_type].format(KNOWN["document_id"])
    if label == "GET /v1/metrics" and case.query:
        _ask_for_an_hour(case.query)
    if label == "POST /v1/api-keys" and isinstance(case.body, dict):
        _let_it_administer(case.body)


def _say_nothing_of_reading(document: dict[str, Any]) -> None:
    """Of a document that is held for a batch, the batch says what is read."""
    options = document.get("options")
    if document.get("process") is False and isinstance(options, dict):
        document["options"] = {"matter": options["matter"]} if "matter" in options else {}


def _name_something(batch: dict[str, Any]) -> None:
    """A manifest's documents must be there, and each is named once."""
    documents = batch.get("documents")
    if not isinstance(documents, list):
        return
    named = [each for each in documents if _is_a_name(each)]
    if named:
        # What is wrong with the others stays wrong.
        batch["documents"] = [each for each in documents if each is named[0] or each not in named]
        named[0].pop("uri", None)
        named[0]["document_id"] = KNOWN["document_id"]


def _is_a_name(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    uri, document_id = entry.get("uri"), entry.get("document_id")
    by_uri = isinstance(uri, str) and 1 <= len(uri) <= 2000
    by_id = isinstance(document_id, str) and _is_uuid(document_id)
    return (by_uri and document_id is None) or (by_id and uri is None)


def _ask_for_an_hour(query: dict[str, Any]) -> None:
    """A period begins before it ends, and has so many buckets at most."""
    asked = {name: _in_reach(query[name]) for name in ("from", "to") if name in query}
    moments = {name: moment for name, moment in asked.items() if moment is not None}
    if len(moments) < len(asked):
        return
    if "from" in moments:
        moments["to"] = moments["from"] + timedelta(hours=1)
    query.update({name: moment.isoformat() for name, moment in moments.items()})


def _in_reach(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        return None
    return moment.replace(year=min(max(moment.year, 1971), 9990), day=min(moment.day, 28))


def _let_it_administer(wanted: dict[str, Any]) -> None:
    """A key with `admin` ends within 90 days, and is for all matters."""
    scopes, days = wanted.get("scopes"), wanted.get("expires_in_days")
    numbered = days is None or type(days) in {int, float}
    if isinstance(scopes, list) and "admin" in scopes and numbered:
        wanted["expires_in_days"] = min(days or 30, 90)
        if isinstance(wanted.get("matters"), list):
            del wanted["matters"]


def _look_at_something(case: Case[Any]) -> None:
    """Ask every other time for what is there: hardly any id that is made up has anything."""
    for name, known in KNOWN.items():
        asked = str((case.path_parameters or {}).get(name, ""))
        if known and asked[-1:] in set("02468ace") and _is_uuid(asked):
            case.path_parameters[name] = known


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
