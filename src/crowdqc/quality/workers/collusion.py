"""Pairs of workers who agree on wrong answers more often than chance explains: who copy, or are one person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Codes, Counts, Floats, brief
from crowdqc.quality.parameters import check_number, check_whole
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.discoveries import q_values
from crowdqc.quality.workers.matrices import Matrices
from crowdqc.quality.workers.meetings import Meetings
from crowdqc.quality.workers.mistakes import Mistakes

#: Numbers that are held at once for the items that pairs have in common.
HELD = 1 << 22


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Collusion:
    """Pairs that agree suspiciously often against others, one entry a pair, sorted by the first and second worker.

    Attributes
    ----------
    first, second
        int32[pairs], codes of the workers, the first the lower. Pairs that are not here gave no cause to look
        closer.
    common, same
        int64, items that both answered and others too (or gold), and on how many of these both say the same.
    wrong, expected
        float64, on how many of these they say the same and are wrong by all others (a sum of probabilities), and
        how many were to be expected of two who do not know of each other.
    p_value, q_value
        float64, chance of so many or more; the same over all `tests` pairs.
    group
        int32[n_workers], the ring that a worker belongs to: those who hang together by pairs with a q-value up
        to `level`, the largest first; -1 for nobody's.
    level, tests
        The rate of false discoveries asked for, and how many pairs have enough in common.
    """

    first: Codes
    second: Codes
    common: Counts
    same: Counts
    wrong: Floats
    expected: Floats
    p_value: Floats
    q_value: Floats
    group: Codes
    level: float
    tests: int

    def __len__(self) -> int:
        return int(self.first.size)


@dataclass(frozen=True, slots=True)
class CollusionTest:
    """A test of each two workers who met on enough items.

    Parameters
    ----------
    least
        Items that two must have in common, and others have answered too.
    level
        Rate of false discoveries up to which a pair counts for the rings.
    seed
        Fixes which answers the crowd's shared mistakes are counted on.

    Notes
    -----
    Both workers are left out of the consensus of each item by which they are judged, and an agreement counts as
    wrong with the probability that it is, by all others and by both, were they independent: an agreement on what
    is right counts for nothing.

    Two who do not know of each other say the same wrong label by chance, as often as their matrices say, and the
    oftener where the item is hard and the label attracts everybody. So what is to be expected is a sum of causes
    (`Faced`): chance, what others on the item say, how easily both err. How much each counts is what makes the
    whole crowd share the mistakes that it does, without the pair itself where it is a good part of that. So a
    pair stands out against other pairs; in a crowd of few workers it cannot.

    The sum of so many rare events is nearly Poisson; that the matrices are estimated, from few mistakes, makes
    it negative binomial. Where colluders are most of those who answer an item, they are its consensus, and only
    gold can show them. Who shares a misunderstanding looks like who copies.
    """

    least: int = 5
    level: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        check_whole(self, "least", low=2)
        check_whole(self, "seed", low=0, high=2**63)
        check_number(self, "level", low=1e-6, high=0.5)

    def run(self, votes: Votes, consensus: Consensus, matrices: Matrices) -> Collusion:
        """Look for pairs that share mistakes."""
        mistakes = Mistakes.of(votes, consensus, matrices)
        found = Meetings.of(mistakes.once, consensus, self.least)
        P = found.first.size
        common, same = np.zeros(P, dtype=np.int64), np.zeros(P, dtype=np.int64)
        wrong, expected, spread = np.zeros(P), np.zeros(P), np.zeros(P)
        weights = mistakes.habits(self.seed).weights(found.first, found.second)
        step = max(1, HELD // max(votes.n_classes, 1) ** 2)
        for part, pair, one, two in found.shared(mistakes.once):
            for at in range(0, pair.size, step):
                rows = slice(at, at + step)
                here, faced = pair[rows] + part.start, mistakes.faced(one[rows], two[rows])
                mean, variance = faced.moments(weights[here])
                common += np.bincount(here[faced.told], minlength=P)
                same += np.bincount(here[faced.alike], minlength=P)
                wrong += np.bincount(here, weights=faced.seen, minlength=P)
                expected += np.bincount(here, weights=mean, minlength=P)
                spread += np.bincount(here, weights=variance, minlength=P)
        p = np.ones(P)
        p[common >= self.least] = _tail(wrong, expected, spread, _known(matrices, found))[common >= self.least]
        q = q_values(p, tests=found.met)
        return Collusion(
            first=found.first.astype(np.int32),
            second=found.second.astype(np.int32),
            common=common,
            same=same,
            wrong=wrong,
            expected=expected,
            p_value=p,
            q_value=q,
            group=_rings(found.first[q <= self.level], found.second[q <= self.level], votes.n_workers),
            level=self.level,
            tests=found.met,
        )


def _known(matrices: Matrices, found: Meetings) -> Floats:
    """Number of mistakes that the expectation of a pair rests on: the harmonic sum of both workers'."""
    mistakes = np.zeros(matrices.n_workers)
    for part in matrices.parts():
        rows = matrices.dirichlet(part)
        mistakes[part] = rows.sum(axis=(1, 2)) - np.einsum("wcc->w", rows)
    mistakes = np.maximum(mistakes, 0.5)
    return np.asarray(1 / (1 / mistakes[found.first] + 1 / mistakes[found.second]))


def _tail(seen: Floats, mean: Floats, spread: Floats, known: Floats) -> Floats:
    """Chance of so many or more, of a multiple of a negative binomial with this mean.

    A sum of probabilities has less variance than a number of mistakes: it is counted in units of variance /
    mean.
    """
    from scipy.special import betainc

    p = np.ones(seen.size)
    some = (seen > 1e-9) & (mean > 1e-12)
    unit = np.clip(spread[some] / mean[some], 1e-3, 1.0)
    mean, seen, k = mean[some] / unit, seen[some] / unit, known[some]
    p[some] = betainc(seen, k, mean / (mean + k))
    return p


def _rings(first: Counts, second: Counts, W: int) -> Codes:
    """Number the components that pairs hang together in, the largest first, int32[n_workers]."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    group = np.full(W, -1, dtype=np.int32)
    if not first.size:
        return group
    graph = sparse.coo_array((np.ones(first.size), (first, second)), shape=(W, W))
    part = connected_components(graph, directed=False)[1]
    inside = np.union1d(first, second)
    _, opens, place, size = np.unique(part[inside], return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(size.size, dtype=np.int32)
    rank[np.lexsort((opens, -size))] = np.arange(size.size)
    group[inside] = rank[place]
    return group
