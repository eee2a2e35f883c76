"""A batch's throughput over its time, as it is drawn, read out and told in a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.batches import ended, letters, make_batch
from tests.browser.conftest import Visit
from tests.e2e.quire_client import QuireClient


def test_the_chart_has_what_was_read_when(visit: Visit, quire: QuireClient, tmp_path: Path) -> None:
    with quire.document_ai(instant=True):
        batch_id = make_batch(quire, letters(tmp_path / "letters", 3, pages=4))
        ended(quire, batch_id)
    # Its past as a test knows it: 4 pages at once, 8 a minute and a half later.
    began = datetime(2026, 11, 20, 9, 0, 5, tzinfo=UTC)
    rows = quire.rows(
        "SELECT job_id FROM batch_jobs WHERE batch_id = %s ORDER BY position", batch_id
    )
    for job, after in zip([row["job_id"] for row in rows], (2, 95, 96), strict=True):
        at = began + timedelta(seconds=after)
        quire.rows(
            "UPDATE job_events SET at = %s WHERE job_id = %s AND kind = 'chunk_completed'", at, job
        )
        quire.rows("UPDATE batch_events SET at = %s WHERE job_id = %s", at, job)
    quire.rows(
        "UPDATE batches SET created_at = %s, started_at = %s, finished_at = %s WHERE id = %s",
        *(began, began, began + timedelta(seconds=118), batch_id),
    )
    visitor = visit(f"/batches/{batch_id}", timezone_id="Europe/Berlin")
    page = visitor.page
    expect(page.locator(".chart .told")).to_have_text(
        "12 pages read; at most 240 pages a minute. A bar is 2 s."
    )
    page.get_by_text("As a table").click()
    told = page.locator(".astable tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    # 09:00:06 and two seconds, in Berlin an hour later; 4 pages in 2 s are 120 a minute.
    assert told == [["10:00:06", "120", "4", "1"], ["10:01:40", "240", "8", "2"]]
    heights = page.locator(".plot rect").evaluate_all(
        "bars => bars.map((bar) => Number(bar.getAttribute('height'))).filter(Boolean)"
    )
    assert heights[1] == pytest.approx(heights[0] * 2, rel=0.01)
    ticks = page.locator(".plot text.value").all_text_contents()
    assert ticks[0] == "0"
    assert int(ticks[-1]) >= 240
    # By keys, and read out.
    told_here = page.locator(".chart .told")
    plot = page.get_by_role("slider", name="Throughput, pages a minute")
    plot.focus()
    page.keyboard.press("Home")
    expect(page.locator(".chart .told")).to_have_text(
        "10:00:04: 0 pages a minute, 0 pages, 0 documents"
    )
    page.keyboard.press("ArrowRight")
    said = "10:00:06: 120 pages a minute, 4 pages, 1 document"
    expect(plot).to_have_attribute("aria-valuetext", said)
    box = plot.bounding_box()
    assert box is not None
    bar = page.locator(".plot rect.chosen").bounding_box()
    assert bar is not None
    page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 60)
    expect(told_here).not_to_have_text(said)
    page.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] - 5)
    expect(told_here).to_have_text(said)
