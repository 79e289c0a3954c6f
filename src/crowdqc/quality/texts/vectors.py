"""Vectors that stand for texts: likeness of spelling without any model, or whatever an encoder gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.quality.arrays import Counts, Floats, brief
from crowdqc.quality.texts.texts import InvalidTexts

#: Gives a vector for a text, always of the same size.
Encoder = Callable[[str], ArrayLike]

#: Lengths of the runs of characters that are counted, kinds of runs told apart, and numbers in a vector.
LENGTHS = (2, 3, 4)
KINDS = 1 << 18
SIZE = 512
#: Texts taken apart at once: bounds memory, changes no result.
TEXTS = 1 << 12


class Vectors(Protocol):
    """Gives vectors of length 1."""

    def rows(self, texts: Sequence[str]) -> Floats:
        """Give a vector for each text, float64[n, size]."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class HashedGrams:
    """An encoder without any model: the runs of 2 to 4 characters in a text, the rarer the heavier.

    A run counts 1 + log(times it occurs in the text), times 1 + log((1 + texts) / (1 + texts that have it)), and
    falls, with a sign, into one of 512 numbers, by a hash of its characters that is the same everywhere.

    Attributes
    ----------
    weight
        float64[kinds], of each kind of runs.

    References
    ----------
    K. Weinberger, A. Dasgupta, J. Langford, A. Smola, J. Attenberg (2009), Feature hashing for large scale
    multitask learning, ICML, section 2.

    Examples
    --------
    >>> texts = ["a red cat", "the red cat", "no idea"]
    >>> vectors = HashedGrams.of(texts).rows(texts)
    >>> (vectors @ vectors.T).round(1).tolist()
    [[1.0, 0.6, 0.0], [0.6, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """

    weight: Floats

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Learn from some texts which runs are rare; a repeated text counts once."""
        distinct = sorted(set(texts))
        spread = np.zeros(KINDS, dtype=np.int64)
        for start in range(0, len(distinct), TEXTS):
            spread += np.bincount(_grams(distinct[start : start + TEXTS])[1], minlength=KINDS)
        return cls(1 + np.log((1 + len(distinct)) / (1 + spread)))

    def __call__(self, text: str) -> Floats:
        """Give the vector of one text, float64[512], of length 1."""
        return np.asarray(self.rows([text])[0])

    def rows(self, texts: Sequence[str]) -> Floats:
        """Give the vectors of many texts at once, float64[n, 512]."""
        text, kind, times = _grams(texts)
        hashed = _mixed(kind.astype(np.uint64))
        sign = 1.0 - 2.0 * ((hashed >> np.uint64(40)) & np.uint64(1)).astype(np.float64)
        cell = text * SIZE + (hashed % np.uint64(SIZE)).astype(np.int64)
        weight = (1 + np.log(times)) * self.weight[kind] * sign
        vectors = np.bincount(cell, weights=weight, minlength=len(texts) * SIZE).reshape(len(texts), SIZE)
        vectors = vectors.astype(np.float64)
        vectors[~vectors.any(axis=1), 0] = 1.0  # should all runs of a text have cancelled out
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Vectors that an encoder gave, each text's once."""

    place: dict[str, int]
    vectors: Floats

    @classmethod
    def of(cls, texts: Sequence[str], encoder: Encoder) -> Self:
        """Encode texts.

        Raises
        ------
        InvalidTexts
            The encoder gives vectors of several sizes, numbers that are not finite, or one of nothing but zeros.
        """
        vectors: list[Floats] = []
        distinct = sorted(set(texts))
        for text in distinct:
            vector = np.asarray(encoder(text), dtype=np.float64)
            if vector.ndim != 1 or not np.isfinite(vector).all() or not vector.any():
                raise InvalidTexts(
                    f"The encoder's vector for {text!r} must be finite numbers in a row, not all 0."
                )
            if vectors and vector.size != vectors[0].size:
                sizes = f"{vector.size} numbers for {text!r} and {vectors[0].size} for others"
                raise InvalidTexts(f"The encoder gives {sizes}; all vectors must be of one size.")
            vectors.append(vector / np.linalg.norm(vector))
        place = {text: row for row, text in enumerate(distinct)}
        return cls(place, np.array(vectors) if vectors else np.zeros((0, 1)))

    def rows(self, texts: Sequence[str]) -> Floats:
        return np.asarray(self.vectors[[self.place[text] for text in texts]])


def vectors_of(texts: Sequence[str], encoder: Encoder | None) -> Vectors:
    """Make ready the vectors of these texts: those of `HashedGrams` where there is no encoder."""
    return HashedGrams.of(texts) if encoder is None else Encoded.of(texts, encoder)


def _grams(texts: Sequence[str]) -> tuple[Counts, Counts, Counts]:
    """Take texts apart: the text, the kind and the number of each kind of runs in each text."""
    # a mark at either end, so that beginnings and ends count, and an empty text is a text
    marked = [f"\x02{text}\x03" for text in texts]
    owner = np.repeat(np.arange(len(marked)), [len(text) for text in marked])
    letters = np.frombuffer("".join(marked).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    keys = []
    for length in LENGTHS:
        starts = max(letters.size - length + 1, 0)
        run = np.full(starts, length, dtype=np.uint64)
        for step in range(length):
            run = _mixed(run + letters[step : step + starts])
        inside = owner[:starts] == owner[letters.size - starts :]
        kind = (run[inside] >> np.uint64(20)).astype(np.int64) & (KINDS - 1)
        keys.append(owner[:starts][inside] * KINDS + kind)
    key, times = np.unique(np.concatenate(keys), return_counts=True)
    text, kind = np.divmod(key, KINDS)
    return text, kind, times


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter 64-bit numbers (the finaliser of splitmix64); products wrap round, by intention."""
    numbers = (numbers + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
    numbers ^= numbers >> np.uint64(27)
    numbers = numbers * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))
