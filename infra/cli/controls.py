"""`quire pause`, `resume`, `cancel`, `retry` and `extend`: what an owner can do to jobs."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Final

import click

from common.lifecycle import JobStatus
from infra.cli.answering import Answering, print_json
from infra.cli.api import Api
from infra.cli.connection import running_api
from infra.cli.display import Display, display_on
from infra.cli.exits import CommandError, Exit, exit_codes, worst
from infra.cli.following import Until, follow_all, has_ended
from infra.cli.jobs import Job, RawJob, read_job
from infra.cli.options import json_option, quiet_option, stages_option
from infra.cli.passwords import password_options, read_password
from infra.cli.patience import patiently
from infra.cli.printable import printable
from infra.cli.references import SHORT, job_id, jobs_argument
from infra.cli.report import trouble_lines

_DONE: Final = {
    Exit.DONE: "done, for every job",
    Exit.FAILED: "a job does not allow it, or is not there; the others are done all the same",
}
_FOLLOWED: Final = _DONE | {
    Exit.FAILED: "a job does not allow it or, with --watch, has failed",
    Exit.WITH_ERRORS: "with --watch: done, but some pages could not be read",
}
_watch_option = click.option("--watch", is_flag=True, help="Follow the jobs until all have ended.")


@click.command(cls=Answering, epilog=exit_codes(_DONE))
@jobs_argument
@click.option("--watch", is_flag=True, help="Wait until the chunks that run have ended.")
@json_option
@quiet_option
@click.pass_context
def pause(
    context: click.Context, *, jobs: tuple[str, ...], watch: bool, as_json: bool, quiet: bool
) -> None:
    """Start no more chunks of each JOB. Those that run end, and what is read stays.

    \b
    Examples:
      quire pause 0198c5be
      quire jobs --status processing | cut -f1 | xargs quire pause
    """
    with running_api(context.obj) as api:
        order = _Order(api, "pause", as_json=as_json)
        context.exit(order.carry_out(jobs, until=_is_quiet if watch else None, quiet=quiet))


@click.command(cls=Answering, epilog=exit_codes(_FOLLOWED))
@jobs_argument
@_watch_option
@json_option
@quiet_option
@click.pass_context
def resume(
    context: click.Context, *, jobs: tuple[str, ...], watch: bool, as_json: bool, quiet: bool
) -> None:
    """Let each paused JOB go on from where it was.

    \b
    Examples:
      quire resume 0198c5be --watch
      quire jobs --status paused --all | cut -f1 | xargs quire resume
    """
    with running_api(context.obj) as api:
        order = _Order(api, "resume", as_json=as_json)
        context.exit(order.carry_out(jobs, until=has_ended if watch else None, quiet=quiet))


@click.command(cls=Answering, epilog=exit_codes(_DONE))
@jobs_argument
@click.option("--yes", "-y", is_flag=True, help="Don't ask first.")
@json_option
@click.pass_context
def cancel(context: click.Context, *, jobs: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """End each JOB for good, and remove what it has made so far.

    Asks first on a terminal. In a pipe, or with --yes, it does not.

    \b
    Examples:
      quire cancel 0198c5be
      quire cancel --yes 0198c5be-6f1a-7cc2-a9cb-2d1c8f0e4b11
    """
    with running_api(context.obj) as api:
        order = _Order(api, "cancel", as_json=as_json)
        if not yes and sys.stdin.isatty():
            jobs = order.confirmed(jobs)
        context.exit(order.carry_out(jobs))


@click.command(cls=Answering, epilog=exit_codes(_FOLLOWED))
@jobs_argument
@password_options
@_watch_option
@json_option
@quiet_option
@click.pass_context
def retry(
    context: click.Context,
    *,
    jobs: tuple[str, ...],
    password: bool,
    password_stdin: bool,
    watch: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Read again what failed of each JOB; what was read is kept.

    \b
    Examples:
      quire retry 0198c5be --watch
      quire retry 0198c5be --password        a locked PDF: asks for its password
      quire jobs --status failed --all | cut -f1 | xargs quire retry
    """
    given = read_password(ask=password, stdin=password_stdin)
    with running_api(context.obj) as api:
        asked = None if given is None else {"password": given}
        order = _Order(api, "retry", as_json=as_json, asked=asked)
        context.exit(order.carry_out(jobs, until=has_ended if watch else None, quiet=quiet))


@click.command(cls=Answering, epilog=exit_codes(_FOLLOWED))
@jobs_argument
@stages_option
@_watch_option
@json_option
@quiet_option
@click.pass_context
def extend(
    context: click.Context,
    *,
    jobs: tuple[str, ...],
    stages: tuple[str, ...],
    watch: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Have further stages made of each finished JOB, all of them or those of --stages.

    Its pages are not read again. What is there stays, unless it was made by an older version.

    \b
    Examples:
      quire extend 0198c5be --watch
      quire extend 0198c5be --stages sentences,entities
      quire jobs --status completed --all | cut -f1 | xargs quire extend
    """
    with running_api(context.obj) as api:
        asked = {"stages": list(stages) or ["all"]}
        order = _Order(api, "stages", as_json=as_json, asked=asked)
        context.exit(order.carry_out(jobs, until=has_ended if watch else None, quiet=quiet))


class _Order:
    """One thing to do to several jobs."""

    def __init__(
        self,
        api: Api,
        action: str,
        *,
        as_json: bool,
        asked: Mapping[str, object] | None = None,
    ) -> None:
        self._api = api
        self._action = action
        self._as_json = as_json
        self._asked = asked
        self._code = Exit.DONE
        self._done: dict[str, RawJob] = {}
        self._refused: list[dict[str, object]] = []

    def carry_out(
        self, references: Sequence[str], *, until: Until | None = None, quiet: bool = False
    ) -> Exit:
        """Do it to each job, follow those `until` it is so, and return what to end with."""
        for reference in references:
            self._do(reference)
        if until is not None:
            with display_on(sys.stderr, quiet=quiet, names=True) as display:
                self._follow(until, display)
        if self._as_json:
            print_json({"jobs": [*self._done.values()], "refused": self._refused})
        return self._code

    def confirmed(self, references: Sequence[str]) -> tuple[str, ...]:
        """Ask whether these jobs are meant. Raises CommandError where they are not."""
        ids = [job_id(self._api, reference) for reference in references]
        for each in ids:
            job = read_job(patiently(lambda each=each: self._api.job(each)))  # type: ignore[misc]
            click.echo(
                f"{each[:SHORT]}  {printable(job.filename)}: {printable(job.line)}", err=True
            )
        question = "Cancel it for good?" if len(ids) == 1 else f"Cancel these {len(ids)} for good?"
        if not click.confirm(question, err=True):
            raise CommandError("Nothing was cancelled.", Exit.FAILED, code="NOT_CONFIRMED")
        return tuple(ids)

    def _do(self, reference: str) -> None:
        try:
            whole = job_id(self._api, reference)
            raw = patiently(lambda: self._api.control(whole, self._action, self._asked))
        except CommandError as error:
            if error.concerns_all:
                raise
            # One job's trouble; the others may be fine.
            self._code = Exit.FAILED
            self._refused.append({"job_id": reference, **error.as_json()})
            click.echo(f"{reference}: {printable(error.message)} [{error.code}]", err=True)
            return
        self._done[whole] = raw
        if not self._as_json:
            click.echo(f"{whole}: {printable(read_job(raw).line)}")

    def _follow(self, until: Until, display: Display) -> None:
        jobs = [read_job(raw) for raw in self._done.values()]
        ids = {f"{job.filename} ({job.job_id[:SHORT]})": job.job_id for job in jobs}
        for name, raw in follow_all(self._api, ids, display, until).items():
            job = read_job(raw)
            self._done[job.job_id] = raw
            for line in trouble_lines(job, name) if job.is_final else []:
                display.note(line)
            self._code = worst([self._code, job.exit_code])


def _is_quiet(job: Job) -> bool:
    """Whether a job that was paused has come to rest."""
    return job.is_final or (job.status is JobStatus.PAUSED and not job.processing_chunks)
