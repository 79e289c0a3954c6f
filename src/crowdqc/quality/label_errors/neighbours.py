"""What an item's nearest neighbours are labelled: one more voice, where the items have embeddings."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes
from crowdqc.quality.predictions import InvalidPredictions, Predictions

#: Neighbours that are asked, and pseudo-neighbours that say what all labels say.
NEIGHBOURS, PSEUDO = 10, 1.0
#: Items compared at once, and with how many others: tiles that stay in a processor's cache.
ROWS, COLUMNS = 1024, 4096
#: From so many candidates a place on, the best of a tile are found by parting it.
MANY = 4

Singles = NDArray[np.float32]


class InvalidEmbeddings(Invalid):
    """Embeddings must be one row of finite numbers an item."""


def nearest(embeddings: ArrayLike, k: int = NEIGHBOURS) -> Codes:
    """Give the `k` nearest others of each item by the cosine of their embeddings, int32[n, min(k, n - 1)].

    Exact: every pair is compared, in tiles, so that memory stays bounded: 100,000 items of 384 numbers take some
    200 MB beside the embeddings. The nearest stands first.

    Parameters
    ----------
    embeddings
        Numbers[n, d], not all 0 in a row.

    Raises
    ------
    InvalidEmbeddings

    Examples
    --------
    >>> nearest([[1, 0], [0, 1], [2, 0.1], [0.1, 3]], k=1).ravel().tolist()
    [2, 3, 0, 1]
    """
    unit = _unit(embeddings)
    n = len(unit)
    k = max(min(k, n - 1), 0)
    found = np.empty((n, k), dtype=np.int32)
    for start in range(0, n if k else 0, ROWS):
        some = unit[start : start + ROWS]
        near = np.full((len(some), k), -np.inf, dtype=np.float32)
        who = np.zeros((len(some), k), dtype=np.int32)
        for first in range(0, n, COLUMNS):
            alike = some @ unit[first : first + COLUMNS].T
            own = np.arange(max(start, first), min(start + len(some), first + alike.shape[1]))
            alike[own - start, own - first] = -np.inf
            _take(near, who, alike, first)
        found[start : start + ROWS] = who
    return found


def neighbours_say(
    embeddings: ArrayLike, item: Codes, label: Codes, n_classes: int, *, k: int = NEIGHBOURS
) -> Predictions:
    """Give the shares of the labels among each item's nearest others, as the predictions of a model "neighbours".

    Nobody is his own neighbour, so these are out-of-sample. One neighbour more is held to say what all labels say.

    Parameters
    ----------
    embeddings
        Numbers[n, d], of the items, int32[n].
    label
        int32[n_items], -1 where there is none; only labelled items are neighbours.
    """
    held = item[label[item] >= 0]
    rows = np.flatnonzero(label[item] >= 0)
    near = nearest(np.asarray(embeddings)[rows], k)
    given = label[held]
    shares = np.bincount(given, minlength=n_classes) / max(given.size, 1)
    table = np.empty((held.size, n_classes), dtype=np.float32)
    table[:] = PSEUDO * shares
    for column in near.T:
        table[np.arange(held.size), given[column]] += 1
    table /= near.shape[1] + PSEUDO
    return Predictions.coded(
        held,
        np.zeros(held.size, dtype=np.int32),
        table,
        models=("neighbours",),
        n_items=label.size,
        n_classes=n_classes,
    )


def joined(first: Predictions, second: Predictions) -> Predictions:
    """Put the predictions of two groups of models together; their names must differ.

    Raises
    ------
    InvalidPredictions
        If a name stands in both.
    """
    if twice := sorted({*first.models} & {*second.models}):
        raise InvalidPredictions(f"The model {twice[0]!r} stands twice.", mend="Name the models apart.")
    return Predictions(
        np.append(first.item, second.item),
        np.append(first.model, second.model + np.int32(len(first.models))),
        np.concatenate([first.probabilities, second.probabilities]),
        first.models + second.models,
    )


def _unit(embeddings: ArrayLike) -> Singles:
    table = np.array(embeddings, dtype=np.float32)
    if table.ndim != 2 or not table.shape[1]:
        raise InvalidEmbeddings
    length = np.sqrt(np.einsum("ij,ij->i", table, table, dtype=np.float64))
    fits = np.isfinite(length) & (length > 0)
    if not fits.all():
        row = int(np.argmin(fits))
        raise InvalidEmbeddings(f"Row {row} is all 0, or not finite; no direction is near to it.", row=row)
    table /= length[:, None].astype(np.float32)
    return table


def _take(near: Singles, who: Codes, alike: Singles, first: int) -> None:
    """Take into the nearest so far, [rows, k], who of a tile is nearer than the last of them."""
    k = near.shape[1]
    nearer = alike > near[:, -1:]
    if np.count_nonzero(nearer) > MANY * near.size and alike.shape[1] > k:
        column = np.argpartition(alike, -k, axis=1)[:, -k:].ravel()
        row = np.repeat(np.arange(len(near)), k)
    else:
        row, column = np.nonzero(nearer)
    if not row.size:
        return
    changed, start, number = np.unique(row, return_index=True, return_counts=True)
    values = np.full((changed.size, k + number.max()), -np.inf, dtype=np.float32)
    names = np.zeros(values.shape, dtype=np.int32)
    values[:, :k], names[:, :k] = near[changed], who[changed]
    line = np.repeat(np.arange(changed.size), number)
    at = k + np.arange(row.size) - start[line]
    values[line, at], names[line, at] = alike[row, column], first + column
    order = np.argsort(-values, axis=1, kind="stable")[:, :k]
    near[changed] = np.take_along_axis(values, order, axis=1)
    who[changed] = np.take_along_axis(names, order, axis=1)
