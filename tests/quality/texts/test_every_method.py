"""What every method for texts does."""

from __future__ import annotations

from random import Random
from typing import Protocol

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality.texts import Medoid, Rover, TextConsensus, TextHRRASA, TextRASA, Texts

pytest.importorskip("crowdkit.aggregation")


class Method(Protocol):
    def fit(self, texts: Texts) -> TextConsensus: ...


METHODS: list[Method] = [Medoid(), Rover(), TextRASA(), TextHRRASA()]
every = pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)

Row = tuple[str, str, str]
said = st.lists(st.sampled_from(["a", "B", "cc", "d"]), max_size=4).map(" ".join)
tables = st.lists(
    st.tuples(st.sampled_from("pqr"), st.sampled_from("vwxyz"), said), max_size=12, unique_by=lambda row: row[:2]
)


def texts_of(table: list[Row]) -> Texts:
    columns = zip(*table, strict=True) if table else ((), (), ())
    return Texts.of(*columns, all_items="pqrs")


@every
@given(table=tables, random=st.randoms())
@settings(max_examples=25)
def test_neither_order_nor_names_matter(method: Method, table: list[Row], random: Random) -> None:
    one = method.fit(texts_of(table))
    other = method.fit(texts_of(random.sample(table, len(table))))
    assert one.text == other.text
    np.testing.assert_array_equal(one.source, other.source)
    np.testing.assert_array_equal(one.agreement, other.agreement)
    if one.skill is not None and other.skill is not None:
        np.testing.assert_array_equal(one.skill, other.skill)
    name = dict(zip("vwxyz", random.sample("vwxyz", 5), strict=True))
    renamed = method.fit(texts_of([(item, name[worker], text) for item, worker, text in table]))
    assert renamed.text == one.text
    np.testing.assert_array_equal(renamed.tied, one.tied)


@every
@given(table=tables)
@settings(max_examples=25)
def test_the_result_says_what_it_is(method: Method, table: list[Row]) -> None:
    texts = texts_of(table)
    consensus = method.fit(texts)
    answers = texts.answers_per_item()
    assert consensus.answers.tolist() == answers.tolist()
    assert [text is None for text in consensus.text] == (answers == 0).tolist()
    assert ((consensus.agreement >= 0) & (consensus.agreement <= 1) | np.isnan(consensus.agreement)).all()
    assert consensus.likeness.shape == (len(texts),)
    for item, source in enumerate(consensus.source.tolist()):
        if source >= 0:
            assert texts.item[source] == item
            assert texts.text[source] == consensus.text[item]
            assert consensus.likeness[source] == 1
        elif answers[item]:
            others = [text for code, text in zip(texts.item, texts.text, strict=True) if code == item]
            assert consensus.text[item] not in others


@every
def test_what_is_degenerate(method: Method) -> None:
    assert method.fit(texts_of([])).text == (None,) * 4
    one = method.fit(Texts.of([1], ["a"], ["Alone."]))
    assert (one.text, one.source.tolist(), one.tied.tolist()) == (("Alone.",), [0], [False])
    assert np.isnan(one.agreement).all()
    same = method.fit(Texts.of([1, 1, 1, 2, 2], list("abcab"), ["Yes"] * 5))
    assert same.text == ("Yes", "Yes")
    assert same.agreement.tolist() == [1.0, 1.0]
    empty = method.fit(Texts.of([1, 1, 2], list("aba"), ["", " ", ""]))
    assert empty.text == ("", "")


@every
def test_the_commonest_of_many_wins(method: Method) -> None:
    """10,000 answers to one item."""
    rng = np.random.default_rng(2)
    said = np.where(
        rng.random(10_000) < 0.6, "the cat sat", np.where(rng.random(10_000) < 0.5, "a cat", "dogs bark")
    )
    assert method.fit(Texts.coded(np.zeros(10_000, int), np.arange(10_000), said.tolist(),
                                  items=["x"], workers=range(10_000))).text == ("the cat sat",)  # fmt: skip


@every
def test_repeats_are_voices_only_where_that_was_said(method: Method) -> None:
    rows = [(1, "a", "x y"), (1, "a", "x y"), (1, "a", "x y"), (1, "b", "z w"), (1, "c", "z w")]
    assert method.fit(Texts.of(*zip(*rows, strict=True))).text == ("z w",)
