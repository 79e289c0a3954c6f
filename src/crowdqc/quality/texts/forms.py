"""The different texts of each item, how often each was given, and the choice of one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Counts, Flags, Floats, brief
from crowdqc.quality.texts.reading import Words
from crowdqc.quality.texts.texts import Texts

#: Costs that differ by less are equal: so far do the same sums in another order.
SAME = 1e-9


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Forms:
    """Answers with the same words are one form; forms are sorted by item and then by their words.

    Attributes
    ----------
    item
        int64[forms].
    words
        The words of each form.
    count
        int64[forms], answers.
    of_answer
        int64[n], the form of each answer.
    """

    item: Counts
    words: tuple[Words, ...]
    count: Counts
    of_answer: Counts

    @classmethod
    def of(cls, texts: Texts, words: list[Words]) -> Self:
        """Tell the forms of some texts apart; `words` are those of each answer."""
        distinct = sorted(set(words))
        rank = {said: place for place, said in enumerate(distinct)}
        code = np.fromiter(map(rank.__getitem__, words), dtype=np.int64, count=len(words))
        key = texts.item * np.int64(max(len(distinct), 1)) + code
        found, of_answer, count = np.unique(key, return_inverse=True, return_counts=True)
        item, which = np.divmod(found, max(len(distinct), 1))
        return cls(item, tuple(distinct[place] for place in which.tolist()), count, of_answer.reshape(-1))

    @property
    def per_item(self) -> Counts:
        """Forms of each item that has any, in the order of the items, int64."""
        return np.unique(self.item, return_counts=True)[1]

    def thinned(self, size: Counts, most: int) -> Counts:
        """Draw `most` answers of each item for which `size`, int64[forms], is more: how often each form is drawn.

        The draw is systematic: at even distances through the item's answers in the order of their forms. So each
        form has its share, and chance has none.
        """
        weight = self.count.copy()
        for item in np.unique(self.item[size > most]):
            begin, end = np.searchsorted(self.item, [item, item + 1])
            ends = np.cumsum(self.count[begin:end])
            drawn = (np.arange(most) + 0.5) * (ends[-1] / most)
            weight[begin:end] = np.bincount(np.searchsorted(ends, drawn, side="right"), minlength=end - begin)
        return weight

    def cheapest(self, cost: Floats, n_items: int) -> tuple[Counts, Flags]:
        """Choose the form of least cost of each item: of equally good ones the commonest, then the first in order.

        Parameters
        ----------
        cost
            float64[forms]; infinite for a form that is not to be chosen.

        Returns
        -------
        form, tied
            int64[n_items], -1 for an item without answers; bool[n_items], two forms were equally good.
        """
        form, tied = np.full(n_items, -1), np.zeros(n_items, dtype=bool)
        if not self.item.size:
            return form, tied
        first = np.flatnonzero(np.diff(self.item, prepend=-1))
        least = np.repeat(np.minimum.reduceat(cost, first), self.per_item)
        good = cost <= least + SAME
        order = np.lexsort((-self.count, ~good, self.item))
        form[self.item[first]] = order[first]
        tied[self.item[first]] = np.add.reduceat(good, first, dtype=np.int64) > 1
        return form, tied

    def spelling(self, texts: Texts, form: Counts) -> tuple[list[str | None], NDArray[np.int64]]:
        """Give the commonest spelling of a form of each item, the first in order of equally common ones.

        Parameters
        ----------
        form
            int64[n_items]; -1 for none.

        Returns
        -------
        text, source
            The text of each item, None where there is no form; int64[n_items], its first answer, or -1.
        """
        chosen: list[str | None] = [None] * form.size
        source = np.full(form.size, -1, dtype=np.int64)
        wanted = np.flatnonzero(form[texts.item] == self.of_answer) if len(texts) else np.zeros(0, dtype=np.int64)
        spelt: dict[int, dict[str, list[int]]] = {}
        for answer in wanted.tolist():
            ways = spelt.setdefault(int(texts.item[answer]), {})
            ways.setdefault(texts.text[answer], []).append(answer)
        for item, ways in spelt.items():
            text = min(ways, key=lambda way: (-len(ways[way]), way))
            chosen[item], source[item] = text, ways[text][0]
        return chosen, source
