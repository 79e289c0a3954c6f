"""Forms of texts: what counts as one, how many are drawn, and which is chosen."""

from __future__ import annotations

import numpy as np

from crowdqc.quality.texts import Texts
from crowdqc.quality.texts.forms import Forms


def forms_of(answers: dict[str, list[str]]) -> tuple[Texts, Forms]:
    rows = [(item, f"w{n}", text) for item, said in answers.items() for n, text in enumerate(said)]
    texts = Texts.of(*zip(*rows, strict=True), all_items="abc")
    return texts, Forms.of(texts, texts.words())


def test_answers_with_the_same_words_are_one_form() -> None:
    _, forms = forms_of({"a": ["B c", "b  C", "a"], "c": ["a"]})
    assert forms.words == (("a",), ("b", "c"), ("a",))
    assert forms.item.tolist() == [0, 0, 2]
    assert forms.count.tolist() == [1, 2, 1]
    assert forms.of_answer.tolist() == [1, 1, 0, 2]


def test_the_cheapest_is_chosen_then_the_commonest_then_the_first() -> None:
    texts, forms = forms_of({"a": ["x", "y", "z"], "b": ["x", "y", "y"], "c": ["y", "x"]})
    cost = np.array([2.0, 1.0, 3.0, 1.0, 1.0 + 1e-12, 5.0, 5.0])
    form, tied = forms.cheapest(cost, texts.n_items)
    assert [forms.words[each][0] for each in form] == ["y", "y", "x"]
    assert tied.tolist() == [False, True, True]


def test_the_commonest_spelling_is_taken() -> None:
    texts, forms = forms_of({"a": ["Yes", "yes", "yes", "no"], "b": ["b", "B"]})
    form = np.array([1, 2, -1])
    assert forms.spelling(texts, form)[0] == ["yes", "B", None]
    assert forms.spelling(texts, form)[1].tolist() == [1, 5, -1]


def test_a_draw_gives_each_form_its_share() -> None:
    _, forms = forms_of({"a": ["x"] * 60 + ["y"] * 30 + ["z"] * 10, "b": ["x", "y"]})
    answers = np.bincount(forms.item, weights=forms.count)[forms.item].astype(np.int64)
    assert forms.thinned(answers, 10).tolist() == [6, 3, 1, 1, 1]
    assert forms.thinned(answers, 100).tolist() == [60, 30, 10, 1, 1]
