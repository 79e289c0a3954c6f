"""The method that chooses among methods: by what they foretell, by gold held out, and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.aggregation.consensus import Candidate, Choice, Consensus
from crowdqc.quality.aggregation.dawid_skene import DawidSkene
from crowdqc.quality.aggregation.evidence import Foretelling, Trial, mean_and_error
from crowdqc.quality.aggregation.hierarchical import GradedDawidSkene, HierarchicalDawidSkene
from crowdqc.quality.aggregation.model_aware import ModelAware, Voices
from crowdqc.quality.aggregation.one_coin import OneCoin
from crowdqc.quality.aggregation.ordinal import Ordinal
from crowdqc.quality.arrays import Floats
from crowdqc.quality.estimation.kernels import announce
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.parameters import check_number, check_whole
from crowdqc.quality.predictions.columns import Predictions
from crowdqc.quality.votes import Votes

#: From the simplest to the richest. The first has majority vote's labels, and a probability.
CANDIDATES: Mapping[str, Foretelling] = {
    "majority_vote": OneCoin(pooled=True),
    "one_coin": OneCoin(),
    "ordinal": Ordinal(),
    "dawid_skene": DawidSkene(),
    "hierarchical_dawid_skene": HierarchicalDawidSkene(),
    "graded_dawid_skene": GradedDawidSkene(),
}
HEARING = "model_aware"
#: The same views of the crowd, with models beside it.
HEARERS: Mapping[str, ModelAware] = {
    "majority_vote": ModelAware(base="majority_vote", class_prior="uniform"),
    "one_coin": ModelAware(base="one_coin", class_prior="uniform"),
    "dawid_skene": ModelAware(),
}
#: How far a fit to a sample is carried: enough to compare.
HASTY = {"max_iterations": 30, "tolerance": 1e-3}
#: Answers that a fit of a rich candidate is like, for each of those it reads.
WEIGHT = 4
#: Held-out answers below which nothing is told apart.
FEW = 100
#: Gold items below which gold has no say.
FEW_GOLD = 30


@dataclass(frozen=True, slots=True)
class Auto:
    """Take the simplest method that is not clearly worse than the best.

    Each candidate is fitted to four fifths of the answers and asked for the probability of the rest. The simplest
    that is behind the best by no more than `errors` standard errors is taken: a richer model must earn its
    parameters, and where workers answered little it does not. Gold, where there is enough, is held out as well,
    and a candidate that is clearly worse on it is out.

    Parameters
    ----------
    errors
        Standard errors that count as clearly; they allow for answers of one worker, or to one item, being alike.
    seed
        Deals the answers into parts.

    Notes
    -----
    `ordinal` is tried where the classes are numbers that go up. Predictions are heard where the answers bear the
    models out (`Voices.heard`): how well noisy answers are foretold says little of how much a good model adds. The
    crowd is then seen as before, where `model_aware` has that view as its base; otherwise as Dawid and Skene see
    it, if that does not foretell clearly worse.
    A model may foretell answers better and yet name the truth worse, when it uses its freedom to rename classes.
    The candidates with much freedom therefore keep the classes' shares (see `HierarchicalDawidSkene`), and
    `docs/reference/benchmarks.md` shows on real crowds how far the choice can be trusted.

    References
    ----------
    T. Hastie, R. Tibshirani, J. Friedman (2009), The elements of statistical learning, section 7.10 (the rule of
    the simplest model within the error of the best).
    """

    errors: float = 2.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_number(self, "errors")
        check_whole(self, "seed", low=0, high=2**63 - 1)

    def fit(
        self,
        votes: Votes,
        gold: Gold | Truth | None = None,
        predictions: Predictions | None = None,
        *,
        weights: ArrayLike | None = None,
    ) -> Consensus:
        """Try every candidate and fit the chosen one to all answers; its `choice` says which it is, and why.

        `weights`, float64[n_workers] from 0 to 1, tempers the evidence of workers where the chosen method can; the
        choice is made as if all counted whole.
        """
        gold = Gold.given(votes, gold)
        candidates = self.candidates(votes)
        trial = Trial.of(votes, gold, self.seed)
        counted = int(np.count_nonzero(trial.counted))
        workers = np.unique(trial.votes.worker[trial.counted]).size
        if counted < FEW or workers < 2 or votes.n_classes < 2:
            choice = self._simplest(votes, counted)
        else:
            choice, foretold = self._choose(candidates, trial)
            if predictions is not None and predictions.item.size:
                consensus, choice = self._hear(choice, foretold, trial, votes, gold, predictions)
                if consensus is not None:
                    return replace(consensus, choice=choice)
        chosen = candidates[choice.method]
        if weights is not None and isinstance(chosen, OneCoin | DawidSkene | HierarchicalDawidSkene):
            return replace(chosen.fit(votes, gold, weights=weights), choice=choice)
        return replace(chosen.fit(votes, gold), choice=choice)

    @staticmethod
    def candidates(votes: Votes) -> dict[str, Foretelling]:
        """Give the methods that make sense for these votes, from the simplest to the richest."""
        found = dict(CANDIDATES)
        if not _ordered(votes.classes):
            del found["ordinal"]
        return found

    def _choose(self, methods: Mapping[str, Foretelling], trial: Trial) -> tuple[Choice, Mapping[str, Floats]]:
        """Choose among methods of answers; give also what each foretold, float64[counted] by name."""
        worker, item = trial.votes.worker[trial.counted], trial.votes.item[trial.counted]
        announce(WEIGHT * trial.answers * len(methods))
        if trial.sampled:
            methods = {name: replace(method, **HASTY) for name, method in methods.items()}  # type: ignore[type-var]
        right = _on_gold(methods, trial.votes, trial.gold, self.seed)
        notes = {name: self._on_gold_against(name, right) for name in methods}
        foretold = {name: trial.foretold(method) for name, method in methods.items()}
        allowed = [name for name in methods if not notes[name]] or [*methods]
        best = max(allowed, key=lambda name: foretold[name].mean())
        behind = {name: mean_and_error(foretold[best] - logs, worker, item) for name, logs in foretold.items()}
        for name in methods:
            notes[name] = notes[name] or self._against(name, best, behind)
        chosen = next((name for name in allowed if not notes[name]), best)
        candidates = tuple(
            Candidate(
                name=name,
                figure=float(logs.mean()),
                behind=behind[name][0],
                error=behind[name][1],
                gold=float(right[name].mean()) if right else float("nan"),
                note="" if name == chosen else notes[name] or f"not better than {chosen}, and less simple",
            )
            for name, logs in foretold.items()
        )
        return Choice(chosen, self._reason(chosen, best, candidates, worker.size), candidates), foretold

    def _hear(
        self,
        choice: Choice,
        foretold: Mapping[str, Floats],
        trial: Trial,
        votes: Votes,
        gold: Gold,
        predictions: Predictions,
    ) -> tuple[Consensus | None, Choice]:
        """Let models speak beside the crowd as the chosen method sees it; nothing where they are not heard."""
        hearing = _Hearing(HEARERS.get(choice.method, ModelAware()), predictions)
        consensus = hearing.fit(votes, gold)
        methods = {choice.method: CANDIDATES[choice.method], HEARING: hearing}
        right = _on_gold(methods, votes, gold, self.seed)
        worker, item = trial.votes.worker[trial.counted], trial.votes.item[trial.counted]
        trying = _Hearing(replace(hearing.method, **HASTY), predictions) if trial.sampled else hearing  # type: ignore[arg-type]
        logs = trial.foretold(trying)
        best = max(foretold, key=lambda name: foretold[name].mean())
        behind = mean_and_error(foretold[best] - logs, worker, item)
        reason = _heard(consensus, choice.method if choice.method in HEARERS else "dawid_skene")
        note = "" if reason else "the answers do not bear the models out"
        if reason and choice.method not in HEARERS:
            # another view of the crowd: it must not be the worse one
            note = self._against(HEARING, best, {HEARING: behind})
        note = self._on_gold_against(HEARING, right) or note
        candidate = Candidate(
            name=HEARING,
            figure=float(logs.mean()),
            behind=behind[0],
            error=behind[1],
            gold=float(right[HEARING].mean()) if right else float("nan"),
            note=note,
        )
        if note:
            return None, replace(choice, candidates=(*choice.candidates, candidate))
        told = [each if each.note else replace(each, note="without the models") for each in choice.candidates]
        return consensus, Choice(HEARING, reason, (*told, candidate))

    def _on_gold_against(self, name: str, right: Mapping[str, Floats]) -> str:
        """Say what gold has against a candidate; nothing where it has nothing."""
        if not right:
            return ""
        top = max(right, key=lambda other: right[other].mean())
        item = np.arange(right[name].size, dtype=np.int32)
        lost, error = mean_and_error(right[top] - right[name], item)
        clear = lost > self.errors * error
        words = f"on gold that was kept from it {lost:.1%} worse than {top} (standard error {error:.1%})"
        return words if clear else ""

    def _against(self, name: str, best: str, behind: Mapping[str, tuple[float, float]]) -> str:
        lag, error = behind[name]
        if name == best or lag <= self.errors * error:
            return ""
        return f"foretells an answer {lag:.3f} nats worse than {best} (standard error {error:.3f})"

    def _reason(self, chosen: str, best: str, candidates: tuple[Candidate, ...], n: int) -> str:
        of = {candidate.name: candidate for candidate in candidates}
        simpler = [name for name in list(of)[: list(of).index(chosen)]]
        words = f"{chosen} foretells the {n:,} held-out answers "
        if chosen == best:
            words += f"best ({of[chosen].figure:.3f} nats an answer)"
        else:
            words += (
                f"as well as {best} does, within {self.errors:g} standard errors "
                f"({of[chosen].behind:.3f} +- {of[chosen].error:.3f} nats), and is simpler"
            )
        if simpler:
            words += "; " + ", ".join(simpler) + (" is" if len(simpler) == 1 else " are") + " clearly worse"
        return words + "."

    @staticmethod
    def _simplest(votes: Votes, n: int) -> Choice:
        reason = (
            f"majority_vote: only {n} answers could be held out while others of their items remain, "
            f"by more than one worker; with fewer than {FEW} nothing tells the methods apart."
        )
        return Choice(
            "majority_vote", reason if votes.n_classes > 1 else "majority_vote: there is one class only."
        )


def _ordered(classes: Sequence[str]) -> bool:
    """Say whether the classes are at least three numbers that go up: names have no order of their own."""
    try:
        values = [float(name) for name in classes]
    except ValueError:
        return False
    return len(values) > 2 and all(low < high for low, high in pairwise(values))


def _heard(consensus: Consensus, base: str) -> str:
    """Say in words that models were heard; nothing where they were not."""
    voices = consensus.voices
    if not isinstance(voices, Voices) or not voices.heard:
        return ""
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in zip(voices.models, voices.weight, strict=True))
    return (
        f"{HEARING}, with the crowd as {base} sees it: the answers bear the models out far beyond chance; to hear "
        f"them raises the log posterior by {voices.gain:.0f} nats (weights: {weights})."
    )


@dataclass(frozen=True, slots=True)
class _Hearing:
    """A method that hears models, as one of answers alone."""

    method: ModelAware
    predictions: Predictions

    def fit(self, votes: Votes, gold: Gold | None = None) -> Consensus:
        return self.method.fit(votes, gold, self.predictions)


def _on_gold(methods: Mapping[str, Foretelling], votes: Votes, gold: Gold, seed: int) -> dict[str, Floats]:
    """Keep each gold item from the candidates once and see whether they find it, float64[gold items] by name."""
    asked = np.flatnonzero(gold.known & (votes.answers_per_item() > 0))
    if asked.size < FEW_GOLD:
        return {}
    part = np.random.default_rng(seed).permutation(asked.size) % 3
    right = {name: np.zeros(asked.size) for name in methods}
    for out in range(3):
        kept = gold.accepted.copy()
        kept[asked[part == out]] = False
        for name, method in methods.items():
            label = method.fit(votes, Gold(kept)).label[asked[part == out]]
            right[name][part == out] = gold.accepted[asked[part == out], label]
    return right
