"""What terraform/monitoring.tf counts is what the code logs, word for word and field for field."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.terraform.hcl import local_values, unquoted

ROOT = Path(__file__).parents[2]
_LEVELS = {"debug", "info", "warning", "error", "exception"}


@cache
def logged() -> dict[str, set[str]]:
    """Return every sentence that is logged, and the words that stand in its call."""
    found: dict[str, set[str]] = {}
    for folder in ("functions", "infra", "common"):
        for file in (ROOT / folder).rglob("*.py"):
            for sentence, words in _calls(ast.parse(file.read_text())):
                found.setdefault(sentence, set()).update(words)
    return found


def _calls(tree: ast.AST) -> Iterator[tuple[str, set[str]]]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _LEVELS
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            words = {
                each.value
                for each in ast.walk(node)
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            }
            yield node.args[0].value, words


def counted() -> Iterator[tuple[str, dict[str, str]]]:
    for name, metric in local_values()["logged"].items():
        if not name.startswith("__"):
            yield name, {key: unquoted(str(value)) for key, value in metric.items()}


def test_every_sentence_that_is_counted_is_logged() -> None:
    sentences = {metric["message"] for _, metric in counted()}
    assert sentences
    assert sentences - logged().keys() == set()


def test_every_field_that_is_counted_stands_in_its_line() -> None:
    for name, metric in counted():
        fields = {metric[key] for key in ("value", "by") if key in metric}
        fields |= set(re.findall(r"jsonPayload\.(\w+)", metric.get("only", "")))
        if metric["message"] == "stopped work was sent again":
            # What was found is logged as it was counted.
            source = (ROOT / "functions" / "pipeline" / "maintain.py").read_text()
            assert all(f'"{field}"' in source for field in fields), name
        else:
            assert fields <= logged()[metric["message"]], name


def test_what_is_counted_is_looked_for_where_a_process_logs() -> None:
    sources = {metric["from"] for _, metric in counted()}
    assert sources <= {"api", "ingest", "merge", "maintain", "webhook", "functions", "worker"}
