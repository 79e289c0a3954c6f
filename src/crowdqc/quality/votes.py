"""Who said what of which item, as coded columns: the input of everything in `quality`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.errors import Invalid
from crowdqc.quality import columns, frames
from crowdqc.quality.arrays import Codes, Flags, Floats
from crowdqc.quality.columns import Answered, Repeats

T = TypeVar("T", bound=Hashable)

#: Answers from which sorting by counting pays.
COUNTED = 3_000_000


class InvalidVotes(Invalid):
    """The answers cannot be read as votes."""


@dataclass(frozen=True, slots=True, eq=False)
class Votes(Answered):
    """Answers as columns, sorted by item and then by worker; build them with `of` or `coded`.

    Attributes
    ----------
    item, worker, label
        int32[n], codes into `items`, `workers`, `classes`.
    items, workers
        The ids by code; an item may have no answer.
    classes
        The declared classes by code, used or not.
    seconds
        float64[n], the time that each answer took, NaN where unknown; None where nobody measured.
    weight
        float64[n], how much each answer counts in a weighted vote, from 0 up; None where all count the same.
        Methods that learn how good workers are leave it aside.
    """

    item: Codes
    worker: Codes
    label: Codes
    items: tuple[Hashable, ...]
    workers: tuple[Hashable, ...]
    classes: tuple[str, ...]
    seconds: Floats | None = None
    weight: Floats | None = None

    @classmethod
    def of(
        cls,
        items: Iterable[Hashable],
        workers: Iterable[Hashable],
        labels: Iterable[str] | Iterable[float],
        *,
        classes: Sequence[str] | Sequence[float] | None = None,
        seconds: ArrayLike | None = None,
        weights: ArrayLike | None = None,
        repeats: Repeats = "first",
        all_items: Sequence[Hashable] | None = None,
    ) -> Self:
        """Read three parallel columns of ids and labels, one row an answer, in the order of answering.

        Labels are text. Where none of them is they become text as in files: 1 and 1.0 are "1", True is "true".

        Parameters
        ----------
        classes
            The declared classes, in the order that ordinal measures and ties use; None takes the
            distinct labels, sorted: by number, where all of them are numbers.
        seconds
            Time an answer took; what is not above zero (a clock set back) counts as unknown.
        weights
            How much each answer counts in a weighted vote: finite, from 0 up.
        repeats
            What to do when a worker answered an item more than once: keep the first or the last
            answer, keep all, or reject the whole. Only here does the order of the rows matter.
        all_items
            Every item, in the order that per-item arrays shall have; None takes those with answers, sorted.

        Raises
        ------
        InvalidVotes
            A missing id or label, labels of which some are text and others not, one that is not declared, columns
            of unequal length.

        Examples
        --------
        >>> votes = Votes.of(["a", "a", "b"], ["ann", "bob", "ann"], ["cat", "dog", "dog"])
        >>> votes.classes, votes.counts().tolist()
        (('cat', 'dog'), [[1, 1], [0, 1]])
        """
        item_ids, worker_ids, names = _plain(items), _plain(workers), _as_text(_plain(labels))
        declared = None if classes is None else _as_text(list(classes))
        if not len(item_ids) == len(worker_ids) == len(names):
            lengths = f"{len(item_ids)}, {len(worker_ids)} and {len(names)}"
            raise InvalidVotes(f"The columns have {lengths} rows; they must be equally long.")
        for column, what in ((item_ids, "item"), (worker_ids, "worker"), (names, "label")):
            _refuse_missing(column, what)
        known_classes = tuple(columns.classes_in_order({*names}) if declared is None else declared)
        known_items = tuple(columns.ordered(dict.fromkeys(item_ids)) if all_items is None else all_items)
        known_workers = tuple(columns.ordered(dict.fromkeys(worker_ids)))
        return cls.coded(
            _code(item_ids, known_items, "item"),
            _code(worker_ids, known_workers, "worker"),
            _code(names, known_classes, "label"),
            items=known_items,
            workers=known_workers,
            classes=known_classes,
            seconds=seconds,
            weights=weights,
            repeats=repeats,
        )

    @classmethod
    def of_frame(
        cls,
        frame: Any,
        *,
        item: Hashable | None = None,
        worker: Hashable | None = None,
        label: Hashable | None = None,
        seconds: Hashable | None = None,
        weight: Hashable | None = None,
        classes: Sequence[str] | None = None,
        repeats: Repeats = "first",
        all_items: Sequence[Hashable] | None = None,
    ) -> Self:
        """Read a pandas or polars frame, an Arrow table, or a mapping of columns: one row an answer.

        The columns are found by name: worker, item (or task), label, and seconds and weight where there are any;
        the other names under which they are known are in `frames.ALIASES`. Ids stay what they are. Labels become
        text, as in files: 1 and 1.0 are "1", True is "true".

        Parameters
        ----------
        item, worker, label, seconds, weight
            The columns' own names, where they are called otherwise.
        classes, repeats, all_items
            As for `of`.

        Raises
        ------
        InvalidFrame
            A column is not there, or a value in it is missing.
        InvalidVotes
            As for `of`.

        Examples
        --------
        >>> votes = Votes.of_frame({"worker": ["ann", "bob", "ann"], "task": [7, 7, 8], "label": [1, 0, 1]})
        >>> votes.items, votes.classes, votes.counts().tolist()
        ((7, 8), ('0', '1'), [[1, 1], [0, 1]])
        """
        found: dict[str, tuple[Codes, Sequence[Hashable]]] = {
            "item": frames.coded(frames.column(frame, "item", item), "item"),
            "worker": frames.coded(frames.column(frame, "worker", worker), "worker"),
            "label": frames.coded_labels(frames.column(frame, "label", label)),
        }
        known = {"item": all_items, "worker": None, "label": classes}
        ids: dict[str, tuple[Any, ...]] = {}
        codes: dict[str, Codes] = {}
        for what, (given, distinct) in found.items():
            listed = known[what]
            order = columns.classes_in_order if what == "label" else columns.ordered
            ids[what] = tuple(order(dict.fromkeys(distinct)) if listed is None else listed)  # type: ignore[arg-type]
            place = _code(distinct, ids[what], what, given)
            codes[what] = place[given] if given.size else given
        time = frames.column(frame, "seconds", seconds, needed=False)
        weights = frames.column(frame, "weight", weight, needed=False)
        return cls.coded(
            codes["item"],
            codes["worker"],
            codes["label"],
            items=ids["item"],
            workers=ids["worker"],
            classes=ids["label"],
            seconds=None if time is None else frames.numbers(time, "seconds"),
            weights=None if weights is None else frames.numbers(weights, "weight"),
            repeats=repeats,
        )

    @classmethod
    def coded(
        cls,
        item: ArrayLike,
        worker: ArrayLike,
        label: ArrayLike,
        *,
        items: Sequence[Hashable],
        workers: Sequence[Hashable],
        classes: Sequence[str],
        seconds: ArrayLike | None = None,
        weights: ArrayLike | None = None,
        repeats: Repeats = "first",
    ) -> Self:
        """Build votes from columns that are codes already; checks, sorts and settles repeats as `of` does."""
        if repeats not in get_args(Repeats):
            raise InvalidVotes(f"repeats is {repeats!r}; it must be one of {', '.join(get_args(Repeats))}.")
        given = {
            what: columns.checked(codes, len(ids), what, InvalidVotes)
            for what, codes, ids in (
                ("item", item, items),
                ("worker", worker, workers),
                ("label", label, classes),
            )
        }
        if len(set(classes)) != len(classes) or len(set(items)) != len(items):
            raise InvalidVotes("An item or a class is named twice.")
        rows = given["item"].size
        if any(column.size != rows for column in given.values()):
            raise InvalidVotes("The columns must be equally long.")
        time = None if seconds is None else _seconds(seconds, rows)
        weight = None if weights is None else _weights(weights, rows)

        order = _by_item_and_worker(given["item"], given["worker"], len(items), len(workers))
        item, worker, label = (column[order] for column in given.values())
        new = columns.opens_group(item, worker)
        if repeats == "reject" and not new.all():
            row = order[int(np.argmin(new))]
            who, what = workers[given["worker"][row]], items[given["item"][row]]
            raise InvalidVotes(f"Worker {who!r} answered item {what!r} more than once.", row=int(row))
        votes = cls(
            item=item,
            worker=worker,
            label=label,
            items=tuple(items),
            workers=tuple(workers),
            classes=tuple(classes),
            seconds=None if time is None else time[order],
            weight=None if weight is None else weight[order],
        )
        if new.all() or repeats == "all":
            return votes
        return votes.where(new if repeats == "first" else np.append(new[1:], True))

    def __repr__(self) -> str:
        people = f"{_count(self.n_items, 'item')}, {_count(self.n_workers, 'worker')}"
        return f"Votes({_count(len(self), 'answer')}, {people}, {_count(self.n_classes, 'class')})"

    @property
    def n_classes(self) -> int:
        return len(self.classes)

    def counts(self) -> NDArray[np.int64]:
        """How often each item was given each class, int64[n_items, K]."""
        cells = self.item.astype(np.int64) * self.n_classes + self.label
        return np.bincount(cells, minlength=self.n_items * self.n_classes).reshape(self.n_items, self.n_classes)

    def opens_group(self) -> Flags:
        """True at the first of each worker's answers to an item, bool[n]; all True unless repeats are kept."""
        return columns.opens_group(self.item, self.worker)

    def once(self) -> Self:
        """Keep the first answer of each worker to each item: a person is one voice, however often asked."""
        first = self.opens_group()
        return self if first.all() else self.where(first)

    def where(self, keep: Flags) -> Self:
        """Keep the answers where `keep`, bool[n], is true; items, workers and classes stay as they are."""
        return replace(
            self,
            item=self.item[keep],
            worker=self.worker[keep],
            label=self.label[keep],
            seconds=None if self.seconds is None else self.seconds[keep],
            weight=None if self.weight is None else self.weight[keep],
        )


def check_votes(votes: object) -> None:
    """Refuse what is no `Votes`, and say how to make one of it."""
    if not isinstance(votes, Votes):
        raise InvalidVotes(
            f"A {type(votes).__name__} is no Votes.",
            mend="Read it first: Votes.of_frame(frame), or Votes.of(items, workers, labels).",
        )


def _count(number: int, what: str) -> str:
    plural = f"{what}es" if what.endswith("s") else f"{what}s"
    return f"{number:,} {what if number == 1 else plural}"


def _plain(column: Iterable[T]) -> list[T]:
    # numpy's own scalars would make ids of a type that nobody wrote
    return column.tolist() if isinstance(column, np.ndarray) else list(column)


def _as_text(labels: list[Any]) -> list[Any]:
    """Make text of labels of which none is; what is missing or neither text nor a number is left to be refused."""
    if not labels or any(issubclass(kind, str) for kind in set(map(type, labels))):
        return labels
    return [None if frames.is_missing(label) else _text(label) for label in labels]


def _text(label: Any) -> Any:
    try:
        return frames.text(label)
    except TypeError:
        return label


def _refuse_missing(column: Sequence[Hashable], what: str) -> None:
    """Look at the distinct values only: a million rows hold few labels."""
    for value in dict.fromkeys(column):
        mend = None
        if value is None or value == "" or value != value:
            fault = "is missing"
        elif what == "label" and not isinstance(value, str):
            # 1, '1', True and 1.0 would be told apart by accident
            fault, mend = f"is {value!r}, not text", "Make all of them text: labels.astype(str)."
        else:
            continue
        row = next(row for row, other in enumerate(column) if other is value or other == value)
        raise InvalidVotes(f"The {what} of row {row} {fault}.", mend=mend, row=row)


def _code(column: Sequence[Hashable], known: Sequence[Hashable], what: str, rows: Codes | None = None) -> Codes:
    """Number the values of a column; with `rows` they are the distinct values of one, to which its rows point."""
    code = {value: place for place, value in enumerate(known)}
    try:
        return np.fromiter(map(code.__getitem__, column), dtype=np.int32, count=len(column))
    except KeyError as unknown:
        value = unknown.args[0]
        row = column.index(value)
        row = row if rows is None else int(np.argmax(rows == row))
        among = f" Known: {', '.join(map(repr, known))}." if what == "label" else ""
        raise InvalidVotes(f"The {what} {value!r} of row {row} is not known.{among}", row=row) from None


def _seconds(seconds: ArrayLike, rows: int) -> Floats:
    time = np.array(seconds, dtype=np.float64)
    if time.shape != (rows,):
        raise InvalidVotes(f"There are {time.size} times for {rows} answers.")
    time[~(np.isfinite(time) & (time > 0))] = np.nan
    return time


def _weights(weights: ArrayLike, rows: int) -> Floats:
    weight = np.array(weights, dtype=np.float64)
    if weight.shape != (rows,):
        raise InvalidVotes(f"There are {weight.size} weights for {rows} answers.")
    fits = np.isfinite(weight) & (weight >= 0)
    if not fits.all():
        row = int(np.argmin(fits))
        raise InvalidVotes(
            f"The weight of row {row} is {weight[row]:g}; it must be finite and not below 0.", row=row
        )
    return weight


def _by_item_and_worker(item: Codes, worker: Codes, n_items: int, n_workers: int) -> NDArray[np.intp]:
    """Order rows by item, then worker, then their own order: by counting, where they are not in order yet."""
    key = item * np.int64(max(n_workers, 1)) + worker
    if key.size < 2 or (key[1:] >= key[:-1]).all():
        return np.arange(key.size)
    bits = key.size.bit_length()
    if key.size < COUNTED and (n_items * n_workers) >> (63 - bits) == 0:
        # whole numbers are sorted faster than places are, so each carries its own
        return (np.sort(key << bits | np.arange(key.size)) & ((1 << bits) - 1)).astype(np.intp)
    if key.size < COUNTED:
        return np.argsort(key, kind="stable")
    by_worker = _counted(worker, n_workers)
    return np.asarray(by_worker[_counted(item[by_worker], n_items)])


def _counted(codes: Codes, size: int) -> NDArray[np.intp]:
    """Sort codes stably by counting them: the rows of a matrix with one column a code."""
    from scipy import sparse

    n = codes.size
    matrix = sparse.csc_array((np.ones(n, dtype=np.int8), codes, np.arange(n + 1)), shape=(size, n))
    return np.asarray(matrix.tocsr().indices)
