"""Crowd and models together: each model's probabilities are one more voice, with a weight that is estimated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.aggregation.confusion import CoinConfusion, Confusion, PairConfusion
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.aggregation.dawid_skene import DawidSkene, by_dirichlet
from crowdqc.quality.aggregation.one_coin import Coins, OneCoin
from crowdqc.quality.aggregation.voices import Evidence, VoicesPrior, judged
from crowdqc.quality.arrays import Counts, Floats, brief
from crowdqc.quality.estimation.class_prior import ClassPrior, Prior, check_prior
from crowdqc.quality.estimation.expectation import Fit, Learned, maximise
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.logs import safe_log
from crowdqc.quality.pairs import Pairs
from crowdqc.quality.parameters import check_choice, check_number, check_whole
from crowdqc.quality.predictions.columns import Predictions, check_predictions
from crowdqc.quality.votes import Votes

#: How the crowd may be thought of.
BASES = ("dawid_skene", "one_coin", "majority_vote")


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """What was learned of the models.

    Attributes
    ----------
    models
        Names by code.
    weight
        float64[models], how far a model is believed: 0 not at all, 1 at its word; between them it is too sure of
        itself, or says what others say.
    mean
        float64[models, K], the model's own shares of the classes, against which its word is taken: with the class
        prior they are the offset that takes its habit of naming a class too often away.
    accuracy
        float64[models], how often its likeliest class is right, by the posterior. NaN where it predicts no item
        that was answered or is gold.
    apart
        float64[models], the same by the posterior without its own voice: never flattered by itself, and the lower,
        the less the workers and the others know.
    items
        int64[models], how many answered or gold items it predicts.
    gain
        Nats by which the answers and gold became more probable with the models.
    heard
        Whether that was enough; if not, all weights are 0.
    """

    models: tuple[str, ...]
    weight: Floats
    mean: Floats
    accuracy: Floats
    apart: Floats
    items: Counts
    gain: float
    heard: bool


@dataclass(frozen=True, slots=True)
class ModelAware:
    """A model of the crowd with an item prior that the models give, each as far as the answers bear it out.

    The prior odds of an item's classes are those of the class prior, times what each model says of the item
    against what it says on the whole, to the power of a weight. Weights are learned together with the workers'
    matrices: a model that guesses, or is wrong throughout, gets 0, one that is too sure of itself gets
    little, and two copies share one weight. Models that do not make the answers clearly more probable are not
    heard at all: then, as without models, the consensus is that of the base.

    Predictions must be out-of-sample: a model that was trained on a consensus of these very answers agrees with
    the crowd's mistakes and confirms them, and nothing here can notice. Nor can the weight be known well where
    each item has one answer and none is gold: there workers are judged by the model, and the model by them.

    Parameters
    ----------
    base
        How the crowd is thought of: "dawid_skene", "one_coin" or, all workers being equal, "majority_vote".
    diagonal, off_diagonal, class_prior, class_items
        As for `DawidSkene`, the first two for it alone. The class prior is learned from the answers alone: models
        that err as the workers do would move the border between classes.
    doubt
        Share of the uniform distribution that is mixed into every prediction, for a model that is certain is wrong
        once in a while.
    penalty
        Precision of the normal prior that holds weights to 0.
    most
        The greatest weight: 1 takes a model at its word at most.
    gain
        Nats that the log posterior must gain with the models for them to be heard: more than those gain that know
        nothing.
    max_iterations, tolerance
        As for `DawidSkene`, for the fit without and for that with the models.

    Notes
    -----
    With p_m the probabilities of model m and q_m their mean over its items, P(z = k) is proportional to prior_k
    prod_m (p_mk / q_mk)^w_m: the logistic model of Raykar et al., on log probabilities. With weights of 1 it is
    right for calibrated models that err independently given the truth; lower ones temper the others. A missing
    prediction adds nothing. Gold teaches workers and weights. The fit goes on from that of `DawidSkene` and its
    objective, which never falls, from there. An item that nobody answered has the models' posterior, and still no
    label: who wants one takes its likeliest class.

    References
    ----------
    V. C. Raykar et al. (2010), Learning from crowds, JMLR 11, section 2.
    H. W. Goh, U. Tkachenko, J. Mueller (2022), CROWDLAB: supervised learning to infer consensus labels and quality
    scores for data with multiple annotators.
    A. Alexandari, A. Kundaje, A. Shrikumar (2020), Maximum likelihood with bias-corrected calibration, ICML.

    Examples
    --------
    >>> from crowdqc.quality.simulation import Simulation
    >>> crowd = Simulation(items=300, workers=20, classes=3, overlap=2).run(seed=1)
    >>> said = Predictions.of(crowd.votes, crowd.votes.items, ["v1"] * 300, crowd.predictions(0.85))
    >>> both = ModelAware().fit(crowd.votes, predictions=said)
    >>> both.voices.weight.round(1).tolist(), both.voices.accuracy.round(2).tolist()
    ([1.0], [0.85])
    >>> [round(float(np.mean(each.label == crowd.truth)), 2) for each in (DawidSkene().fit(crowd.votes), both)]
    [0.75, 0.9]
    """

    base: str = "dawid_skene"
    diagonal: float = 2.0
    off_diagonal: float = 0.5
    class_prior: Prior = "learned"
    class_items: float = 1.0
    doubt: float = 1e-3
    penalty: float = 10.0
    most: float = 1.0
    gain: float = 5.0
    max_iterations: int = 300
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        check_number(self, "diagonal", "off_diagonal", "class_items", "penalty", "most", "gain", "tolerance")
        check_number(self, "doubt", low=1e-12, high=1.0)
        check_whole(self, "max_iterations")
        check_choice(self, "base", BASES)
        check_prior(self.class_prior)

    def fit(
        self,
        votes: Votes,
        gold: Gold | Truth | None = None,
        predictions: Predictions | None = None,
        *,
        start: ArrayLike | None = None,
    ) -> Consensus:
        """Fit the model; the consensus' `voices` is a `Voices`. Without predictions it is that of the base.

        `start`, float64[n_items, K], is the posterior that `DawidSkene` without models goes on from.

        Raises
        ------
        InvalidPredictions
            They are not of these votes, or a model predicts an item twice.
        """
        gold = Gold.given(votes, gold)
        said = _silence(votes) if predictions is None else check_predictions(predictions)
        evidence = Evidence.of(said, votes, self.doubt)
        taught = evidence.where(((votes.answers_per_item() > 0) | gold.known)[evidence.items])
        crowd = self._crowd()
        consensus = (
            crowd.fit(votes, gold, start=start) if isinstance(crowd, DawidSkene) else crowd.fit(votes, gold)
        )
        weight, gain = np.zeros(len(said.models)), 0.0
        if len(votes) and taught.items.size:
            both, tried = self._heard(votes, gold, evidence, taught, consensus)
            gain = float(both.objective[-1] - consensus.objective[-1])
            if gain >= self.gain:
                consensus, weight = both, tried
        accuracy, apart = judged(taught, weight, consensus.log_posterior)
        items = np.count_nonzero(taught.spoke, axis=1)
        heard = bool(weight.any())
        voices = Voices(said.models, weight, evidence.mean, accuracy, apart, items, gain, heard)
        return replace(consensus, voices=voices)

    def _crowd(self) -> DawidSkene | OneCoin:
        if self.base != "dawid_skene":
            return OneCoin(
                pooled=self.base == "majority_vote",
                class_prior=self.class_prior,
                class_items=self.class_items,
                max_iterations=self.max_iterations,
                tolerance=self.tolerance,
            )
        return DawidSkene(
            diagonal=self.diagonal,
            off_diagonal=self.off_diagonal,
            class_prior=self.class_prior,
            class_items=self.class_items,
            max_iterations=self.max_iterations,
            tolerance=self.tolerance,
        )

    def _heard(
        self, votes: Votes, gold: Gold, evidence: Evidence, taught: Evidence, without: Consensus
    ) -> tuple[Consensus, Floats]:
        """Go on from the consensus without models; give that with them, and their weights."""
        pairs = Pairs.among(votes)
        learn, confusion = self._learning(pairs)
        classes = ClassPrior.of(votes, gold, self.class_prior, self.class_items)
        prior = VoicesPrior(gold, taught, classes, without.class_prior, penalty=self.penalty, most=self.most)
        fit = maximise(
            pairs,
            prior,
            without.posterior,
            learn,
            max_iterations=self.max_iterations,
            tolerance=self.tolerance,
            items=int(np.count_nonzero(np.diff(pairs.ends))),
        )
        scores = fit.log_scores
        silent = (votes.answers_per_item() == 0) & ~gold.known
        spoken = np.tile(safe_log(without.class_prior), (votes.n_items, 1))
        spoken[evidence.items] += evidence.added(prior.weight)
        scores[silent] = spoken[silent]
        both = Consensus.of(
            gold.clamp(scores),
            votes,
            gold,
            class_prior=without.class_prior,
            confusion=confusion(fit),
            objective=np.append(without.objective, fit.objective),
            log_likelihood=float(fit.evidence[-1]),
            converged=without.converged and fit.converged,
        )
        return both, prior.weight

    def _learning(self, pairs: Pairs) -> tuple[Callable[[Floats], Learned], Callable[[Fit], Confusion]]:
        """Give how the base learns of workers, and what it says of them at the end."""
        crowd = self._crowd()
        if isinstance(crowd, OneCoin):
            coins = Coins(pairs, crowd)
            return coins.learn, lambda _: CoinConfusion(coins.accuracy, pairs.n_classes)
        pseudo = crowd.pseudo_answers(pairs.n_classes)
        return by_dirichlet(pairs, pseudo), lambda fit: PairConfusion(pairs, fit.counts, pseudo, fit.log_rates)


def _silence(votes: Votes) -> Predictions:
    """No model says anything."""
    K = votes.n_classes
    return Predictions.coded([], [], np.zeros((0, K)), models=(), n_items=votes.n_items, n_classes=K)
