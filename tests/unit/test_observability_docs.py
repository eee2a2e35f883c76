"""docs/observability.md has every span, measure and setting that there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from common.telemetry import Hop, Measure
from infra.sections.telemetry import OpenTelemetrySettings, TelemetrySettings
from infra.telemetry.instruments import INSTRUMENTS

TEXT = (Path(__file__).parents[2] / "docs" / "observability.md").read_text()


def told(pattern: str) -> set[str]:
    return set(re.findall(pattern, TEXT))


def test_every_span_is_explained() -> None:
    spans = told(r"`((?:ingest|chunk|merge|webhook)\.\w+)`")
    assert spans == {hop.value for hop in Hop if "." in hop}
    for hop in Hop:
        assert f"`{hop.value}`" in TEXT


def test_every_measure_is_explained_with_its_unit() -> None:
    rows = dict(re.findall(r"^\| `(quire\.[\w.]+)` \| (\w+(?:, s)?) \|", TEXT, re.MULTILINE))
    assert rows == {
        measure.value: told.kind + (", s" if told.unit == "s" else "")
        for measure, told in INSTRUMENTS.items()
    }
    assert INSTRUMENTS.keys() == set(Measure)


def test_every_setting_is_explained() -> None:
    names = {name.upper() for name in OpenTelemetrySettings.model_fields}
    names |= {f"TELEMETRY__{name.upper()}" for name in TelemetrySettings.model_fields}
    table = TEXT.partition("| setting |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`((?:OTEL|TELEMETRY_)_\w+)`", table)) == names
