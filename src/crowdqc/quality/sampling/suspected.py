"""The labels that models speak against most: the confident mistakes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from crowdqc.quality.label_errors import Suspects, find_suspects
from crowdqc.quality.sampling.pool import Pool
from crowdqc.quality.sampling.ranking import Ranking

#: The columns of suspects that have a row each.
_ROWS = ("item", "given", "suggested", "score", "of_given", "of_suggested", "against", "error")


@dataclass(frozen=True, slots=True)
class SuspectedErrors:
    """The labels first that are most surely wrong, as the model says; see `label_errors.find_suspects`.

    Items without a label or without a prediction are left out. What was looked at is not given, but it is learned
    from: its labels are right by now.

    Parameters
    ----------
    neighbours
        Whether the labels of the nearest items speak as well, where the pool has embeddings.

    Examples
    --------
    >>> said = [[0.9, 0.1], [0.8, 0.2], [0.05, 0.95], [0.2, 0.8], [0.3, 0.7]] * 20
    >>> label = [0, 0, 0, 1, 1] + [0, 0, 1, 1, 1] * 19
    >>> ranking = SuspectedErrors().rank(Pool.of(100, label=label, student=said), np.random.default_rng(0))
    >>> int(ranking.item[0]), ranking.why(2).split(":")[0]
    (2, 'contradicted by the model')
    """

    neighbours: bool = True

    def rank(self, pool: Pool, rng: np.random.Generator) -> Ranking:
        pool.need("suspected_errors", "label", "student")
        student, label = pool.student, pool.label
        assert student is not None
        assert label is not None
        near = None
        if self.neighbours and pool.embeddings is not None:
            near = np.arange(pool.n_items, dtype=np.int32), pool.embeddings
        if len(student.models) == 1:
            student = replace(student, models=("the model",))
        found = find_suspects(student, label, embeddings=near)
        free = np.zeros(pool.n_items, dtype=bool)
        free[pool.free()] = True
        rows = np.flatnonzero(free[found.item])
        place = np.full(pool.n_items, -1, dtype=np.int64)
        place[found.item] = np.arange(len(found))
        names = [pool.class_name(code) for code in range(student.probabilities.shape[1])]
        return Ranking(
            found.item[rows], found.score[rows], lambda item: next(_row(found, place[item]).reasons(names))
        )


def _row(suspects: Suspects, row: int) -> Suspects:
    """Give one suspect alone."""
    crowd = [name for name in ("crowd_given", "crowd_suggested") if getattr(suspects, name) is not None]
    one = slice(row, row + 1)
    return replace(suspects, **{name: getattr(suspects, name)[one] for name in (*_ROWS, *crowd)})
