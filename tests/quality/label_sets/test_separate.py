"""Options one by one: crowd-kit, gold, offers, and how workers are scored."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings

from crowdqc.quality.aggregation import DawidSkene, MajorityVote
from crowdqc.quality.label_sets import GoldSets, LabelSets, Separate
from tests.quality.label_sets.sets import Row, read, simulate, table_of, tables


def test_the_sets_are_crowd_kits() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pandas = pytest.importorskip("pandas")
        aggregation = pytest.importorskip("crowdkit.aggregation")
        sets = simulate(1, items=40, options=5).sets
        names = [
            [sets.options[option] for option in sets.option[start:stop]]
            for start, stop in zip(sets.start[:-1], sets.start[1:], strict=True)
        ]
        frame = pandas.DataFrame({"task": sets.item, "worker": sets.worker, "label": names})
        theirs = aggregation.BinaryRelevance(aggregation.MajorityVote()).fit_predict(frame)
    assert Separate(MajorityVote()).fit(sets).sets() == [frozenset(theirs[item]) for item in range(40)]


@pytest.mark.parametrize("method", [MajorityVote(), DawidSkene()])
def test_each_option_is_the_method_on_its_votes(method: MajorityVote | DawidSkene) -> None:
    sets = simulate(2, items=30, options=4).sets
    consensus = Separate(method).fit(sets)
    for option in range(4):
        np.testing.assert_allclose(
            consensus.probability[consensus.option == option], method.fit(sets.votes(option)).posterior[:, 1]
        )


@settings(deadline=None, max_examples=30)
@given(tables)
def test_any_table(table: list[Row]) -> None:
    sets = read(table)
    gold = GoldSets.of(sets, {"b": ["P"], "c": []})
    consensus = Separate(MajorityVote()).fit(sets, gold)
    assert consensus.sets()[1:3] == [{"P"}, frozenset()]
    assert (consensus.jaccard[1:3] == 1).all()
    silent = (consensus.answers == 0) & ~consensus.known
    assert [chosen is None for chosen in consensus.sets()] == silent.tolist()
    np.testing.assert_array_equal(np.isnan(consensus.f1), silent)
    shares = consensus.probability[~np.isin(consensus.item, [1, 2])]
    assert ((shares >= 0) & (shares <= 1)).all()
    assert not (consensus.tied & consensus.chosen).any()


def test_a_tie_is_not_chosen() -> None:
    sets = read([("a", "w", frozenset("P")), ("a", "x", frozenset("PQ"))])
    consensus = Separate(MajorityVote()).fit(sets)
    assert consensus.sets()[0] == {"P"}
    assert consensus.tied[:3].tolist() == [False, True, False]


def test_what_was_not_offered_has_no_cell_and_harms_nobody() -> None:
    """Two questions in one table, each with its own options: as if each stood alone."""
    one, other = simulate(3, items=30, options=3).sets, simulate(4, items=30, options=3).sets
    rows = [
        ((name, item), worker, [name + sets.options[option] for option in sets.option[start:stop]])
        for name, sets in (("x", one), ("y", other))
        for item, worker, start, stop in zip(sets.item, sets.worker, sets.start[:-1], sets.start[1:], strict=True)
    ]
    offers = {(name, item): [f"{name}o{option:02}" for option in range(3)] for name in "xy" for item in range(30)}
    both = LabelSets.of(*zip(*rows, strict=True), offered=offers)
    consensus = Separate().fit(both)
    table = table_of(consensus, (60, 6))
    assert np.isnan(table[:30, 3:]).all()
    assert np.isnan(table[30:, :3]).all()
    for part, sets in ((table[:30, :3], one), (table[30:, 3:], other)):
        np.testing.assert_allclose(part, table_of(Separate().fit(sets), (30, 3)), atol=1e-9)


def test_workers_are_judged_by_the_others() -> None:
    sets = read(
        [(item, worker, frozenset("P")) for item in "abc" for worker in "wxy"]
        + [(item, "z", frozenset("PQ")) for item in "abc"]
        + [("d", "z", frozenset("R"))]
    )
    gold = GoldSets.of(sets, {item: ["P"] for item in "abc"})
    workers = Separate().fit(sets, gold).workers
    np.testing.assert_allclose(workers.recall, 1)
    np.testing.assert_allclose(workers.precision, [1, 1, 1, 0.5])  # nobody else speaks of d
    assert (workers.precision_low <= workers.precision).all()
    assert workers.answers.tolist() == [3, 3, 3, 4]
    lonely = Separate().fit(read([("d", "z", frozenset("R"))])).workers
    assert np.isnan(lonely.recall).all()
    assert (lonely.recall_low, lonely.recall_high) == (0, 1)
