"""A whole stack whose engines are Vertex AI's models, called over their own protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient
from tests.pdfs import write_born_digital

ENGINES = {
    "EMBEDDING__ENGINE": "vertex",
    "ENTITIES__ENGINE": "vertex",
    "NORMALIZATION__ENGINE": "gemini",
    "RETRIES__BASE_SECONDS": "0.2",
}
PAGES = [
    "A letter\n\nMr Smith lived in Paris on 2024-03-12. He paid 1200 EUR to Acme Widgets Ltd. "
    "The w0rd is here.",
    "The house\n\nIt rained all day, and nobody came to see the old house by the river.",
]


def test_stages_and_search_go_by_vertex_ai_through_throttling_and_errors(tmp_path: Path) -> None:
    write_born_digital(tmp_path / "letter.pdf", PAGES)
    options = StackOptions(workers=1, extra_env=ENGINES)
    with (
        Stack(Home(tmp_path / "home"), options=options) as stack,
        QuireClient(stack) as quire,
        httpx.Client(base_url=f"{stack.endpoints['control']}/vertex-ai", trust_env=False) as vertex,
    ):
        faults = [
            # Waited for where it is.
            {
                "status": "RESOURCE_EXHAUSTED",
                "times": 1,
                "retry_after_seconds": 1,
                "match": {"method": "generateContent"},
            },
            # Twice in one call: the stage is tried again.
            {"status": "UNAVAILABLE", "times": 2, "match": {"method": "embedContent"}},
        ]
        assert vertex.put("/controls", json={"faults": faults}).is_success
        job = quire.wait(quire.submit(tmp_path / "letter.pdf", stages=["all"]))
        assert job["status"] == "completed", job
        document = job["document_id"]

        def shown(path: str, name: str, **asked: str) -> list[dict[str, Any]]:
            answer = quire.http.get(path, params=asked)
            assert answer.status_code == 200, answer.text
            found: list[dict[str, Any]] = answer.json()[name]
            return found

        sentences = shown(f"/v1/documents/{document}/sentences", "sentences")
        assert {(each["text"], each["normalized"]) for each in sentences} >= {
            ("The w0rd is here.", "The word is here.")
        }
        entities = shown(f"/v1/documents/{document}/entities", "entities")
        assert {(each["kind"], each["text"], each["value"]) for each in entities} == {
            ("amount", "1200 EUR", "1200.00 EUR"),
            ("date", "2024-03-12", "2024-03-12"),
            ("organisation", "Acme Widgets Ltd", None),
            ("person", "Mr Smith", None),
            ("place", "Paris", None),
        }
        [found] = shown("/v1/search", "results", q="who paid in Paris")
        assert found["ranks"]["vectors"] == 1

        calls = vertex.get("/calls").json()
        statuses = [(call["method"], call["status"]) for call in calls]
        assert ("generateContent", "RESOURCE_EXHAUSTED") in statuses
        assert statuses.count(("embedContent", "UNAVAILABLE")) == 2
        versions = {each["stage"]: each["version"] for each in job["stages"]}
        assert versions["embedding"].endswith("vertex-256-gemini-embedding-2")
