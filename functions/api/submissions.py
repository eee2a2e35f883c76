"""Makes a document and its job of a request: one for each idempotency key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import scrypt, sha256
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec

from common.access import Caller
from common.errors import InvalidRequest, QuireError, TransientError
from common.lifecycle import FINAL_JOB_STATUSES, JobStatus
from common.models import DocumentId, JobId, JobOptions, JobView, Priority
from common.names import upload
from functions.api.asked import DocumentOptions, checked_options, matter_for
from functions.api.taking import CountedPages, count_pages
from functions.api.tracing import made_job
from functions.bootstrap import Application
from infra.database.idempotency import KeyTaken, RequestKey

#: As hard to guess as the stored password itself was while it was needed: 16 MB, some 40 ms.
_SCRYPT: Final = {"n": 2**14, "r": 8, "p": 1}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document that a caller wants read, whichever way they send it."""

    filename: str
    #: In bytes.
    size: int
    sha256: str | None
    options: DocumentOptions
    #: Where it is; None where the caller will upload it.
    file: Path | None = None
    #: The page that will upload it, where a browser has it.
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A document that has its job."""

    document_id: DocumentId
    job_id: JobId
    status: JobStatus = JobStatus.PENDING
    #: Pages to be read, where that is known.
    pages: int | None = None
    #: Where the caller is to send the file; None where it is here.
    upload_url: str | None = None
    #: Whether something has come out already.
    has_result: bool = False
    #: Whether the same request was here before.
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class _Checked:
    """What of a request is stored, once it has been found to make sense."""

    options: JobOptions
    matter: str | None
    request: RequestKey | None


def submit(app: Application, caller: Caller, wanted: Wanted, key: str | None) -> Submission:
    """Make the document's job, or find the one that was made for this key.

    Everything that can be found wrong is said before anything is written. Where the file can't
    be stored, nothing is left, unless there is a key: then the request that is sent again finds
    its job and completes it.
    """
    options = checked_options(wanted.options, app.settings)
    matter = matter_for(caller, wanted.options.matter)
    request = RequestKey(key, _fingerprint(wanted, matter)) if key is not None else None
    checked = _Checked(options, matter, request)
    if request is not None and (job := _known(app, caller, request)) is not None:
        return _completed(app, wanted, job)
    counted = None
    if wanted.file is not None:
        counted = count_pages(
            app.cutter,
            wanted.file,
            password=wanted.options.password,
            selection=options.pages,
            max_pages=app.settings.api.max_pages,
        )
    try:
        submission = _created(app, caller, wanted, checked, counted)
    except KeyTaken as error:
        assert request is not None
        job = _known(app, caller, request)
        if job is None:
            raise TransientError(
                "The same request was here at this moment, and has been taken back. Send it again.",
                code="REQUEST_TAKEN_BACK",
            ) from error
        return _completed(app, wanted, job)
    made_job(submission.job_id)
    try:
        return _sent(app, wanted, submission)
    except QuireError:
        if request is None:
            app.jobs.discard(submission.document_id)
        raise


def _created(
    app: Application,
    caller: Caller,
    wanted: Wanted,
    checked: _Checked,
    counted: CountedPages | None,
) -> Submission:
    document_id, job_id = DocumentId(uuid4()), JobId(uuid4())
    paid = counted is not None and app.settings.credits.enabled
    app.jobs.create(
        job_id=job_id,
        document_id=document_id,
        owner=caller.owner,
        filename=wanted.filename,
        source=app.uploads.upload_ref(upload(document_id)),
        size=wanted.size,
        options=checked.options,
        password=wanted.options.password,
        sent_by="announced" if wanted.file is None else "form",
        matter=checked.matter,
        priority=Priority(wanted.options.priority),
        webhook_url=wanted.options.webhook_url,
        sha256=wanted.sha256,
        page_count=counted.page_count if counted else None,
        reserved_pages=counted.selected if counted and paid else None,
        request=checked.request,
        request_age=app.request_keys.age,
    )
    return Submission(document_id, job_id, pages=counted.selected if counted else None)


def _sent(app: Application, wanted: Wanted, submission: Submission) -> Submission:
    """Store the file, or say where the caller is to store it."""
    name = upload(submission.document_id)
    if wanted.file is None:
        url = app.uploads.begin_upload(name, wanted.size, origin=wanted.origin)
        return replace(submission, upload_url=url)
    with wanted.file.open("rb") as content:
        app.uploads.put_upload(name, content, wanted.size)
    return submission


def _known(app: Application, caller: Caller, request: RequestKey) -> JobView | None:
    """Return the job that was made for the key. InvalidRequest (422) for another request."""
    known = app.request_keys.recall(caller.owner, request.key)
    if known is None:
        return None
    if known.fingerprint != request.fingerprint:
        raise InvalidRequest(
            "This Idempotency-Key was used for another request. Send a new key with it.",
            code="IDEMPOTENCY_KEY_REUSED",
            status=422,
        )
    assert known.job_id is not None, "another kind of request has another fingerprint"
    # The same request is of the same matter, so a caller who may make it may see its job.
    return app.jobs.find(known.job_id, caller)


def _completed(app: Application, wanted: Wanted, job: JobView) -> Submission:
    """Answer for a job that is there; send the file if the first request did not get so far."""
    submission = Submission(
        job.document_id,
        job.id,
        job.status,
        pages=job.total_pages or job.page_count,
        has_result=job.result_path is not None,
        replayed=True,
    )
    awaited = not job.has_landed and job.status not in FINAL_JOB_STATUSES
    if awaited and app.uploads.find(app.uploads.upload_ref(upload(job.document_id))) is None:
        return _sent(app, wanted, submission)
    return submission


def _fingerprint(wanted: Wanted, matter: str | None) -> str:
    """Return the SHA-256 of everything that makes it the same request."""
    password = wanted.options.password
    rest = msgspec.structs.replace(wanted.options, password=None, matter=matter)
    told = msgspec.json.encode(
        (wanted.file is None, wanted.filename, wanted.size, wanted.sha256, rest)
    )
    digest = sha256(told)
    if password is not None:
        digest.update(scrypt(password.encode(), salt=digest.digest(), **_SCRYPT))
    return digest.hexdigest()
