"""OpenTelemetry's own SDK and exporter as Quire starts them, towards a receiver of OTLP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from common import telemetry
from common.access import Caller
from common.batches import BatchAction
from common.errors import TransientError
from common.telemetry import EndedJob, Hop, Laps, Measure
from functions.pipeline.control_batch import control_batch
from infra.database.batch_controls import PostgresBatchControls
from infra.database.batch_views import PostgresBatches
from infra.database.controls import PostgresControls
from infra.database.ended_jobs import PostgresEndedJobs
from infra.database.pool import open_pool
from infra.settings import DatabaseSettings, Settings
from infra.telemetry.recorder import LookUp, OpenTelemetryRecorder
from infra.telemetry.setup import start
from tests.environment import LEAST
from tests.otlp_receiver import OtlpReceiver
from tests.world import World

Start = Callable[..., OpenTelemetryRecorder]


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver().serving() as receiver:
        yield receiver


@pytest.fixture
def begin(receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a recorder as a process with this environment would."""
    started: list[OpenTelemetryRecorder] = []

    def begin(
        *,
        ended: Sequence[EndedJob] = (),
        look_up: LookUp | None = None,
        is_worker: bool = False,
        **environment: str,
    ) -> OpenTelemetryRecorder:
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, **environment}
        for name, value in {**LEAST, **told}.items():
            monkeypatch.setenv(name, value)
        recorder = start(Settings(), is_worker=is_worker, look_up=look_up or (lambda _: ended))
        started.append(recorder)
        telemetry.listen(recorder)
        return recorder

    yield begin
    telemetry.listen(None)
    receiver.answering.set()
    for recorder in started:
        recorder.close()


def work(job_id: UUID) -> None:
    with telemetry.job_span(Hop.CHUNK, job_id, chunk_index=0), telemetry.span(Hop.CHUNK_OCR):
        pass


def test_every_process_hangs_its_spans_on_the_same_root_from_the_job_s_id_alone(
    begin: Start, receiver: OtlpReceiver
) -> None:
    job_id = uuid4()
    for _ in range(2):
        begin()
        work(job_id)
        telemetry.flush()
    spans = receiver.trace(str(job_id))
    chunks = [span for span in spans if span.name == "chunk"]
    assert [span.name for span in spans].count("chunk.ocr") == len(chunks) == 2
    assert len({span.parent_id for span in chunks}) == 1
    assert len({span.span_id for span in spans}) == 4

    done = EndedJob(job_id, "failed", 9.0, 1.0, {}, error_code="ENCRYPTED_PDF")
    begin(ended=[done])
    telemetry.job_ended(job_id)
    telemetry.flush()
    [root] = [span for span in receiver.trace(str(job_id)) if span.name == "job"]
    assert (root.span_id, root.parent_id) == (chunks[0].parent_id, "")
    assert root.seconds == pytest.approx(8.0, abs=0.01)
    assert root.error == "ENCRYPTED_PDF"


def test_a_retried_job_s_second_way_is_beside_the_first_and_not_instead_of_it(
    begin: Start, receiver: OtlpReceiver
) -> None:
    job_id = uuid4()
    first = EndedJob(job_id, "completed_with_errors", 100.0, 90.0, {})
    second = EndedJob(job_id, "completed", 130.0, 0.0, {}, retried_ago=20.0)
    for ended in (first, second):
        begin(ended=[ended])
        telemetry.job_ended(job_id)
        telemetry.flush()
    root, again = sorted(receiver.trace(str(job_id)), key=lambda span: span.parent_id)
    assert again.parent_id == root.span_id
    assert again.seconds == pytest.approx(20.0, abs=0.01)


@pytest.mark.parametrize("sampler", ["parentbased_traceidratio", "traceidratio"])
def test_a_part_of_the_jobs_is_kept_whole_and_all_are_measured(
    begin: Start, receiver: OtlpReceiver, sampler: str
) -> None:
    jobs = [uuid4() for _ in range(400)]
    sampled = {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": "0.25"}
    for _ in range(2):
        begin(**sampled)
        for job_id in jobs:
            work(job_id)
        telemetry.flush()
    kept = {span.trace_id for span in receiver.spans}
    assert 60 <= len(kept) <= 140
    # Both processes kept the same jobs, and all of each.
    assert len(receiver.spans) == 4 * len(kept)
    points = [point for point in receiver.points if point.labels.get("stage") == "chunk.ocr"]
    assert sum(point.count or 0 for point in points) == 800


def test_the_sdk_s_own_ratio_would_keep_no_job_at_all() -> None:
    # The first bits of a random UUID's second half are its variant's: why a hash is asked about.
    sampler = TraceIdRatioBased(0.5)
    jobs = [uuid4() for _ in range(200)]
    decisions = {sampler.should_sample(None, job.int, "").decision.is_sampled() for job in jobs}  # type: ignore[no-untyped-call]
    assert decisions == {False}


def test_an_error_s_text_stays_here(begin: Start, receiver: OtlpReceiver) -> None:
    begin()
    job_id = uuid4()
    for error in (TransientError("the page says hush", code="OCR_UNAVAILABLE"), KeyError("hush")):
        with (
            pytest.raises(type(error)),
            telemetry.job_span(Hop.CHUNK, job_id),
            telemetry.span(Hop.CHUNK_OCR),
        ):
            raise error
    telemetry.flush()
    told = [span.error for span in receiver.trace(str(job_id)) if span.name == "chunk"]
    assert told == ["OCR_UNAVAILABLE", "KeyError"]
    assert b"hush" not in b"".join(receiver.bodies)


def test_who_does_not_answer_holds_a_function_up_once_and_not_for_long(
    begin: Start, receiver: OtlpReceiver
) -> None:
    begin(TELEMETRY__FLUSH_SECONDS="0.3")
    receiver.answering.clear()
    work(uuid4())
    began = time.monotonic()
    telemetry.flush()
    first = time.monotonic() - began
    for _ in range(60):
        work(uuid4())
        telemetry.flush()
    rest = time.monotonic() - began - first
    assert 0.25 < first < 10
    # Waiting each time would take 18 s.
    assert rest < 9


def test_nobody_there_is_no_error_for_the_work(begin: Start, unused_port: int) -> None:
    begin(
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{unused_port}",
        OTEL_EXPORTER_OTLP_TIMEOUT="0.2",
    )
    work(uuid4())
    telemetry.flush()


def test_a_database_that_does_not_answer_is_no_error_for_the_work_and_the_end_is_told_later(
    begin: Start, receiver: OtlpReceiver, world: World, database_url: str
) -> None:
    job_id = world.land().job_id
    with world.pool.connection() as connection:
        connection.execute(
            "UPDATE jobs SET status = 'cancelled', finished_at = now(), lease_expires_at = NULL"
            " WHERE id = %s",
            (job_id,),
        )
    hasty = DatabaseSettings(url=f"{database_url}?options=-c%20lock_timeout%3D100")
    with open_pool(hasty) as pool:
        begin(look_up=PostgresEndedJobs(pool).find)
        work(job_id)
        telemetry.job_ended(job_id)
        with psycopg.connect(database_url) as other:
            other.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
            telemetry.flush()
            assert "job" not in [span.name for span in receiver.trace(str(job_id))]
        telemetry.flush()
    assert "job" in [span.name for span in receiver.trace(str(job_id))]


def test_the_way_of_every_job_that_a_batch_s_cancel_ended_is_told(
    begin: Start, receiver: OtlpReceiver, world: World
) -> None:
    batch_id, jobs = world.add_batch(3)
    assert PostgresControls(world.pool).cancel(jobs[0], Caller("alice"))
    begin(look_up=PostgresEndedJobs(world.pool).find)

    def cancel() -> None:
        control_batch(
            BatchAction.CANCEL,
            batch_id,
            Caller("alice"),
            batches=PostgresBatches(world.pool),
            controls=PostgresBatchControls(world.pool),
            dispatch=lambda: pytest.fail("nothing is to be sent"),
            tasks=lambda: pytest.fail("nothing is to be sent"),
            give_turns=lambda: None,
            announce=lambda: None,
            tell=lambda: None,
        )
        telemetry.flush()

    cancel()
    for job_id in jobs[1:]:
        assert [span.name for span in receiver.trace(str(job_id))] == ["job"]
    cancel()
    assert len(receiver.spans) == 2, "what had ended before is no news"


def test_measures_alone_are_sent_where_only_they_are_wanted(
    begin: Start, receiver: OtlpReceiver
) -> None:
    begin(
        OTEL_EXPORTER_OTLP_ENDPOINT="",
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=f"{receiver.url}/v1/metrics",
    )
    work(uuid4())
    telemetry.add(Measure.PAGES, 25, outcome="read")
    assert telemetry.ids() is None
    telemetry.flush()
    assert receiver.spans == []
    assert receiver.latest("quire.pages", outcome="read") == 25
    assert "chunk.ocr" in {point.labels.get("stage") for point in receiver.points}


def test_what_a_vendor_asks_for_is_sent_along(begin: Start, receiver: OtlpReceiver) -> None:
    begin(OTEL_EXPORTER_OTLP_HEADERS="x-api-key=sesame", OTEL_SERVICE_NAME="quire-ingest")
    work(uuid4())
    telemetry.flush()
    assert {headers["x-api-key"] for headers in receiver.headers} == {"sesame"}
    assert {headers["content-type"] for headers in receiver.headers} == {"application/x-protobuf"}
    assert {span.service for span in receiver.spans} == {"quire-ingest"}


def test_a_stretch_begins_with_its_laps_and_its_wait_ends_there(
    begin: Start, receiver: OtlpReceiver
) -> None:
    begin()
    job_id, laps = uuid4(), Laps()
    laps.lap(Hop.CHUNK_LOCK)
    laps.lap(Hop.CHUNK_CLAIM)
    telemetry.waited(Hop.CHUNK_WAIT, job_id, 2.0, laps)
    with telemetry.job_span(Hop.CHUNK, job_id, laps):
        pass
    telemetry.flush()
    named = {span.name: span for span in receiver.trace(str(job_id))}
    assert named["chunk"].began == named["chunk.lock"].began == named["chunk.wait"].ended
    assert named["chunk.lock"].ended == named["chunk.claim"].began
    assert {named[name].parent_id for name in ("chunk.lock", "chunk.claim")} == {
        named["chunk"].span_id
    }
    assert named["chunk.wait"].seconds == pytest.approx(2.0, abs=0.1)


def test_outside_of_any_job_s_way_there_are_no_spans(begin: Start, receiver: OtlpReceiver) -> None:
    begin()
    with telemetry.span(Hop.CHUNK_OCR):
        pass
    telemetry.flush()
    assert receiver.spans == []


def test_google_is_sent_a_token_of_the_process_s_own_account(
    begin: Start, receiver: OtlpReceiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []

    class Tokens(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            answer = json.dumps({"access_token": "open-sesame", "expires_in": 3600}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    account = tmp_path / "account.json"
    account.write_text(
        json.dumps(
            {
                "type": "service_account",
                "project_id": "quire-test",
                "client_email": "quire-ingest@quire-test.iam.gserviceaccount.com",
                "private_key_id": "1",
                "private_key": key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                ).decode(),
                "token_uri": f"http://127.0.0.1:{server.server_address[1]}/token",
            }
        )
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
    try:
        begin(TELEMETRY__GOOGLE_LOGIN="true")
        work(uuid4())
        telemetry.flush()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert {headers["authorization"] for headers in receiver.headers} == {"Bearer open-sesame"}
    assert asked
    assert receiver.spans
