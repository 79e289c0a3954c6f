"""Who drew which boxes on which item, as coded columns."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.errors import Invalid
from crowdqc.quality import columns
from crowdqc.quality.arrays import Codes, Counts, Floats, brief
from crowdqc.quality.columns import Answered, Repeats

#: The numbers of a box.
SIDES = ("x", "y", "width", "height")


class InvalidBoxes(Invalid):
    """The answers cannot be read as boxes."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Boxes(Answered):
    """Sets of boxes; an answer is all the boxes that one worker drew on one item, and may be empty.

    Build them with `of` or `coded`.

    Attributes
    ----------
    item, worker
        int32[answers], codes into `items`, `workers`; sorted by item and then by worker.
    answer
        int64[boxes], the answer that a box belongs to; boxes are sorted by answer and then by what follows.
    box
        float64[boxes, 4], x, y, width and height, in the unit of the image; x and y are those of one corner, the
        same one throughout.
    label
        int32[boxes], codes into `classes`.
    items, workers
        The ids by code; an item may have no answer.
    classes
        The declared classes by code, used or not.
    """

    item: Codes
    worker: Codes
    answer: Counts
    box: Floats
    label: Codes
    items: tuple[Hashable, ...]
    workers: tuple[Hashable, ...]
    classes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        items: Iterable[Hashable],
        workers: Iterable[Hashable],
        boxes: Iterable[Iterable[Sequence[Any]]],
        *,
        classes: Sequence[str] | None = None,
        repeats: Repeats = "first",
        all_items: Sequence[Hashable] | None = None,
    ) -> Self:
        """Read three parallel columns, one row an answer, in the order of answering.

        Parameters
        ----------
        boxes
            The boxes of each answer, each of them (x, y, width, height, class).
        classes
            The declared classes, in the order that ties use; None takes the distinct ones, sorted.
        repeats
            What to do when a worker answered an item more than once: keep the first or the last
            answer, keep all, or reject the whole. Only here does the order of the rows matter.
        all_items
            Every item, in the order that per-item arrays shall have; None takes those with answers, sorted.

        Raises
        ------
        InvalidBoxes
            A missing id, a box that is not made of four finite numbers and a class, a width or height below 0,
            columns of unequal length.

        Examples
        --------
        >>> boxes = Boxes.of(["a", "a"], ["ann", "bob"], [[(10, 20, 30, 40, "car")], []])
        >>> boxes.answers_per_item().tolist(), boxes.box.tolist(), boxes.classes
        ([2], [[10.0, 20.0, 30.0, 40.0]], ('car',))
        """
        sets = list(boxes)
        item, worker, known_items, known_workers = columns.asked(items, workers, sets, InvalidBoxes, all_items)
        answer: list[int] = []
        sides: list[Sequence[Any]] = []
        names: list[str] = []
        for row, drawn in enumerate(sets):
            for place, each in enumerate(_listed(drawn, row)):
                answer.append(row)
                sides.append(_sides(each, row, place))
                names.append(each[4])
        label, known_classes = columns.coded(names, "class", InvalidBoxes, classes)
        return cls.coded(
            item,
            worker,
            np.array(answer, dtype=np.int64),
            np.array(sides, dtype=np.float64).reshape(-1, 4),
            label,
            items=known_items,
            workers=known_workers,
            classes=[str(name) for name in known_classes],
            repeats=repeats,
        )

    @classmethod
    def coded(
        cls,
        item: ArrayLike,
        worker: ArrayLike,
        answer: ArrayLike,
        box: ArrayLike,
        label: ArrayLike,
        *,
        items: Sequence[Hashable],
        workers: Sequence[Hashable],
        classes: Sequence[str],
        repeats: Repeats = "first",
    ) -> Self:
        """Build boxes from columns that are codes already; checks, sorts and settles repeats as `of` does.

        `answer` says for each box in which row of `item` and `worker` it belongs.
        """
        of_item = columns.checked(item, len(items), "item", InvalidBoxes)
        of_worker = columns.checked(worker, len(workers), "worker", InvalidBoxes)
        columns.equally_long((of_item, of_worker), InvalidBoxes)
        of_answer = columns.checked(answer, of_item.size, "answer", InvalidBoxes)
        of_class = columns.checked(label, len(classes), "class", InvalidBoxes)
        sides = np.array(box, dtype=np.float64)
        if sides.shape != (of_answer.size, 4) and sides.size + of_answer.size:
            raise InvalidBoxes(
                f"The boxes have the shape {sides.shape}; {of_answer.size} boxes need 4 numbers each."
            )
        sides = sides.reshape(-1, 4)
        columns.equally_long((of_answer, of_class), InvalidBoxes)
        _check_sides(sides, of_answer)
        keep = columns.settled(of_item.astype(np.int64), of_worker, repeats, InvalidBoxes)
        place = np.full(of_item.size, -1, dtype=np.int64)
        place[keep] = np.arange(keep.size)
        moved = place[of_answer]
        order = np.lexsort((of_class, *sides.T[::-1], moved))
        order = order[moved[order] >= 0]
        return cls(
            of_item[keep],
            of_worker[keep],
            moved[order],
            sides[order],
            of_class[order],
            tuple(items),
            tuple(workers),
            tuple(classes),
        )

    @property
    def n_boxes(self) -> int:
        return int(self.answer.size)

    def boxes_per_worker(self) -> NDArray[np.int64]:
        return np.bincount(self.worker[self.answer], minlength=self.n_workers)


def _listed(drawn: Any, row: int) -> list[Any]:
    if drawn is None or isinstance(drawn, str | float):
        raise InvalidBoxes(f"The boxes of row {row} are missing; no boxes are an empty list.", row=row)
    return list(drawn)


def _sides(box: Any, row: int, place: int) -> Sequence[Any]:
    if isinstance(box, str) or not isinstance(box, Sequence | np.ndarray) or len(box) != 5:
        what = f"Box {place} of row {row} is {box!r}; it must be (x, y, width, height, class)."
        raise InvalidBoxes(what, row=row)
    numbers: Sequence[Any] = [each for each in box[:4] if isinstance(each, int | float | np.number)]
    if len(numbers) < 4 or any(isinstance(each, bool) for each in numbers):
        raise InvalidBoxes(f"Box {place} of row {row} is {box!r}; x, y, width, height must be numbers.", row=row)
    if not isinstance(box[4], str) or not box[4]:
        raise InvalidBoxes(f"The class of box {place} of row {row} is {box[4]!r}, not text.", row=row)
    return numbers


def _check_sides(sides: Floats, answer: Codes) -> None:
    wrong = ~np.isfinite(sides)
    wrong[:, 2:] |= sides[:, 2:] < 0
    if wrong.any():
        box, side = divmod(int(np.argmax(wrong)), 4)
        row = int(answer[box])
        place = box - int(np.argmax(answer == row))
        must = "a finite number" if side < 2 else "a finite number, not below 0"
        raise InvalidBoxes(
            f"The {SIDES[side]} of box {place} of row {row} is {sides[box, side]:g}; it must be {must}.", row=row
        )
