"""The one room that knows crowd-kit: our columns become its tables, and what it gives becomes columns again."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, Flags, Floats
from crowdqc.quality.votes import Votes

#: Answers to one item beyond which crowd-kit's `SegmentationEM` multiplies probabilities down to 0.
MOST_MASKS = 100


class NoCrowdKit(Invalid):
    """This method needs crowd-kit, which is not installed."""

    usual_mend = "Install it with: pip install 'crowdqc[crowdkit]'."


class NotForCrowdKit(Invalid):
    """crowd-kit has no such method, or cannot take these answers."""


def labels(name: str, votes: Votes, **parameters: Any) -> tuple[Codes, Floats]:
    """Aggregate votes with one of crowd-kit's methods for classes.

    Parameters
    ----------
    name
        Of a class of `crowdkit.aggregation.classification`, as "GLAD".
    parameters
        Of that class.

    Returns
    -------
    label, probability
        int32[n_items], -1 for an item without answers; float64[n_items, K], NaN for such an item, and throughout
        for a method that has no probabilities.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 1, 2], list("abca"), list("xyyx"))
    >>> label, probability = labels("MajorityVote", votes)
    >>> label.tolist(), probability.round(2).tolist()
    ([1, 0], [[0.33, 0.67], [1.0, 0.0]])
    """
    made = _named("classification", name)
    label = np.full(votes.n_items, -1, dtype=np.int32)
    probability = np.full((votes.n_items, votes.n_classes), np.nan)
    if not len(votes):  # GLAD, MACE, M-MSR and zero-based skill divide by the number of answers
        return label, probability
    with _quietly():
        method = made(**parameters)
        found = method.fit_predict(_table(votes.item, votes.worker, label=votes.label))
        label[found.index.to_numpy()] = found.to_numpy()
        shares = getattr(method, "probas_", None)
        if shares is not None:
            shares = shares.reindex(columns=range(votes.n_classes), fill_value=0.0)
            probability[shares.index.to_numpy()] = shares.to_numpy()
    return label, probability


def compose(item: Codes, words: Sequence[Sequence[str]]) -> dict[int, tuple[str, ...]]:
    """Compose one text for each item by ROVER, in which the texts of an item are merged in the order given.

    Parameters
    ----------
    item
        int32[n], sorted.
    words
        The words of each answer; an empty word stands for none in ROVER and is refused.

    Returns
    -------
    dict
        The words of each item that has answers, by its code.
    """
    rover = _named("texts", "ROVER")
    if any(not word for said in words for word in said):
        raise NotForCrowdKit("A word is empty; ROVER means by that that there is none.")
    if not len(words):
        return {}
    with _quietly():
        table = _table(item, np.arange(item.size), text=[tuple(said) for said in words])
        found = rover(tokenizer=list, detokenizer=tuple).fit_predict(table)
    return {int(code): tuple(said) for code, said in found.items()}


def segmentations(
    name: str, item: Codes, worker: Codes, masks: Sequence[Flags], **parameters: Any
) -> dict[int, Flags]:
    """Aggregate masks with one of crowd-kit's methods.

    Parameters
    ----------
    name
        "SegmentationMajorityVote", "SegmentationRASA" or "SegmentationEM".
    masks
        bool[height, width] of each answer, alike within an item.

    Returns
    -------
    dict
        The mask of each item that has answers, by its code.
    """
    made = _named("image_segmentation", name)
    if not item.size:
        return {}
    answers = np.bincount(item)
    if name == "SegmentationEM" and answers.max() > MOST_MASKS:
        raise NotForCrowdKit(
            f"An item has {answers.max()} masks; crowd-kit's {name} takes {MOST_MASKS}: beyond that its "
            "probabilities become 0.",
            mend="Use PixelMajority or SegmentationRASA.",
        )
    with _quietly():
        table = _table(item, worker, segmentation=[*masks])
        found = made(**parameters).fit_predict(table)
    return {int(code): np.asarray(mask, dtype=bool) for code, mask in found.items()}


def _named(room: str, name: str) -> Any:
    """Find one of crowd-kit's classes; what is imported here takes a second."""
    try:
        import crowdkit.aggregation  # noqa: F401
    except ModuleNotFoundError as missing:
        raise NoCrowdKit(f"{name} needs crowd-kit, which is not installed.") from missing
    try:
        return getattr(import_module(f"crowdkit.aggregation.{room}"), name)
    except AttributeError:
        raise NotForCrowdKit(f"crowd-kit has no method {name!r} among its {room}.", name=name) from None


def _table(item: Any, worker: Any, **column: Any) -> Any:
    """One row an answer, sorted by item; within an item the rows stay in the order given."""
    import pandas as pd

    ids = {"task": np.asarray(item, dtype=np.int64), "worker": np.asarray(worker, dtype=np.int64)}
    return pd.DataFrame(ids | column).sort_values("task", kind="stable", ignore_index=True)


@contextmanager
def _quietly() -> Iterator[None]:
    """Silence what pandas and numpy say of crowd-kit's code: nobody here can mend it."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
