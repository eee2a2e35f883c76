"""What the command says about a job that was looked at or has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from infra.cli.jobs import Job, pages_text, seconds_text, unread_lines, unread_pages
from infra.cli.printable import printable
from infra.cli.results import first_lines


def status_lines(job: Job, command: str = "quire") -> list[str]:
    """Describe a job for people, one fact a line; `command` is how to type the next one."""
    rows = [("Job", job.job_id), ("Status", f"{job.status.value} - {job.line}")]
    if job.filename:
        rows.insert(0, ("File", job.filename))
    if job.total_pages:
        read = f"{job.completed_pages} of {job.total_pages} read"
        failed = f", {job.failed_pages} could not be" if job.failed_pages else ""
        cached = f", {job.cached_pages} from the cache" if job.cached_pages else ""
        rows.append(("Pages", read + cached + failed))
    if job.current is not None:
        rows.append(("Reading", pages_text(job.current.page_start, job.current.page_end)))
    if job.eta is not None:
        basis = f" ({job.eta.basis})" if job.eta.basis else ""
        rows.append(("Left", f"about {seconds_text(job.eta.seconds)}{basis}"))
    if job.priority != "normal":
        rows.append(("Priority", job.priority))
    places = (("Matter", job.matter), ("Batch", job.batch_id))
    rows += [(name, value) for name, value in places if value]
    if job.total_chunks:
        rows.append(("Chunks", f"{job.completed_chunks} of {job.total_chunks} done"))
    took = _seconds_between(job.started_at, job.finished_at)
    if took is not None:
        rows.append(("Took", seconds_text(took)))
    if job.error is not None:
        rows.append(("Error", f"{job.error.message} [{job.error.code}]"))
    rows += [("Unread", line) for line in unread_lines(unread_pages(job))]
    rows += [("Warning", line) for line in job.warnings]
    if job.has_result:
        rows.append(("Result", f"{command} result {job.job_id}"))
    if job.can_resume:
        rows.append(("Go on", f"{command} resume {job.job_id}"))
    if job.can_retry:
        rows.append(("Again", f"{command} retry {job.job_id}"))
    return [f"{name:<8} {printable(value)}" for name, value in rows]


def ended_lines(
    job: Job, name: str, seconds: float, unread: Sequence[tuple[int, int, str, str]]
) -> list[str]:
    """Say how a job that was waited for has ended. `unread` is as `unread_lines` takes it."""
    if not job.has_result:
        return trouble_lines(job, name)
    lines = [f"Warning: {warning}" for warning in job.warnings]
    took = seconds_text(seconds)
    if not job.failed_pages:
        lines.append(f"Read {_pages(job.completed_pages)} in {took}.")
    else:
        lines.append(
            f"Read {job.completed_pages} of {_pages(job.total_pages)} in {took}; "
            "these could not be read:"
        )
        lines += [f"  {line}" for line in unread_lines(unread)]
    return [printable(line) for line in lines]


def trouble_lines(job: Job, name: str) -> list[str]:
    """Say what went wrong with a job that has ended; nothing where nothing did."""
    lines = [f"{name}: {warning}" for warning in job.warnings]
    if job.has_result:
        lines += [f"{name}: {line}" for line in unread_lines(unread_pages(job))]
    elif job.error is None:
        lines.append(f"{name}: {job.line}")
    else:
        lines.append(f"{name} could not be read: {job.error.message} [{job.error.code}]")
        if "PASSWORD" in job.error.code:
            lines += [
                "To give its password: printf '%s\\n' PASSWORD | quire run FILE --password-stdin",
                f"or, where the stack still runs: quire retry {job.job_id} --password",
            ]
    return [printable(line) for line in lines]


def result_lines(files: Mapping[str, Path]) -> list[str]:
    """Say where the result is, and how the text begins."""
    spoken = first_lines(files["text"])
    lines = ["", f"  JSON  {files['json']}", f"  Text  {files['text']}", ""]
    if not spoken:
        return [*lines, "The pages hold no text."]
    return [*lines, "The text begins:", "", *(f"  {line}" for line in spoken)]


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count} pages"


def _seconds_between(start: str | None, end: str | None) -> float | None:
    if start is None or end is None:
        return None
    try:
        return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except ValueError:
        return None
