"""One trace a job, over every process that worked on it, through OpenTelemetry's own protocol."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient, wait_for
from tests.environment import LEAST
from tests.otlp_receiver import OtlpReceiver, ReceivedSpan
from tests.pdfs.documents import write_born_digital, write_mixed
from tests.receiver import WebhookReceiver

#: What a caller's own system was doing when it sent the document.
CALLER_TRACE, CALLER_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver().serving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def traced(
    receiver: OtlpReceiver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[QuireClient]:
    """A stack whose processes send what they record."""
    options = StackOptions(
        workers=2,
        maintain_every=1,
        extra_env={
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
            "RETRIES__BASE_SECONDS": "0.2",
            "LEASES__CHUNK_SECONDS": "3",
            "MAINTAIN__RESEND_AFTER_SECONDS": "3",
        },
    )
    home = Home(tmp_path_factory.mktemp("traced"))
    with Stack(home, options=options) as stack, QuireClient(stack) as quire:
        yield quire


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "the-secret-name.pdf"
    write_mixed(path, pages=425, scanned_every=1000)
    return path


def whole(
    receiver: OtlpReceiver,
    job_id: str,
    *,
    chunks: int = 1,
    webhook: bool = False,
    orphans: bool = False,
) -> list[ReceivedSpan]:
    """Return the job's trace once its own span has come, so many chunks', and all parents.

    Each process sends what it has recorded when it gets to it: what came first may come last.
    """

    def arrived() -> list[ReceivedSpan] | None:
        trace = receiver.trace(job_id)
        names = Counter(span.name for span in trace)
        wanted = {"job", "ingest", "merge", *(["webhook"] if webhook else [])}
        known = {span.span_id for span in trace}
        complete = all(span.parent_id in known for span in trace if span.parent_id)
        complete = complete and names["chunk"] == names["chunk.wait"]
        is_all = wanted <= set(names) and names["chunk"] >= chunks
        return trace if is_all and (complete or orphans) else None

    return wait_for(arrived, "the whole trace", patience=90)


#: What a job of seventeen chunks has once, and what each of its chunks has.
ONCE = {
    *("job", "submit", "ingest.wait", "ingest", "ingest.claim", "ingest.download", "ingest.plan"),
    *("merge.dispatch", "merge.wait", "merge", "merge.claim", "merge.load", "merge.store"),
    *("merge.pages", "merge.finish", "webhook.wait", "webhook", "webhook.post"),
}
A_CHUNK = {
    *("ingest.cut", "ingest.upload", "chunk.wait", "chunk", "chunk.lock", "chunk.claim"),
    *("chunk.turns", "chunk.cache", "chunk.source", "chunk.ocr", "chunk.store", "chunk.record"),
}


@pytest.fixture(scope="module")
def told(traced: QuireClient, receiver: OtlpReceiver, book: Path) -> tuple[str, list[ReceivedSpan]]:
    """A job of seventeen chunks and its trace; whoever sent it had a trace of their own."""
    with WebhookReceiver().serving() as owner, traced.document_ai(instant=True):
        traced.http.headers["traceparent"] = f"00-{CALLER_TRACE}-{CALLER_SPAN}-01"
        job_id = traced.submit(book, webhook_url=owner.url(), matter="hush-matter")
        del traced.http.headers["traceparent"]
        assert traced.wait(job_id)["status"] == "completed"
        owner.next()
    return job_id, whole(receiver, job_id, chunks=17, webhook=True)


def test_one_trace_of_seventeen_chunks_shows_every_hop(
    told: tuple[str, list[ReceivedSpan]],
) -> None:
    _, trace = told
    names = Counter(span.name for span in trace)
    assert {name for name in ONCE | A_CHUNK if name not in names} == set()
    assert {name: names[name] for name in ONCE} == dict.fromkeys(ONCE, 1)
    assert {name: names[name] for name in A_CHUNK} == dict.fromkeys(A_CHUNK, 17)
    indexes = {span.attributes["quire.chunk_index"] for span in trace if span.name == "chunk"}
    assert indexes == set(range(17))


def test_the_trace_s_id_is_the_job_s_and_all_hangs_together(
    told: tuple[str, list[ReceivedSpan]],
) -> None:
    _, trace = told
    by_id = {span.span_id: span for span in trace}
    assert len(by_id) == len(trace), "no span comes twice"
    [root] = [span for span in trace if not span.parent_id]
    assert root.name == "job"
    for span in trace:
        if span is not root:
            parent = by_id[span.parent_id]
            family = span.name.partition(".")[0]
            expected = "job" if span.name in {family, f"{family}.wait"} else family
            if span.name != "merge.dispatch":
                assert parent.name == expected, span
            # The request came before there was a job. What the database measured is put on this
            # machine's clock with the time that its answer took.
            began = parent.began - 50_000_000
            assert began <= span.began or span.name == "submit", (parent, span)
    assert {span.service for span in trace} == {"quire-functions", "quire-worker"}


def test_what_follows_begins_when_what_was_before_has_ended(
    told: tuple[str, list[ReceivedSpan]],
) -> None:
    _, trace = told
    first = {span.name: span for span in reversed(trace)}
    waits = {
        span.attributes["quire.chunk_index"]: span for span in trace if span.name == "chunk.wait"
    }
    chunks = {span.attributes["quire.chunk_index"]: span for span in trace if span.name == "chunk"}
    assert set(waits) == set(chunks) == set(range(17))
    pairs = [(waits[index], chunks[index]) for index in chunks]
    pairs += [(first[f"{work}.wait"], first[work]) for work in ("merge", "ingest")]
    for wait, work in pairs:
        assert abs(wait.ended - work.began) < 1_000_000, (wait, work)
    last_chunk = max(span.ended for span in trace if span.name == "chunk.record")
    assert first["merge"].began > last_chunk
    assert first["webhook"].began > first["merge.finish"].began


def test_the_caller_s_own_trace_is_linked(told: tuple[str, list[ReceivedSpan]]) -> None:
    _, trace = told
    [submit] = [span for span in trace if span.name == "submit"]
    assert submit.links == ((CALLER_TRACE, CALLER_SPAN),)
    assert submit.kind == "SERVER"


def test_nothing_of_the_document_and_no_secret_is_told(
    traced: QuireClient,
    receiver: OtlpReceiver,
    told: tuple[str, list[ReceivedSpan]],
    tmp_path: Path,
) -> None:
    path = tmp_path / "unspeakable.pdf"
    write_born_digital(path, ["Quetzalcoatlus northropi was a pterosaur."])
    job_id = traced.submit(path)
    assert traced.wait(job_id)["status"] == "completed"
    assert "Quetzalcoatlus" in traced.result(job_id, "text")
    whole(receiver, job_id)
    sent = b"".join(receiver.bodies)
    hidden = {
        *("Quetzalcoatlus", "northropi", "pterosaur", "unspeakable"),
        *("the-secret-name", "hush-matter", "alice", "/hook"),
        traced.stack.environment["SUPABASE__JWT_SECRET"],
        traced.stack.environment["SUPABASE__SERVICE_KEY"],
        "postgresql://",
        "redis://",
    }
    assert {each for each in hidden if each.encode() in sent} == set()


def test_what_was_done_is_measured(
    receiver: OtlpReceiver, told: tuple[str, list[ReceivedSpan]]
) -> None:
    wait_for(lambda: receiver.latest("quire.pages", outcome="read") >= 425, "the pages", 30)
    assert receiver.latest("quire.chunks", outcome="completed") >= 17
    wait_for(lambda: receiver.latest("quire.jobs.ended", status="completed") >= 1, "the end", 30)
    stages = {
        point.labels["stage"] for point in receiver.points if point.name == "quire.stage.duration"
    }
    assert stages >= {*(ONCE | A_CHUNK)} - {
        *("job", "ingest.wait", "chunk.wait", "merge.wait", "webhook.wait")
    }
    units = {point.name: point.unit for point in receiver.points}
    assert units["quire.stage.duration"] == units["quire.queue.wait"] == "s"
    wait_for(lambda: "quire.queue.age" in {point.name for point in receiver.points}, "a look", 30)


def test_lines_of_the_log_carry_the_trace_s_ids(
    traced: QuireClient, told: tuple[str, list[ReceivedSpan]]
) -> None:
    job_id, trace = told
    known = {span.span_id: span.name for span in trace}
    lines = [line.partition("| ")[2] for line in log_of(traced)]
    told_lines = [json.loads(line) for line in lines if job_id in line and line.startswith("{")]
    read = [line for line in told_lines if line["message"] == "chunk is read"]
    assert len(read) == 17
    for line in read:
        trace_name = line["logging.googleapis.com/trace"]
        assert trace_name == f"projects/quire-local/traces/{UUID(job_id).hex}"
        assert known[line["logging.googleapis.com/spanId"]] == "chunk"
        assert line["logging.googleapis.com/trace_sampled"] is True


def log_of(traced: QuireClient) -> list[str]:
    [log] = traced.stack.home.folder.rglob("quire.log")
    return log.read_text().splitlines()


def test_a_chunk_that_is_put_back_shows_the_cause_and_every_attempt(
    traced: QuireClient, receiver: OtlpReceiver, tmp_path: Path
) -> None:
    path = tmp_path / "five.pdf"
    write_mixed(path, pages=5, scanned_every=1000)
    faults = [{"status": "UNAVAILABLE", "times": 1}]
    with traced.document_ai(instant=True, faults=faults):
        job_id = traced.submit(path)
        assert traced.wait(job_id)["status"] == "completed"
    trace = whole(receiver, job_id, chunks=2)
    attempts = [span.attributes["quire.attempt"] for span in trace if span.name == "chunk"]
    assert attempts == [1, 2]
    [failed] = [span for span in trace if span.name == "chunk.put_back"]
    assert failed.error is not None
    wait_for(
        lambda: receiver.latest("quire.chunk.retries", code=failed.error) >= 1, "the retry", 30
    )


def test_a_worker_that_is_killed_takes_only_its_own_last_spans_with_it(
    traced: QuireClient, receiver: OtlpReceiver, tmp_path: Path
) -> None:
    book = tmp_path / "another.pdf"
    write_mixed(book, pages=424, scanned_every=999)
    with traced.document_ai(instant=True, let_through=4):
        job_id = traced.submit(book)
        query = "SELECT completed_chunks FROM jobs WHERE id = %s"
        wait_for(lambda: traced.rows(query, job_id)[0]["completed_chunks"] >= 4, "four chunks")
        os.killpg(os.getpgid(traced.stack.processes["worker"]), signal.SIGKILL)
        traced.let_through(None)
        assert traced.wait(job_id)["status"] == "completed"
    # The first parts of a stretch may have been sent, which then never ended.
    trace = whole(receiver, job_id, chunks=13, orphans=True)
    names = Counter(span.name for span in trace)
    assert names["job"] == names["merge"] == names["ingest"] == 1
    # What the killed had recorded and not yet sent is lost: at most what they were at, and what
    # was done in the fifth of a second before.
    assert 17 - 2 * 2 <= names["chunk.record"] <= 17


def test_without_an_address_nothing_is_imported_and_nothing_recorded() -> None:
    program = (
        "import sys, functions.ingest, functions.merge, functions.webhook, functions.maintain\n"
        "from functions.bootstrap import application\n"
        "assert application().recorder is None\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')"
        " or name.startswith('opentelemetry.exporter') or name == 'prometheus_client'])"
    )
    environment = {**LEAST, "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
