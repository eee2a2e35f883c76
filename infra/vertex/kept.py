"""Answers of requests that broke off: paid for, and wanted again when the request comes back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any, Final

#: Texts that answers are kept for. A text's vector takes 8 KB, so a process gives them 16 MB at
#: most; a checkpoint of 100 passages or 50 pages is well within.
_TEXTS: Final = 2000


class KeptAnswers:
    """The latest answers, by what was asked, as one process has them. Safe between threads.

    An answer depends on nothing but what was asked: whose document it is makes no difference.
    """

    def __init__(self, most_texts: int = _TEXTS) -> None:
        self._most_texts = most_texts
        self._answers: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._texts = 0
        self._lock = Lock()

    def keep(self, asked: str, answer: Any, *, texts: int) -> None:
        """Keep an answer to so many texts, and let those go that were used longest ago."""
        with self._lock:
            self._forget(asked)
            self._answers[asked] = (answer, texts)
            self._texts += texts
            while self._texts > self._most_texts:
                self._forget(next(iter(self._answers)))

    def among(self, asked: Iterable[str]) -> Mapping[str, Any]:
        """Return the answers that there are."""
        with self._lock:
            found = {each: self._answers[each][0] for each in asked if each in self._answers}
            for each in found:
                self._answers.move_to_end(each)
            return found

    def forget(self, asked: Iterable[str]) -> None:
        """Let these go."""
        with self._lock:
            for each in asked:
                self._forget(each)

    def _forget(self, asked: str) -> None:
        _, texts = self._answers.pop(asked, (None, 0))
        self._texts -= texts
