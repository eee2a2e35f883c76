"""Tesseract: from a picture to blocks of words, whichever way up the page was scanned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tesserocr

from common.results import Box
from infra.local.ocr_engine.compose import FoundBlock, FoundWord
from infra.local.ocr_engine.geometry import turned_back
from infra.local.ocr_engine.languages import folder_with
from infra.local.ocr_engine.picture import DOTS_PER_INCH, Grey

#: Below this mean confidence the page may lie on its side or its head.
DOUBTFUL = 0.60
#: From here on no further way up is tried.
_CERTAIN = 0.75
#: Below this a word without a letter or digit is a speck or a rule, not a word.
_SPECK = 0.40
#: So few words at less than this mean confidence are the paper's grain.
_GRAIN = 0.35
_GRAIN_WORDS = 10
#: Of Tesseract's own orientation detection: above it its word is taken.
_SURE_OF_ORIENTATION = 2.0
#: From here on are the scripts that put no blanks between words.
_EAST = "\u2e80"


@dataclass(frozen=True, slots=True)
class Recognition:
    """What Tesseract read in one picture, boxes in the pixels of the picture as given."""

    blocks: Sequence[FoundBlock]
    #: Mean confidence of the words, each weighing as much as it has characters; 0 without words.
    confidence: float

    @property
    def words(self) -> list[FoundWord]:
        """Every word, in reading order."""
        return [
            word
            for block in self.blocks
            for paragraph in block
            for line in paragraph
            for word in line
        ]


class Recognizer:
    """Tesseract in one process: one loaded API object for each set of languages.

    Not for use by several threads at once.
    """

    def __init__(self, available: Mapping[str, Path]) -> None:
        self.available = available
        self._loaded: dict[tuple[str, ...], tesserocr.PyTessBaseAPI] = {}
        self._orientation: tesserocr.PyTessBaseAPI | None = None

    def load(self, models: tuple[str, ...]) -> tesserocr.PyTessBaseAPI:
        """Return the API object for these models, made the first time they are asked for."""
        if models not in self._loaded:
            folders = tuple(self.available[model] for model in models)
            self._loaded[models] = tesserocr.PyTessBaseAPI(
                path=str(folder_with(models, folders)),
                lang="+".join(models),
                psm=tesserocr.PSM.AUTO,
                oem=tesserocr.OEM.LSTM_ONLY,
            )
        return self._loaded[models]

    def recognize(self, pixels: Grey, models: tuple[str, ...]) -> Recognition:
        """Read a picture, turned until it can be read.

        Only a picture whose words are doubtful is tried in other ways: in the one that
        Tesseract's orientation detection is sure of, otherwise in all. The surest reading is
        kept.
        """
        best = self._read(pixels, models)
        if best.confidence >= DOUBTFUL or not best.words:
            return _without_grain(best)
        for turns in self._other_ways_up(pixels):
            turned = self._read_turned(pixels, models, turns)
            if turned.confidence > best.confidence:
                best = turned
            if best.confidence >= _CERTAIN:
                break
        return _without_grain(best)

    def _read_turned(self, pixels: Grey, models: tuple[str, ...], turns: int) -> Recognition:
        height, width = pixels.shape
        read = self._read(np.ascontiguousarray(np.rot90(pixels, turns)), models)

        def back(box: Box) -> Box:
            return turned_back(box, turns, width, height)

        return Recognition(_with_boxes(read.blocks, back), read.confidence)

    def _read(self, pixels: Grey, models: tuple[str, ...]) -> Recognition:
        api = self.load(models)
        _show(api, pixels)
        try:
            api.Recognize()
            blocks = _blocks(api)
        finally:
            # What one page taught must not colour the next: the same page reads the same
            # wherever it stands.
            api.ClearAdaptiveClassifier()
            api.Clear()
        recognition = Recognition(blocks, 0.0)
        weight = sum(len(word.text) for word in recognition.words)
        total = sum(word.confidence * len(word.text) for word in recognition.words)
        return Recognition(blocks, total / weight if weight else 0.0)

    def _other_ways_up(self, pixels: Grey) -> Sequence[int]:
        """Return the quarter turns, anticlockwise, that may set the picture upright."""
        every = (1, 3, 2)
        if "osd" not in self.available:
            return every
        if self._orientation is None:
            self._orientation = tesserocr.PyTessBaseAPI(
                path=str(self.available["osd"]), lang="osd", psm=tesserocr.PSM.OSD_ONLY
            )
        api = self._orientation
        _show(api, pixels)
        try:
            seen = api.DetectOrientationScript()
        finally:
            api.Clear()
        if seen is None or seen["orient_conf"] < _SURE_OF_ORIENTATION:
            return every
        turns = int(seen["orient_deg"]) // 90 % 4
        return (turns,) if turns else ()


def _show(api: tesserocr.PyTessBaseAPI, pixels: Grey) -> None:
    height, width = pixels.shape
    api.SetImageBytes(pixels.tobytes(), width, height, 1, width)
    api.SetSourceResolution(DOTS_PER_INCH)


def _blocks(api: tesserocr.PyTessBaseAPI) -> list[list[list[list[FoundWord]]]]:
    level = tesserocr.RIL
    blocks: list[list[list[list[FoundWord]]]] = []
    iterator = api.GetIterator()
    if iterator is None or iterator.Empty(level.WORD):
        return blocks
    while True:
        if iterator.IsAtBeginningOf(level.BLOCK) or not blocks:
            blocks.append([])
        if iterator.IsAtBeginningOf(level.PARA) or not blocks[-1]:
            blocks[-1].append([])
        if iterator.IsAtBeginningOf(level.TEXTLINE) or not blocks[-1][-1]:
            blocks[-1][-1].append([])
        line = blocks[-1][-1][-1]
        if (word := _word(iterator)) is not None:
            # Tesseract parts Chinese or Japanese into words where no blank stands.
            if line and line[-1].text[-1] >= _EAST and not iterator.BlanksBeforeWord():
                line[-1] = replace(line[-1], spaced=False)
            line.append(word)
        if not iterator.Next(level.WORD):
            return blocks


def _word(iterator: tesserocr.PyResultIterator) -> FoundWord | None:
    level = tesserocr.RIL
    box = iterator.BoundingBox(level.WORD)
    text = " ".join(iterator.GetUTF8Text(level.WORD).split())
    confidence = iterator.Confidence(level.WORD) / 100
    if not text or not box or (confidence < _SPECK and not any(map(str.isalnum, text))):
        return None
    left, top, right, bottom = map(float, box)
    return FoundWord(text, (left, top, right, bottom), confidence)


def _without_grain(recognition: Recognition) -> Recognition:
    if recognition.confidence < _GRAIN and len(recognition.words) <= _GRAIN_WORDS:
        return Recognition([], 0.0)
    return recognition


def _with_boxes(
    blocks: Sequence[FoundBlock], change: Callable[[Box], Box]
) -> list[list[list[list[FoundWord]]]]:
    return [
        [
            [
                [
                    FoundWord(word.text, change(word.box), word.confidence, word.spaced)
                    for word in line
                ]
                for line in paragraph
            ]
            for paragraph in block
        ]
        for block in blocks
    ]
