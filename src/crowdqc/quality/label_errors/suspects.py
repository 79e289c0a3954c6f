"""Labels in the order in which somebody should look at them, each with what speaks against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Codes, Flags, Floats, brief
from crowdqc.quality.label_errors.confident_learning import ConfidentJoint
from crowdqc.quality.label_errors.given import InvalidLabels, Table, blocks
from crowdqc.quality.label_errors.neighbours import joined, neighbours_say
from crowdqc.quality.label_errors.opinions import Opinions
from crowdqc.quality.label_errors.pruning import find_errors
from crowdqc.quality.label_errors.suspicion import suspicion
from crowdqc.quality.logs import safe_log
from crowdqc.quality.predictions import Predictions

#: What a `Suspects` has a row of each suspect of.
_ROWS = (
    *("item", "given", "suggested", "score", "of_given", "of_suggested", "against", "error"),
    *("crowd_given", "crowd_suggested"),
)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Suspects:
    """One row a suspect, the most suspicious first.

    Attributes
    ----------
    item
        int32[n], codes of the items.
    given, suggested
        int32[n], the label, and the class that speaks most against it.
    score
        float64[n], in nats: about the log odds of the suggested class and the label. See `suspicion`.
    of_given, of_suggested
        float64[n], the tempered probability of both by all models together.
    against
        bool[n, models], whose likeliest class is not the label.
    error
        bool[n], labels that confident learning takes for errors.
    crowd_given, crowd_suggested
        float64[n], the probability of both by the answers of the crowd; None where no consensus was given.
    models
        Names by code.
    weight
        float64[models], how each model is weighed; 1 over it is the temperature where there is one model.
    looked_at
        How many items have a label and a prediction.
    expected_errors
        How many of these labels are wrong, by confident learning.
    """

    item: Codes
    given: Codes
    suggested: Codes
    score: Floats
    of_given: Floats
    of_suggested: Floats
    against: Flags
    error: Flags
    crowd_given: Floats | None
    crowd_suggested: Floats | None
    models: tuple[str, ...]
    weight: Floats
    looked_at: int
    expected_errors: int

    def __len__(self) -> int:
        return int(self.item.size)

    def head(self, number: int) -> Suspects:
        """Give the first so many."""
        parts: dict[str, Any] = {name: getattr(self, name) for name in _ROWS}
        parts = {name: None if each is None else each[:number] for name, each in parts.items()}
        return replace(self, **parts)

    def reasons(self, classes: Sequence[str]) -> Iterator[str]:
        """Say in words what speaks against each label."""
        for row in range(len(self)):
            given, suggested = classes[self.given[row]], classes[self.suggested[row]]
            against = [name for name, says in zip(self.models, self.against[row], strict=True) if says]
            lean = f"contradicted by {_listed(against)}" if against else "contradicted by no model"
            told = [f"{lean}: {suggested} {self.of_suggested[row]:.2f}, {given} {self.of_given[row]:.2f}"]
            if self.crowd_given is not None and self.crowd_suggested is not None:
                told.append(
                    f"the crowd: {suggested} {self.crowd_suggested[row]:.2f}, {given} {self.crowd_given[row]:.2f}"
                )
            if self.error[row]:
                told.append("an error by confident learning")
            yield "; ".join(told)


def find_suspects(
    predictions: Predictions,
    label: Codes,
    *,
    consensus: Consensus | None = None,
    embeddings: tuple[Codes, Table] | None = None,
    top: int | None = None,
) -> Suspects:
    """Rank labels, int32[n_items] (-1: none), by how much speaks against them.

    Parameters
    ----------
    predictions
        Of one model or several, out-of-sample: a model that was trained on these very labels has learned their
        mistakes and hides them.
    consensus
        Of the answers of a crowd to the same items and classes, without the models: they are heard here.
    embeddings
        int32[m] items and numbers[m, d]: then each item's nearest others, by their labels, are one more model.
    top
        How many to give; all where it is left out.

    Raises
    ------
    InvalidLabels, InvalidPredictions, InvalidEmbeddings

    Examples
    --------
    >>> table = np.array([[0.9, 0.1], [0.8, 0.2], [0.05, 0.95], [0.2, 0.8], [0.3, 0.7]] * 20)
    >>> label = np.array([0, 0, 0, 1, 1] + [0, 0, 1, 1, 1] * 19, dtype=np.int32)
    >>> said = Predictions.coded(range(100), [0] * 100, table, models=["m"], n_items=100, n_classes=2)
    >>> found = find_suspects(said, label, top=1)
    >>> found.item.tolist(), next(found.reasons(["ham", "spam"]))[:24]
    ([2], 'contradicted by m: spam ')
    """
    K = predictions.probabilities.shape[1]
    if embeddings is not None:
        predictions = joined(predictions, neighbours_say(embeddings[1], embeddings[0], label, K))
    opinions = Opinions.of(predictions, label)
    n = len(opinions)
    beside = None if consensus is None else _beside(consensus, opinions)
    found = suspicion(opinions, beside)
    joint, error = _confident(opinions)
    most = n if top is None or K < 2 else max(0, min(top, n))
    order = np.lexsort((opinions.item, -found.score))[: most if K > 1 else 0]
    place = opinions.item[order]
    given, suggested = opinions.given[order], found.suggested[order]
    posterior = None if consensus is None else consensus.posterior
    return Suspects(
        item=place,
        given=given,
        suggested=suggested,
        score=found.score[order],
        of_given=found.of_given[order],
        of_suggested=found.of_suggested[order],
        against=_against(opinions, order),
        error=error[order],
        crowd_given=None if posterior is None else posterior[place, given],
        crowd_suggested=None if posterior is None else posterior[place, suggested],
        models=predictions.models,
        weight=opinions.weight,
        looked_at=n,
        expected_errors=joint.expected_errors if n else 0,
    )


def _beside(consensus: Consensus, opinions: Opinions) -> Floats:
    """What the answers alone say of the classes, beyond how common these are."""
    if getattr(consensus.voices, "heard", False):
        raise InvalidLabels(
            "The consensus has heard models already; they would count twice.", mend="Aggregate the answers alone."
        )
    items, K = consensus.posterior.shape
    if opinions.n_classes != K or opinions.item.max(initial=-1) >= items:
        raise InvalidLabels("The consensus is of other items or classes than the predictions.")
    return np.asarray(consensus.log_posterior[opinions.item] - safe_log(consensus.class_prior))


def _confident(opinions: Opinions) -> tuple[ConfidentJoint, Flags]:
    """Count and prune by confident learning, on the probabilities of all models together."""
    table = opinions.whole()
    joint = ConfidentJoint.of(opinions.given, table)
    return joint, find_errors(opinions.given, table, joint=joint)


def _against(opinions: Opinions, order: np.ndarray) -> Flags:
    """Which model's likeliest class is not the label, bool[rows, models]."""
    said = opinions.predictions.probabilities
    against = np.zeros((order.size, len(opinions.row)), dtype=bool)
    for model, place in enumerate(opinions.row[:, order]):
        for rows in blocks(order.size, said.shape[1]):
            spoke = place[rows] >= 0
            part, own = said[place[rows][spoke]], opinions.given[order[rows]][spoke]
            against[np.flatnonzero(spoke) + rows.start, model] = part[np.arange(own.size), own] < part.max(axis=1)
    return against


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
