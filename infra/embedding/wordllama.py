"""Embeddings on one machine, without a network: WordLlama's token vectors, added up.

Of the package only its two files are used, the tokens and their vectors (MIT). Its own code would
bring half a second of imports and a root logger that writes to the terminal, and pads all texts of
a batch to the longest: the same numbers for twice the CPU time and 50 MB more.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from common.errors import MisconfiguredError
from common.stage_rows import DIMENSIONS, Vector

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

_TOKENS: Final = Path("tokenizers", "l2_supercat_tokenizer_config.json")
_WEIGHTS: Final = Path("weights", "l2_supercat_256.safetensors")
_TENSOR: Final = "embedding.weight"
#: Some 17 MB, the tokenizer's own memory included. Most words of a long text are met again.
_WORDS_KEPT: Final = 20_000


class WordLlamaEmbedder:
    """Means of token vectors, of length 1. A text's vector depends on nothing but the text.

    Words are cut into tokens once: no token of this vocabulary reaches beyond a space. That makes
    it four times as fast as cutting whole texts. White space of any kind divides words.
    """

    def __init__(self) -> None:
        import numpy as np
        from tokenizers import Tokenizer

        folder = _folder()
        self.name = name()
        self._numpy = np
        self._tokenizer = Tokenizer.from_file(str(folder / _TOKENS))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._vectors = _vectors(folder / _WEIGHTS)
        #: Each word's tokens: two bytes each, of which there are 32,000.
        self._ids: dict[str, bytes] = {}

    def embed(self, texts: Sequence[str], *, is_query: bool = False) -> list[Vector]:
        """Return a vector of length 1 for each; questions are embedded as what answers them.

        A text without a word gets the first axis, which is as near to one passage as to another.
        """
        words = [text.split() for text in texts]
        self._learn(word for each in words for word in each)
        return [self._mean(each) for each in words]

    def _mean(self, words: list[str]) -> Vector:
        ids = self._numpy.frombuffer(b"".join([self._ids[word] for word in words]), "uint16")
        total = self._vectors.take(ids, axis=0).sum(axis=0)
        length = float(self._numpy.linalg.norm(total))
        if not length:
            return [1.0] + [0.0] * (DIMENSIONS - 1)
        return cast(Vector, (total / length).tolist())

    def _learn(self, words: Iterable[str]) -> None:
        """Cut words into tokens that have not been met yet."""
        if len(self._ids) > _WORDS_KEPT:
            self._ids.clear()
        wanted = dict.fromkeys(words)
        new = [word for word in wanted if word not in self._ids]
        # Without offsets, for which nobody asks here.
        for word, encoded in zip(
            new, self._tokenizer.encode_batch_fast(new, add_special_tokens=False), strict=True
        ):
            self._ids[word] = array("H", encoded.ids).tobytes()


def name() -> str:
    """Return the engine's name with its version, without loading it."""
    try:
        return f"wordllama-{DIMENSIONS}-{version('wordllama')}"
    except PackageNotFoundError as error:
        raise _not_installed() from error


def _not_installed() -> MisconfiguredError:
    return MisconfiguredError(
        "EMBEDDING__ENGINE=wordllama needs the package wordllama, which is not installed: "
        "install quire[local], or choose another engine."
    )


def _folder() -> Path:
    found = find_spec("wordllama")  # Does not import it
    if found is None or found.origin is None:
        raise _not_installed()
    return Path(found.origin).parent


def _vectors(path: Path) -> NDArray[float32]:
    """Read the one tensor of a safetensors file: its header is JSON behind its length."""
    import numpy as np

    with path.open("rb") as file:
        header: dict[str, Any] = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        tensor = header[_TENSOR]
        first, last = tensor["data_offsets"]
        if tensor["dtype"] != "F16" or tensor["shape"][1] != DIMENSIONS:
            raise MisconfiguredError(f"{path.name} is no table of {DIMENSIONS} half floats a token")
        file.seek(first, 1)
        halves = np.frombuffer(file.read(last - first), dtype="<f2")
    return halves.reshape(tensor["shape"]).astype(np.float32)
