"""Draws a real job's trace for the documentation: `python -m tests.trace_picture`.

A stack with four workers reads 425 pages in 17 chunks and sends what it records to a receiver of
OTLP. The SVG follows the reader's light or dark.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient, wait_for
from tests.otlp_receiver import OtlpReceiver, ReceivedSpan
from tests.pdfs.documents import write_mixed
from tests.receiver import WebhookReceiver

PICTURE: Final = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "trace-17-chunks.svg"

_LEFT, _RIGHT, _TOP, _ROW, _BAR = 236, 92, 78, 23, 14
_WIDTH: Final = 1240
_PLOT: Final = _WIDTH - _LEFT - _RIGHT

#: Which colour says what, and which stages have it.
_KINDS: Final = {
    "wait": ("waits: in a queue, for its turn", ("wait",)),
    "db": ("Postgres: claim, plan, turns, record, rows", ("claim", "plan", "turns", "record",
                                                         "pages", "finish", "dispatch")),
    "store": ("storage: download, chunk PDF, cached or stored result",
              ("download", "upload", "source", "store", "load", "cache")),
    "ocr": ("Document AI: one call of 25 pages", ("ocr",)),
    "cut": ("pikepdf: a chunk's PDF is cut", ("cut",)),
    "net": ("HTTP: the request, the webhook", ("submit", "post")),
    "lock": ("Redis: the chunk's lock", ("lock",)),
}  # fmt: skip
_COLOURS: Final = {stage: kind for kind, (_, stages) in _KINDS.items() for stage in stages}

_STYLE: Final = """
  text { font: 12.5px system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif;
         fill: var(--ink) }
  .title { font-size: 17px; font-weight: 600 }
  .soft { fill: var(--soft) }
  .end { text-anchor: end }
  .mid { text-anchor: middle }
  .in { font-size: 10.5px; fill: var(--on) } .in.quiet { fill: var(--ink) }
  .head { font-weight: 600 }
  .paper { fill: var(--paper) }
  .grid { stroke: var(--line); stroke-width: 1 }
  .band { fill: var(--band) }
  .frame { fill: var(--frame) }
  .wait { fill: var(--wait) } .db { fill: var(--db) } .store { fill: var(--store) }
  .ocr { fill: var(--ocr) } .cut { fill: var(--cut) } .net { fill: var(--net) }
  .lock { fill: var(--lock) }
  svg { --paper: #fffdf9; --ink: #24211c; --soft: #645d52; --line: #ddd5c7; --band: #f5f0e6;
        --frame: #c9c0b0; --on: #24211c; --wait: #d9d2c4; --db: #7a5ea8; --store: #2f7fb5;
        --ocr: #e0a92f; --cut: #3c8a5f; --net: #2d5a4d; --lock: #c0392b }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #191714; --ink: #ebe5d9; --soft: #b3aa9b; --line: #38332c; --band: #221f1a;
          --frame: #57503f; --on: #191714; --wait: #4a443a; --db: #a98fd6; --store: #5fb0e0;
          --ocr: #e3b557; --cut: #6dbb8e; --net: #8cc7b2; --lock: #f07b6c }
  }
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the picture."""

    label: str
    #: Which process.
    where: str
    #: What is drawn as the whole, behind its parts.
    frame: ReceivedSpan | None
    parts: Sequence[ReceivedSpan]


def main() -> None:
    """Record a job, and draw it."""
    trace = recorded()
    PICTURE.write_text(drawn(trace), encoding="utf-8")
    sys.stdout.write(f"{PICTURE}: {len(trace)} spans\n")


def recorded() -> list[ReceivedSpan]:
    """Return the spans of one job of seventeen chunks."""
    with (
        tempfile.TemporaryDirectory(prefix="quire-trace-") as folder,
        OtlpReceiver().serving() as receiver,
        WebhookReceiver().serving() as owner,
    ):
        options = StackOptions(
            workers=4,
            extra_env={
                "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
                "OTEL_BSP_SCHEDULE_DELAY": "300",
                "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{receiver.url}/v1/metrics",
            },
        )
        first, book = Path(folder) / "first.pdf", Path(folder) / "book.pdf"
        write_mixed(first, pages=26, scanned_every=1000)
        write_mixed(book, pages=425, scanned_every=1000)
        with (
            Stack(Home(Path(folder) / "home"), options=options) as stack,
            QuireClient(stack) as quire,
            quire.document_ai(instant=True, latency_per_call_seconds=0.6),
        ):
            # The first job pays for every process's clients and connections.
            for _ in range(2):
                quire.wait(quire.submit(first, cache=False))
            job_id = quire.submit(book, webhook_url=owner.url())
            quire.wait(job_id)
            owner.next()

            def arrived() -> list[ReceivedSpan] | None:
                trace = receiver.trace(job_id)
                known = {span.span_id for span in trace}
                names = {span.name for span in trace}
                whole = all(not span.parent_id or span.parent_id in known for span in trace)
                return trace if whole and {"job", "webhook"} <= names else None

            return wait_for(arrived, "the trace", 30)


def rows_of(trace: Sequence[ReceivedSpan]) -> Iterator[Row]:
    """Yield the picture's lines: each process's work, and one line a chunk."""
    named: dict[str, list[ReceivedSpan]] = {}
    for span in trace:
        named.setdefault(span.name, []).append(span)

    def parts(stage: str, index: int | None = None) -> list[ReceivedSpan]:
        return [
            span
            for span in trace
            if span.name.startswith(f"{stage}.")
            and (index is None or belongs.get(span.span_id) == index)
        ]

    chunks = sorted(named["chunk"], key=lambda span: span.attributes["quire.chunk_index"])
    belongs = {span.span_id: span.attributes["quire.chunk_index"] for span in chunks}
    for span in trace:
        if span.name == "chunk.wait":
            belongs[span.span_id] = span.attributes["quire.chunk_index"]
        elif span.parent_id in belongs:
            belongs[span.span_id] = belongs[span.parent_id]

    yield Row("job", "", named["job"][0], ())
    yield Row("submit", "api", None, named["submit"])
    lanes = ("ingest.cut", "ingest.upload", "ingest.dispatch")
    rest = [span for span in parts("ingest") if span.name not in lanes]
    yield Row("ingest", "ingest", named["ingest"][0], rest)
    for lane in lanes:
        yield Row(f"  {lane}, {len(named[lane])} times", "ingest", None, named[lane])
    for chunk in chunks:
        index = chunk.attributes["quire.chunk_index"]
        pages = f"{chunk.attributes['quire.page_start']}-{chunk.attributes['quire.page_end']}"
        yield Row(f"chunk {index}, pages {pages}", "worker", chunk, parts("chunk", index))
    yield Row("merge", "merge", named["merge"][0], parts("merge"))
    yield Row("webhook", "webhook", named["webhook"][0], parts("webhook"))


def drawn(trace: Sequence[ReceivedSpan]) -> str:
    """Return the SVG."""
    rows = list(rows_of(trace))
    began, ended = min(span.began for span in trace), max(span.ended for span in trace)
    scale = _PLOT / (ended - began)

    def x(moment: int) -> float:
        return _LEFT + (moment - began) * scale

    bottom = _TOP + len(rows) * _ROW
    closer = bottom + 34 + 22 * ((len(_KINDS) + 1) // 2) + 24
    panels = list(panels_of(trace))
    height = closer + 30 + _ROW * max(len(spans) for _, spans in panels) + 14
    seconds = (ended - began) / 1e9
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"'
        f' aria-label="The trace of a job of 17 chunks, hop by hop">',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{_WIDTH}" height="{height}" rx="8"/>',
        f'<text class="title" x="16" y="28">One trace: 425 pages in 17 chunks, four workers, '
        f"{seconds:.1f} s</text>",
        f'<text class="soft" x="16" y="48">{len(trace)} spans from five functions and a worker '
        "pool, and the trace's id is the job's. Recorded on one machine with two cores; Document "
        "AI is emulated.</text>",
    ]
    step = next(each for each in (0.1, 0.2, 0.5, 1, 2, 5, 10, 30) if seconds / each <= 12)
    for number in range(int(seconds / step) + 1):
        at = x(began + int(number * step * 1e9))
        out.append(
            f'<line class="grid" x1="{at:.1f}" y1="{_TOP - 6}" x2="{at:.1f}" y2="{bottom}"/>'
        )
        out.append(
            f'<text class="soft mid" x="{at:.1f}" y="{_TOP - 11}">{number * step:g} s</text>'
        )
    for number, row in enumerate(rows):
        out.extend(_line(row, _TOP + number * _ROW, number, x))
    for number, (kind, (told, _)) in enumerate(_KINDS.items()):
        left = _LEFT + (number % 2) * 440
        top = bottom + 22 + (number // 2) * 22
        out.append(f'<rect class="{kind}" x="{left}" y="{top}" width="14" height="12" rx="2"/>')
        out.append(f'<text x="{left + 21}" y="{top + 10.5}">{escape(told)}</text>')
    for number, (title, spans) in enumerate(panels):
        out.extend(_panel(title, spans, 16 + number * 408, closer))
    return "\n".join([*out, "</svg>\n"])


def panels_of(trace: Sequence[ReceivedSpan]) -> Iterator[tuple[str, list[ReceivedSpan]]]:
    """Yield what is looked at closer: the spans of one stretch, each on a line of its own."""
    first: dict[str, ReceivedSpan] = {}
    for span in trace:
        first.setdefault(span.name, span)
    eighth = next(
        span for span in trace if span.name == "chunk" and span.attributes["quire.chunk_index"] == 8
    )
    yield (
        "ingest, closer: the first wave",
        [first[f"ingest.{name}"] for name in _INGEST],
    )
    yield (
        "chunk 8, closer: from its claim on",
        [span for span in trace if span.parent_id == eighth.span_id],
    )
    yield (
        "merge and webhook, closer",
        [first[f"merge.{name}"] for name in _MERGE]
        + [first[name] for name in ("webhook.wait", "webhook.post")],
    )


_INGEST: Final = ("wait", "claim", "download", "plan", "cut", "upload", "dispatch")
_MERGE: Final = ("dispatch", "wait", "claim", "load", "store", "pages", "finish")


def _panel(title: str, spans: Sequence[ReceivedSpan], left: int, top: int) -> Iterator[str]:
    began, ended = min(span.began for span in spans), max(span.ended for span in spans)
    scale = 196 / (ended - began)
    yield f'<text class="head" x="{left}" y="{top + 12}">{escape(title)}</text>'
    for number, span in enumerate(spans):
        y = top + 24 + number * _ROW
        middle = y + _ROW / 2 + 4.5
        yield f'<text x="{left}" y="{middle}">{span.name}</text>'
        kind = _COLOURS[span.name.rpartition(".")[2]]
        at = left + 116 + (span.began - began) * scale
        width = max(1.5, (span.ended - span.began) * scale)
        bar = f'x="{at:.1f}" y="{y + 5}" width="{width:.1f}" height="12" rx="1.5"'
        yield f'<rect class="{kind}" {bar}/>'
        took = f"{span.seconds * 1000:,.1f} ms" if span.seconds < 1 else f"{span.seconds:,.2f} s"
        yield f'<text class="soft end" x="{left + 388}" y="{middle}">{took}</text>'


def _line(row: Row, top: int, number: int, x: Callable[[int], float]) -> Iterator[str]:
    if number % 2:
        yield f'<rect class="band" x="8" y="{top}" width="{_WIDTH - 16}" height="{_ROW}"/>'
    middle = top + _ROW / 2 + 4.5
    left = 28 if row.label.startswith(" ") else 16
    yield f'<text x="{left}" y="{middle}">{escape(row.label.strip())}</text>'
    if row.where:
        yield f'<text class="soft end" x="{_LEFT - 10}" y="{middle}">{row.where}</text>'
    y = top + (_ROW - _BAR) / 2
    if row.frame:
        yield _bar("frame", row.frame, x, y + _BAR / 2 - 1.5, 3)
    for span in sorted(row.parts, key=lambda span: span.ended - span.began, reverse=True):
        stage = span.name.rpartition(".")[2]
        yield _bar(_COLOURS[stage], span, x, y, _BAR)
        width = x(span.ended) - x(span.began)
        if width > 8 + 6 * len(stage) and row.frame:
            at = (x(span.began) + x(span.ended)) / 2
            look = "in mid quiet" if stage == "wait" else "in mid"
            yield f'<text class="{look}" x="{at:.1f}" y="{y + _BAR - 3.5}">{stage}</text>'
    spans = [*row.parts, *([row.frame] if row.frame else [])]
    took = (max(span.ended for span in spans) - min(span.began for span in spans)) / 1e6
    text = f"{took:,.0f} ms" if took < 10_000 else f"{took / 1000:,.1f} s"
    yield f'<text class="soft end" x="{_WIDTH - 18}" y="{middle}">{text}</text>'


def _bar(kind: str, span: ReceivedSpan, x: Callable[[int], float], y: float, height: float) -> str:
    width = max(1.2, x(span.ended) - x(span.began))
    told = f"{span.name}: {span.seconds * 1000:,.1f} ms"
    return (
        f'<rect class="{kind}" x="{x(span.began):.1f}" y="{y}" width="{width:.1f}"'
        f' height="{height}" rx="1.5"><title>{escape(told)}</title></rect>'
    )


if __name__ == "__main__":
    main()
