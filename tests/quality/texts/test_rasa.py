"""RASA and HRRASA, against crowd-kit's."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.texts import HashedGrams, TextConsensus, TextHRRASA, TextRASA, Texts
from crowdqc.quality.texts.distances import Sequences, differences

embeddings = pytest.importorskip("crowdkit.aggregation.embeddings")


def some(seed: int, items: int = 15, workers: int = 8, overlap: int = 4) -> Texts:
    """Sentences of which workers get a share of the words wrong, some more than others."""
    rng = np.random.default_rng(seed)
    truth, wrong = rng.integers(40, size=(items, 7)), rng.uniform(0.05, 0.6, workers)
    item = np.repeat(np.arange(items), overlap)
    worker = np.concatenate([rng.choice(workers, overlap, replace=False) for _ in range(items)])
    said = [
        " ".join(f"w{word if rng.random() > wrong[who] else rng.integers(40)}" for word in truth[what])
        for what, who in zip(item, worker, strict=True)
    ]
    return Texts.of(item, worker, said)


class Mended(embeddings.HRRASA):  # type: ignore[misc]
    """Without its conversion of averages, which are vectors, to single numbers: today's pandas refuses that."""

    @staticmethod
    def _aggregate_embeddings(data: Any, weights: Any, true_embeddings: Any = None) -> Any:
        data = data.join(weights, on=["task", "worker"])
        data["weighted_embedding"] = data.weight * data.embedding
        group = data.groupby("task")
        return group.weighted_embedding.apply(np.sum) / group.weight.sum()


def theirs(method: Any, texts: Texts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the distance of each answer to its average, and the skill of each worker."""
    vectors = HashedGrams.of(texts.compared()).rows(texts.compared())
    frame = pd.DataFrame({"task": texts.item, "worker": texts.worker, "output": range(len(texts))})
    frame["embedding"] = [*vectors]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = method.fit_predict_scores(frame)
    return scores.sort_values("output")["score"].to_numpy(), method.skills_.sort_index().to_numpy()


def same(ours: TextConsensus, texts: Texts, distance: NDArray[np.float64], skill: NDArray[np.float64]) -> None:
    assert ours.skill is not None
    np.testing.assert_allclose(ours.skill, skill, rtol=1e-8)
    for item in range(texts.n_items):
        rows = np.flatnonzero(texts.item == item)
        assert distance[ours.source[item]] == pytest.approx(distance[rows].min(), abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("iterations", [1, 3, 100])
def test_rasa_is_crowd_kits(seed: int, iterations: int) -> None:
    texts = some(seed)
    ours = TextRASA(max_iterations=iterations, tolerance=1e-7, alpha=0.1).fit(texts)
    same(ours, texts, *theirs(embeddings.RASA(n_iter=iterations, tol=1e-7, alpha=0.1), texts))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("by_vector", [0.2, 1.0])
def test_hrrasa_is_crowd_kits_with_our_likeness_of_words(seed: int, by_vector: float) -> None:
    texts = some(seed)
    sequences = Sequences.of(texts.words())
    method = Mended(
        n_iter=50,
        tol=1e-7,
        lambda_emb=by_vector,
        lambda_out=1 - by_vector,
        output_similarity=lambda i, j: 1 - float(differences(sequences, np.array([i]), np.array([j]))[0]),
    )
    ours = TextHRRASA(max_iterations=50, tolerance=1e-7, by_vector=by_vector).fit(texts)
    same(ours, texts, *theirs(method, texts))


@pytest.mark.parametrize("method", [TextRASA, TextHRRASA])
def test_who_is_like_the_others_weighs_more(method: type[TextRASA | TextHRRASA]) -> None:
    rng = np.random.default_rng(3)
    words = [[f"w{n}" for n in rng.integers(200, size=8)] for _ in range(40)]
    rows = []
    for item, truth in enumerate(words):
        rows += [(item, worker, " ".join(truth[:7] if item % 4 == worker else truth)) for worker in range(4)]
        rows.append((item, 4, " ".join(truth[:3] + [f"v{n}" for n in range(item, item + 4)])))
    skill = method().fit(Texts.of(*zip(*rows, strict=True))).skill
    assert skill is not None
    assert skill[4] < 0.2 * skill[:4].min()


def test_an_encoder_of_ones_own() -> None:
    meaning = {"yes": [1.0, 0.0], "yeah": [0.99, 0.1], "no": [0.0, 1.0]}
    texts = Texts.of([1, 1, 1], list("abc"), ["Yes", "yeah", "no"])
    consensus = TextRASA(encoder=meaning.__getitem__).fit(texts)
    assert consensus.text == ("yeah",)


def test_who_was_alone_teaches_nothing() -> None:
    texts = Texts.of([1, 1, 2, 3, 3], ["a", "b", "c", "c", "c"], ["x", "x", "y", "v", "v"], repeats="all")
    for method in (TextRASA(), TextHRRASA()):
        consensus = method.fit(texts)
        assert consensus.text == ("x", "y", "v")
        assert consensus.skill is not None
        assert np.isnan(consensus.skill).tolist() == [False, False, True]


@pytest.mark.parametrize("fault", [{"alpha": 0.0}, {"tolerance": -1.0}, {"max_iterations": 0}, {"by_vector": 0.0}])
def test_parameters_out_of_range(fault: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter, match=f"{next(iter(fault))} is"):
        TextHRRASA(**fault)
