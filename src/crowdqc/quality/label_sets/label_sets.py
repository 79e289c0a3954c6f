"""Who chose which set of options for which item, as coded columns, and the sets that are known to be right."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Self

import numpy as np

from crowdqc.errors import Invalid
from crowdqc.quality import columns
from crowdqc.quality.arrays import Codes, Counts, Flags, brief
from crowdqc.quality.columns import Answered, Places, Repeats
from crowdqc.quality.votes import Votes

#: What is said of one option of one item, by code.
ANSWERS = ("no", "yes")


class InvalidLabelSets(Invalid):
    """The answers cannot be read as sets of options."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class LabelSets(Answered):
    """Answers that are sets of options, sorted by item and then by worker; build them with `of`.

    An empty set is an answer: No to all that was offered. An option that was not offered is no No.

    Attributes
    ----------
    item, worker
        int32[n], codes into `items`, `workers`.
    start, option
        int64[n + 1] and int32[m]: answer a chose the options `option[start[a]:start[a + 1]]`, in order.
    items, workers, options
        The ids and names by code.
    offered
        bool[n_items, n_options], what could be chosen of each item; None where it was everything.
    """

    item: Codes
    worker: Codes
    start: Counts
    option: Codes
    items: tuple[Hashable, ...]
    workers: tuple[Hashable, ...]
    options: tuple[str, ...]
    offered: Flags | None = None

    @classmethod
    def of(
        cls,
        items: Iterable[Hashable],
        workers: Iterable[Hashable],
        sets: Iterable[Collection[str]],
        *,
        options: Sequence[str] | None = None,
        offered: Mapping[Any, Collection[str]] | None = None,
        repeats: Repeats = "first",
        all_items: Sequence[Hashable] | None = None,
    ) -> Self:
        """Read three parallel columns, one row an answer, in the order of answering.

        Parameters
        ----------
        sets
            The chosen options of each answer: a set, tuple or list of names, never one text. Empty is an answer.
        options
            All options there are; None takes those that were chosen or offered, sorted.
        offered
            From item to what could be chosen of it; an item that it does not name was offered everything.
        repeats
            What to do when a worker answered an item more than once: keep the first or the last
            answer, keep all, or reject the whole. Only here does the order of the rows matter.
        all_items
            Every item, in the order that per-item arrays shall have; None takes those with answers, sorted.

        Raises
        ------
        InvalidLabelSets
            A missing id, a set that is text or missing, an option that is unknown or was not offered, columns of
            unequal length.

        Examples
        --------
        >>> sets = LabelSets.of([1, 1, 2], ["ann", "bob", "ann"], [{"cat", "dog"}, ["dog"], []])
        >>> sets.options, sets.start.tolist(), sets.option.tolist()
        (('cat', 'dog'), [0, 2, 3, 3], [0, 1, 1])
        """
        chosen = columns.plain(sets)
        item, worker, known_items, known_workers = columns.asked(
            items, workers, chosen, InvalidLabelSets, all_items
        )
        for place, names in enumerate(chosen):
            if isinstance(names, str) or not isinstance(names, Collection):
                fault = f"The set of row {place} is {names!r}, not a set of options."
                raise InvalidLabelSets(fault, mend="Split the text, and give an empty set as [].", row=place)
        if options is None:
            options = sorted({*chain.from_iterable(chosen), *chain.from_iterable((offered or {}).values())})
        size = np.fromiter(map(len, chosen), dtype=np.int64, count=len(chosen))
        row = np.repeat(np.arange(len(chosen)), size)
        option, known = _options(chosen, row, options)
        table = None if offered is None else _offered(offered, known_items, known)
        if table is not None and not table[item[row], option].all():
            first = int(np.argmin(table[item[row], option]))
            what, of = known[option[first]], known_items[item[row[first]]]
            raise InvalidLabelSets(f"Row {row[first]} chose {what!r} of item {of!r}, which was not offered.")

        keep = columns.settled(item.astype(np.int64), worker, repeats, InvalidLabelSets)
        place_of = np.full(len(chosen), -1)
        place_of[keep] = np.arange(keep.size)
        cell = np.unique((place_of[row] * np.int64(max(len(known), 1)) + option)[place_of[row] >= 0])
        answer, option = np.divmod(cell, max(len(known), 1))
        return cls(
            item=item[keep],
            worker=worker[keep],
            start=np.searchsorted(answer, np.arange(keep.size + 1)).astype(np.int64),
            option=option.astype(np.int32),
            items=known_items,
            workers=known_workers,
            options=known,
            offered=table,
        )

    @property
    def n_options(self) -> int:
        return len(self.options)

    @property
    def answer(self) -> Places:
        """The answer of each chosen option, intp[m]."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    def is_offered(self) -> Flags:
        """What could be chosen of each item, bool[n_items, n_options]."""
        return np.ones((self.n_items, self.n_options), dtype=bool) if self.offered is None else self.offered

    def votes(self, option: int) -> Votes:
        """The yes and no votes on one option, of the items that it was offered for."""
        said = np.zeros(len(self), dtype=np.int32)
        said[self.answer[self.option == option]] = 1
        asked = slice(None) if self.offered is None else self.offered[self.item, option]
        return Votes(self.item[asked], self.worker[asked], said[asked], self.items, self.workers, ANSWERS)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class GoldSets:
    """Items whose set of options is known beforehand.

    Attributes
    ----------
    known
        bool[n_items].
    right
        bool[n_items, n_options], the options that are in the set; of items that are not known, none.
    """

    known: Flags
    right: Flags

    @classmethod
    def none(cls, sets: LabelSets) -> Self:
        """No item's set is known."""
        return cls(np.zeros(sets.n_items, dtype=bool), np.zeros((sets.n_items, sets.n_options), dtype=bool))

    @classmethod
    def of(cls, sets: LabelSets, truth: Mapping[Any, Collection[str]]) -> Self:
        """Read a mapping from item id to its set; raises `InvalidLabelSets` for an unknown item or option.

        >>> sets = LabelSets.of([1, 2], ["ann", "ann"], [{"cat", "dog"}, []])
        >>> GoldSets.of(sets, {2: ["dog"]}).right.tolist()
        [[False, False], [False, True]]
        """
        gold = cls.none(sets)
        if truth:
            item, _ = columns.coded(list(truth), "gold item", InvalidLabelSets, sets.items)
            rows = np.repeat(np.arange(len(truth)), [len(names) for names in truth.values()])
            option, _ = _options(list(truth.values()), rows, sets.options)
            gold.known[item] = True
            gold.right[item[rows], option] = True
        return gold


def _options(
    sets: Sequence[Collection[str]], row: Places, options: Sequence[str]
) -> tuple[Codes, tuple[str, ...]]:
    """Code the options of all sets, one after the other."""
    code = {name: place for place, name in enumerate(options)}
    try:
        found = [code[name] for name in chain.from_iterable(sets)]
    except KeyError as unknown:
        name = unknown.args[0]
        place = list(chain.from_iterable(sets)).index(name)
        known = ", ".join(map(repr, options))
        raise InvalidLabelSets(f"The option {name!r} of row {row[place]} is not known. Known: {known}.") from None
    return np.array(found, dtype=np.int32), tuple(options)


def _offered(
    offered: Mapping[Any, Collection[str]], items: tuple[Hashable, ...], options: tuple[str, ...]
) -> Flags:
    place = {item: code for code, item in enumerate(items)}
    code = {name: number for number, name in enumerate(options)}
    table = np.ones((len(items), len(options)), dtype=bool)
    for item, names in offered.items():
        if item in place:
            unknown = [names] if isinstance(names, str) else [name for name in names if name not in code]
            if unknown:
                raise InvalidLabelSets(f"Item {item!r} was offered {unknown[0]!r}, no known option.")
            table[place[item]] = False
            table[place[item], [code[name] for name in names]] = True
    return table
