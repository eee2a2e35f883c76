"""Follows several jobs at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from queue import SimpleQueue
from threading import Thread
from typing import Final

from infra.cli.api import Api
from infra.cli.display import Display
from infra.cli.jobs import Job, RawJob, read_job
from infra.cli.patience import Patience
from infra.cli.watch import watch

#: Streams open at once; further jobs are followed as earlier ones end.
_STREAMS: Final = 8


#: Says of a job that it need not be followed any further.
Until = Callable[[Job], bool]


def has_ended(job: Job) -> bool:
    """Whether nothing more will happen to the job by itself."""
    return job.is_final


def follow_all(
    api: Api, job_ids: Mapping[str, str], display: Display, until: Until = has_ended
) -> dict[str, RawJob]:
    """Show the jobs, given by the names to call them, until all have ended; return how.

    Raises what following one of them raises.
    """
    waiting: SimpleQueue[tuple[str, str] | None] = SimpleQueue()
    seen: SimpleQueue[tuple[str, RawJob] | Exception | None] = SimpleQueue()
    for item in job_ids.items():
        waiting.put(item)
    streams = min(_STREAMS, len(job_ids))
    # Daemons: a command that is interrupted doesn't wait for its open streams.
    threads = [
        Thread(target=_follow, args=(api, waiting, seen, until), daemon=True)
        for _ in range(streams)
    ]
    for thread in threads:
        waiting.put(None)
        thread.start()

    last: dict[str, RawJob] = {}
    while streams:
        news = seen.get()
        if news is None:
            streams -= 1
        elif isinstance(news, Exception):
            raise news
        else:
            name, raw = news
            last[name] = raw
            display.job(name, read_job(raw))
    # What closes its stream while Python ends may take the process with it.
    for thread in threads:
        thread.join()
    return last


def _follow(
    api: Api,
    waiting: SimpleQueue[tuple[str, str] | None],
    seen: SimpleQueue[tuple[str, RawJob] | Exception | None],
    until: Until,
) -> None:
    try:
        while (item := waiting.get()) is not None:
            name, job_id = item
            with closing(watch(api, job_id, Patience())) as looks:
                for raw in looks:
                    seen.put((name, raw))
                    if until(read_job(raw)):
                        break
    except Exception as error:  # noqa: BLE001 - handed to the thread that waits, which raises it
        seen.put(error)
    else:
        seen.put(None)
