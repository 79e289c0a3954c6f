"""Models as voices: what their probabilities make of an item before any answer, with weights that are learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from crowdqc.quality.arrays import Codes, Flags, Floats, brief
from crowdqc.quality.estimation.class_prior import ClassPrior
from crowdqc.quality.gold import Gold
from crowdqc.quality.logs import normalised, safe_log
from crowdqc.quality.predictions.columns import InvalidPredictions, Predictions
from crowdqc.quality.votes import Votes

#: Newton steps an iteration: the weights need not be at their best before the posteriors are.
STEPS = 2
#: Turns in which each weight is set to its best, given the others, on the parabola of a Newton step.
TURNS = 20
#: Changes of the weights below which a step is not taken.
SMALL = 1e-6
#: Halvings of a step that goes too far.
HALVINGS = 30
#: Pseudo-items of each class among gold.
GOLD_ITEMS = 1.0
#: The least probability of a class in an item's prior.
LEAST = 1e-300


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What each model adds to the log odds of the classes, at its word.

    Attributes
    ----------
    items
        int32[spoken], items with predictions, rising.
    spoke
        bool[models, spoken], which model predicts which of them.
    ratios
        float64[models, spoken, K], log of the model's probability less log of its mean over all it predicts; 0
        where it predicts nothing.
    mean
        float64[models, K].
    """

    items: Codes
    spoke: Flags
    ratios: Floats
    mean: Floats

    @classmethod
    def of(cls, predictions: Predictions, votes: Votes, doubt: float) -> Self:
        """Lay the predictions out, each mixed with as much `doubt` of the uniform one."""
        K, M = votes.n_classes, len(predictions.models)
        item, model, table = predictions.item, predictions.model, predictions.probabilities
        if table.shape[1] != K or item.max(initial=-1) >= votes.n_items:
            raise InvalidPredictions(
                f"The predictions are of {table.shape[1]} classes and of items up to {item.max(initial=-1)}; the "
                f"votes have {K} classes and {votes.n_items} items.",
                mend="Read the predictions with `Predictions.of` and these very votes.",
            )
        order = np.lexsort((item, model))
        item, model, table = item[order], model[order], table[order].astype(np.float64, copy=False)
        twice = np.flatnonzero((np.diff(item) == 0) & (np.diff(model) == 0))
        if twice.size:
            what, who = votes.items[item[twice[0]]], predictions.models[model[twice[0]]]
            raise InvalidPredictions(
                f"The model {who!r} predicts the item {what!r} more than once.",
                mend="Keep one prediction of each model and item; name the versions of a model apart.",
            )
        table = (1 - doubt) * table + doubt / max(K, 1)
        ends = np.searchsorted(model, np.arange(M + 1))
        mean = np.full((M, K), 1 / max(K, 1))
        for m in np.flatnonzero(np.diff(ends)):
            mean[m] = table[ends[m] : ends[m + 1]].mean(axis=0)
        items, place = np.unique(item, return_inverse=True)
        spoke = np.zeros((M, items.size), dtype=bool)
        spoke[model, place] = True
        ratios = np.zeros((M, items.size, K))
        ratios[model, place] = np.log(table) - np.log(mean)[model]
        return cls(items.astype(np.int32), spoke, ratios, mean)

    def where(self, keep: Flags) -> Self:
        """Keep the items where `keep`, bool[spoken], is true."""
        return type(self)(self.items[keep], self.spoke[:, keep], self.ratios[:, keep], self.mean)

    def added(self, weight: Floats) -> Floats:
        """Sum over the models with these weights, float64[spoken, K]."""
        return np.asarray(np.tensordot(weight, self.ratios, axes=1))


class VoicesPrior:
    """Item prior: the class prior times each model's likelihood ratios to the power of a weight, which is learned.

    It is the multinomial logistic model of the truth given the models' log probabilities, the class prior held.
    Gold is chosen, not drawn, so it has class shares of its own: that way it teaches the weights all the same
    (Prentice and Pyke 1979, on case-control studies). An object serves one fit: it remembers how far it has come.

    Attributes
    ----------
    weight
        float64[models], from 0 to `most`.
    """

    def __init__(
        self, gold: Gold, evidence: Evidence, classes: ClassPrior, shares: Floats, *, penalty: float, most: float
    ) -> None:
        """Begin with weights of 0; `evidence` is of answered or gold items, `shares` are the class prior."""
        self.weight = np.zeros(len(evidence.mean))
        self.kind: Codes = np.arange(len(gold.accepted), dtype=np.int32)
        self._penalty, self._most = penalty, most
        rows = classes.fixed.copy()
        rows[0] = shares
        self._rows = rows[classes.kind]
        self._density = classes.items * float(safe_log(shares).sum()) if classes.learns else 0.0
        self._evidence, self._known = evidence, gold.known[evidence.items]
        self._accepted = gold.accepted[evidence.items[self._known]]
        of_gold = (self._accepted / self._accepted.sum(axis=1, keepdims=True)).sum(axis=0) + GOLD_ITEMS
        self._base = np.where(self._known[:, None], np.log(of_gold / of_gold.sum()), safe_log(shares))

    def learn(self, posterior: Floats) -> tuple[Floats, float]:
        """Raise the weights' likelihood; give each item's row, float64[n_items, K], and the log prior density."""
        truth = posterior[self._evidence.items]
        for _ in range(STEPS if truth.size else 0):
            if not self._step(truth):
                break
        return self._given(), self._density - self._penalty / 2 * float(self.weight @ self.weight)

    def _given(self) -> Floats:
        rows, added = self._rows.copy(), self._evidence.added(self.weight)
        said, logs = normalised(self._base + added)
        said = np.maximum(said, LEAST)
        # of gold the class shares are left out, as without models
        said[self._known] = np.exp(added - logs[:, None])[self._known] * self._accepted
        rows[self._evidence.items] = said
        return rows

    def _step(self, truth: Floats) -> bool:
        """Take a Newton step within the bounds, as far as it climbs; say whether it was worth taking."""
        M, ratios = self.weight.size, self._evidence.ratios
        scores = self._base + self._evidence.added(self.weight)
        said, logs = normalised(scores)
        slope = ratios.reshape(M, -1) @ (truth - said).ravel() - self._penalty * self.weight
        apart = (ratios - np.einsum("ik,mik->mi", said, ratios)[:, :, None]).reshape(M, -1)
        bend = (apart * said.ravel()) @ apart.T + (self._penalty + 1e-9) * np.eye(M)
        aim = self.weight.copy()
        for _ in range(TURNS if M > 1 else 1):
            for m in range(M):
                rise = slope[m] - bend[m] @ (aim - self.weight)
                aim[m] = min(max(aim[m] + rise / bend[m, m], 0.0), self._most)
        step = aim - self.weight
        if np.abs(step).max(initial=0.0) < SMALL:
            return False
        here = self._height(truth, scores, logs, self.weight)
        for _ in range(HALVINGS):
            there = self.weight + step
            scores = self._base + self._evidence.added(there)
            if self._height(truth, scores, normalised(scores)[1], there) >= here:
                self.weight = there
                return True
            step = step / 2
        return False

    def _height(self, truth: Floats, scores: Floats, logs: Floats, weight: Floats) -> float:
        return float(np.vdot(truth, scores) - logs.sum() - self._penalty / 2 * (weight @ weight))


def judged(evidence: Evidence, weight: Floats, log_posterior: Floats) -> tuple[Floats, Floats]:
    """How often each model's likeliest class is right, by the posterior and by that without its own voice.

    float64[models] twice, over the items that it predicts; ties share.
    """
    M = len(evidence.mean)
    by_all, by_others = np.full(M, np.nan), np.full(M, np.nan)
    for m in np.flatnonzero(evidence.spoke.any(axis=1)):
        ratios, logs = evidence.ratios[m, evidence.spoke[m]], log_posterior[evidence.items[evidence.spoke[m]]]
        said = ratios + np.log(evidence.mean[m])
        likeliest = (said >= said.max(axis=1, keepdims=True) - 1e-12).astype(np.float64)
        likeliest /= likeliest.sum(axis=1, keepdims=True)
        by_all[m] = (np.exp(logs) * likeliest).sum() / len(said)
        by_others[m] = (normalised(logs - weight[m] * ratios)[0] * likeliest).sum() / len(said)
    return by_all, by_others
