"""The medoid, against the definition in loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.metrics.distance import edit_distance

from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.texts import Medoid, Texts, medoid

answers = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("uvwxyz"), st.lists(st.sampled_from("pqr"), max_size=4)),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[:2],
)


def difference(one: str, other: str) -> float:
    a, b = one.split(), other.split()
    return float(edit_distance(a, b)) / max(len(a), len(b), 1)


@given(answers)
def test_it_is_the_answer_most_like_the_others(table: list[tuple[str, str, list[str]]]) -> None:
    texts = Texts.of(*zip(*[(item, worker, " ".join(said)) for item, worker, said in table], strict=True))
    consensus = Medoid().fit(texts)
    of_worker: dict[int, list[float]] = {}
    for item in range(texts.n_items):
        rows = np.flatnonzero(texts.item == item).tolist()
        total = {row: sum(difference(texts.text[row], texts.text[each]) for each in rows) for row in rows}
        assert total[int(consensus.source[item])] == pytest.approx(min(total.values()))
        best = {texts.text[row] for row in rows if total[row] < min(total.values()) + 1e-9}
        assert consensus.text[item] in best
        assert consensus.tied[item] == (len(best) > 1)
        if len(rows) > 1:
            for row in rows:
                of_worker.setdefault(int(texts.worker[row]), []).append(1 - total[row] / (len(rows) - 1))
    wanted = [np.mean(of_worker.get(worker, [np.nan])) for worker in range(texts.n_workers)]
    assert consensus.skill is not None
    np.testing.assert_allclose(consensus.skill, wanted)


def test_agreement_leaves_the_source_out() -> None:
    consensus = Medoid().fit(Texts.of([1, 1, 1, 2], list("abca"), ["x y", "x y", "x z", "alone"]))
    assert consensus.agreement.tolist() == [0.75, pytest.approx(np.nan, nan_ok=True)]
    assert consensus.likeness.tolist() == [1.0, 1.0, 0.5, 1.0]


def test_case_and_spacing_count_for_nothing_but_are_kept() -> None:
    said = ["The cat", "the  CAT", "The cat", "a dog", "a dog"]
    assert Medoid().fit(Texts.of([1] * 5, list("abcde"), said)).text == ("The cat",)


def test_parts_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    said = [" ".join(map(str, rng.integers(6, size=5))) for _ in range(60)]
    texts = Texts.of(np.arange(60) // 6, np.arange(60) % 6, said)
    whole = Medoid().fit(texts)
    monkeypatch.setattr(medoid, "PAIRS", 20)
    parts = Medoid().fit(texts)
    assert parts.text == whole.text
    np.testing.assert_array_equal(parts.skill, whole.skill)  # type: ignore[arg-type]


def test_of_more_different_texts_than_are_compared_some_are_drawn() -> None:
    said = ["the cat sat"] * 300 + [f"the cat sat {n}" for n in range(700)]
    texts = Texts.of([1] * 1000, range(1000), said)
    drawn = Medoid(most=50).fit(texts)
    assert drawn.text == ("the cat sat",)
    assert drawn.skill is not None
    assert np.isnan(drawn.skill).mean() > 0.6  # of those who were not drawn nothing is known


def test_a_parameter_out_of_range() -> None:
    with pytest.raises(InvalidParameter, match="most is 1"):
        Medoid(most=1)
