"""Who wrote what about which item, as coded columns."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid
from crowdqc.quality import columns
from crowdqc.quality.arrays import Codes, Flags, brief
from crowdqc.quality.columns import Answered, Repeats
from crowdqc.quality.texts.reading import Reading, Tokenizer, Words

_READING = Reading()


class InvalidTexts(Invalid):
    """The answers cannot be read as texts."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Texts(Answered):
    """Text answers as columns, sorted by item and then by worker; build them with `of` or `coded`.

    Attributes
    ----------
    item, worker
        int32[n], codes into `items`, `workers`.
    text
        n texts as they were written; an empty one is an answer.
    items, workers
        The ids by code; an item may have no answer.
    reading
        What is left out of account when texts are compared.
    """

    item: Codes
    worker: Codes
    text: tuple[str, ...]
    items: tuple[Hashable, ...]
    workers: tuple[Hashable, ...]
    reading: Reading = _READING

    @classmethod
    def of(
        cls,
        items: Iterable[Hashable],
        workers: Iterable[Hashable],
        texts: Iterable[Any],
        *,
        reading: Reading = _READING,
        repeats: Repeats = "first",
        all_items: Sequence[Hashable] | None = None,
    ) -> Self:
        """Read three parallel columns, one row an answer, in the order of answering.

        Parameters
        ----------
        texts
            What workers wrote.
        reading
            What is left out of account when texts are compared: by default case, spacing, and how a character is
            encoded.
        repeats
            What to do when a worker answered an item more than once: keep the first or the last
            answer, keep all, or reject the whole. Only here does the order of the rows matter.
        all_items
            Every item, in the order that per-item results shall have; None takes those with answers, sorted.

        Raises
        ------
        InvalidTexts
            A missing id, an answer that is missing or no text, columns of unequal length.

        Examples
        --------
        >>> texts = Texts.of(["a", "a", "b"], ["bob", "ann", "ann"], ["A cat.", "a  cat.", "A dog."])
        >>> texts.text, texts.compared()
        (('a  cat.', 'A cat.', 'A dog.'), ('a cat.', 'a cat.', 'a dog.'))
        """
        said = columns.plain(texts)
        item, worker, known_items, known_workers = columns.asked(items, workers, said, InvalidTexts, all_items)
        return cls.coded(
            item, worker, said, items=known_items, workers=known_workers, reading=reading, repeats=repeats
        )

    @classmethod
    def coded(
        cls,
        item: ArrayLike,
        worker: ArrayLike,
        text: Iterable[Any],
        *,
        items: Sequence[Hashable],
        workers: Sequence[Hashable],
        reading: Reading = _READING,
        repeats: Repeats = "first",
    ) -> Self:
        """Build texts from columns that are codes already; checks, sorts and settles repeats as `of` does."""
        of_item = columns.checked(item, len(items), "item", InvalidTexts)
        of_worker = columns.checked(worker, len(workers), "worker", InvalidTexts)
        said = columns.plain(text)
        columns.equally_long((of_item, of_worker, said), InvalidTexts)
        for row, each in enumerate(said):
            if not isinstance(each, str):
                fault = "is missing" if _missing(each) else f"is {each!r}, not text"
                raise InvalidTexts(f"The text of row {row} {fault}.", row=row)
        keep = columns.settled(of_item.astype(np.int64), of_worker, repeats, InvalidTexts)
        kept = tuple(said[row] for row in keep.tolist())
        return cls(of_item[keep], of_worker[keep], kept, tuple(items), tuple(workers), reading)

    def compared(self) -> tuple[str, ...]:
        """Give each text in the form in which it is compared."""
        form = {text: self.reading(text) for text in set(self.text)}
        return tuple(form[text] for text in self.text)

    def words(self, tokenizer: Tokenizer = str.split) -> list[Words]:
        """Take each text apart into words, in the form in which they are compared; empty words are left out."""
        form: dict[str, str] = {}
        taken: dict[str, Words] = {}
        for text in set(self.text):
            tokens = tokenizer(text)
            form.update((token, self.reading(token)) for token in tokens if token not in form)
            taken[text] = tuple(form[token] for token in tokens if form[token])
        return [taken[text] for text in self.text]

    def where(self, keep: Flags) -> Texts:
        """Keep the answers where `keep`, bool[n], is true; items and workers stay as they are."""
        kept = tuple(text for text, stays in zip(self.text, keep, strict=True) if stays)
        return Texts(self.item[keep], self.worker[keep], kept, self.items, self.workers, self.reading)


def _missing(value: Any) -> bool:
    """Tell None and every kind of NaN."""
    nan = isinstance(value, float) and value != value
    return value is None or nan or type(value).__name__ in ("NAType", "NaTType")
