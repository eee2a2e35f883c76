"""Which engines a process has by its settings, and what it loads for them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from common.quota import QuotaRules
from functions.wiring.engines import Engines
from infra.local.stack import Stack
from infra.settings import Settings
from tests.contract.quota_fixtures import bucket_of
from tests.contract.vertex_fixtures import Vertex, running_vertex, vertex
from tests.environment import LEAST

__all__ = ["bucket_of", "running_vertex", "vertex"]


@pytest.fixture
def environment(
    vertex: Vertex, servers: Stack, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """An environment whose Redis and Vertex AI are there."""
    vertex.bucket_of(QuotaRules(1))  # Empties Redis
    settings = {
        **LEAST,
        "REDIS_URL": servers.endpoints["redis"],
        "VERTEX__ENDPOINT": vertex.address,
        "VERTEX__INSECURE": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_by_the_settings_all_engines_are_googles_models(
    vertex: Vertex, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("EMBEDDING__ENGINE", "vertex")
    environment.setenv("ENTITIES__ENGINE", "vertex")
    environment.setenv("NORMALIZATION__ENGINE", "gemini")
    environment.setenv("VERTEX__MODEL", "gemini-3.1-flash-lite")
    engines = Engines(Settings())
    assert engines.calls_models

    assert len(engines.embedder.embed(["A passage."], is_query=True)) == 1
    assert engines.normalizes
    assert engines.normalizer.normalize(["The w0rd."], "en") == ["The word."]
    [[found]] = engines.entity_finder.find(["We met in Paris."], "en")

    assert found.start == 10
    assert [call["model"] for call in vertex.made] == [
        "gemini-embedding-2",
        "gemini-3.1-flash-lite",
        "gemini-3.1-flash-lite",
    ]
    assert engines.engine_name("embedder") == engines.embedder.name
    assert engines.engine_name("entities") == engines.entity_finder.name
    assert engines.engine_name("segmenter").endswith(f"+{engines.normalizer.name}")


def test_by_default_no_text_leaves_the_machine(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("VERTEX__ENDPOINT")
    engines = Engines(Settings())

    assert not engines.normalizes
    assert not engines.calls_models
    assert "gemini" not in engines.engine_name("segmenter")
    assert not engines.engine_name("entities").startswith("vertex")
    assert not engines.engine_name("embedder").startswith("vertex")


def test_engines_are_named_and_doors_opened_without_google_s_client() -> None:
    code = (
        "import sys\n"
        "import functions.api.app, functions.ingest, functions.merge\n"
        "from functions.wiring.engines import Engines\n"
        "from infra.settings import Settings\n"
        "engines = Engines(Settings())\n"
        "print(*(engines.engine_name(each) for each in ('embedder', 'entities', 'segmenter')))\n"
        "print('google.genai' in sys.modules, 'httpx2' in sys.modules)\n"
    )
    chosen = {
        "EMBEDDING__ENGINE": "vertex",
        "ENTITIES__ENGINE": "vertex",
        "NORMALIZATION__ENGINE": "gemini",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**LEAST, **chosen},
        capture_output=True,
        text=True,
        check=True,
    )

    names, loaded = done.stdout.splitlines()
    assert names.split()[0] == "vertex-256-gemini-embedding-2"
    assert loaded == "False False"
