"""Answer by answer: the formula, the sums, and that a full fit leaves no trace of how answers came."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Hashable
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality.aggregation import Consensus, DawidSkene, MajorityVote
from crowdqc.quality.aggregation.streaming import InvalidStream, Stream
from crowdqc.quality.arrays import Floats
from crowdqc.quality.gold import Gold
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.simulation import Simulation
from crowdqc.quality.votes import Votes
from tests.quality.crowds import Row, rows, simulate

LIKELIHOOD = DawidSkene(diagonal=0, off_diagonal=0, class_items=0)
MODELS = [DawidSkene(), LIKELIHOOD, DawidSkene(class_prior="uniform"), DawidSkene(class_prior=(5, 3, 2))]
ITEMS, WORKERS, CLASSES = "abcd", "wxyz", "PQR"

#: What can happen to a stream: an answer, which may be an edit, one taken back, a worker banned, gold.
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("learn"), st.sampled_from(WORKERS), st.sampled_from(ITEMS), st.sampled_from(CLASSES)),
        st.tuples(st.just("learn"), st.sampled_from(WORKERS), st.sampled_from(ITEMS), st.sampled_from(CLASSES)),
        st.tuples(st.just("learn"), st.sampled_from(WORKERS), st.sampled_from(ITEMS), st.sampled_from(CLASSES)),
        st.tuples(st.just("retract"), st.sampled_from(WORKERS), st.sampled_from(ITEMS)),
        st.tuples(st.just("forget"), st.sampled_from(WORKERS)),
        st.tuples(st.just("hold"), st.sampled_from(ITEMS), st.sets(st.sampled_from(CLASSES))),
        st.tuples(st.just("refresh")),
    ),
    max_size=40,
)
Answers = dict[tuple[str, str], str]
Held = dict[str, set[str]]


def follow(events: list[tuple], model: DawidSkene) -> tuple[Stream, Answers, Held]:  # type: ignore[type-arg]
    """Give the stream after these events, and by plain bookkeeping what it should hold."""
    stream, answers, held = Stream(CLASSES, model), {}, {}
    for name, *rest in events:
        if name == "learn":
            answers[rest[1], rest[0]] = rest[2]
        elif name == "retract":
            if (rest[1], rest[0]) not in answers:
                with pytest.raises(InvalidStream, match="has no answer"):
                    stream.retract(*rest)
                continue
            del answers[rest[1], rest[0]]
        elif name == "forget":
            answers = {key: label for key, label in answers.items() if key[1] != rest[0]}
        elif name == "hold":
            held[rest[0]] = rest[1]
        getattr(stream, name)(*rest)
    return stream, answers, {item: labels for item, labels in held.items() if labels}


def batch(answers: Answers, held: Held, model: DawidSkene) -> tuple[Votes, Consensus]:
    table = [(item, worker, label) for (item, worker), label in answers.items()]
    items, workers, labels = zip(*table, strict=True) if table else ((), (), ())
    votes = Votes.of(items, workers, labels, classes=CLASSES)
    gold = Gold.of(votes, {item: labels for item, labels in held.items() if item in votes.items})
    return votes, model.fit(votes, gold)


def answers_of(votes: Votes) -> list[tuple[Hashable, Hashable, int]]:
    columns = zip(votes.item.tolist(), votes.worker.tolist(), votes.label.tolist(), strict=True)
    return [(votes.items[item], votes.workers[worker], label) for item, worker, label in columns]


def expected(stream: Stream, answers: Answers, worker: str) -> Floats:
    """A worker's matrix by its definition, from the posteriors of the items."""
    table = stream.model.pseudo_answers(3)
    for (item, who), label in answers.items():
        if who == worker:
            table[:, CLASSES.index(label)] += stream.posterior(item)
    return np.asarray(table / np.maximum(table.sum(axis=1, keepdims=True), 1e-10))


@settings(deadline=None, max_examples=50)
@given(EVENTS, st.sampled_from(MODELS))
def test_a_full_fit_leaves_no_trace_of_what_happened(events: list[tuple], model: DawidSkene) -> None:  # type: ignore[type-arg]
    stream, answers, held = follow(events, model)
    votes, consensus = batch(answers, held, model)
    assert len(stream) == len(answers)
    np.testing.assert_array_equal(stream.refresh().log_posterior, consensus.log_posterior)
    for place, item in enumerate(votes.items):
        np.testing.assert_array_equal(stream.posterior(item), consensus.posterior[place])
    mine = stream.votes()
    assert (mine.items, mine.workers, mine.classes) == (votes.items, votes.workers, votes.classes)
    for column in ("item", "worker", "label"):
        np.testing.assert_array_equal(getattr(mine, column), getattr(votes, column))


@settings(deadline=None, max_examples=50)
@given(EVENTS, st.sampled_from(MODELS))
def test_the_sums_are_those_of_the_posteriors(events: list[tuple], model: DawidSkene) -> None:  # type: ignore[type-arg]
    """However it came to be so: what is taken out is what was put in."""
    stream, answers, held = follow(events, model)
    for worker in WORKERS:
        np.testing.assert_allclose(stream.confusion(worker), expected(stream, answers, worker), atol=1e-7)
    if model.class_prior == "learned":
        free = {item for item, _ in answers} - held.keys()
        shares = sum((stream.posterior(item) for item in free), np.full(3, float(model.class_items)))
        if shares.sum() > 0:
            np.testing.assert_allclose(stream.class_prior, shares / shares.sum(), atol=1e-7)
    for item in ITEMS:
        posterior = stream.posterior(item)
        assert posterior.sum() == pytest.approx(1)
        assert (posterior >= 0).all()
        if item in held:
            assert {CLASSES[code] for code in np.flatnonzero(posterior)} <= held[item]


@settings(deadline=None, max_examples=50)
@given(EVENTS, st.sampled_from([DawidSkene(), DawidSkene(class_prior="uniform")]), st.sampled_from(ITEMS))
def test_the_posterior_after_an_answer(events: list[tuple], model: DawidSkene, item: str) -> None:  # type: ignore[type-arg]
    """The class prior times P(said | true) of all who answered, both without the item's own part."""
    stream, answers, held = follow(events, model)
    answers[item, "w"] = "Q"
    posterior = stream.learn("w", item, "Q")
    np.testing.assert_array_equal(posterior, stream.posterior(item))
    without = pickle.loads(pickle.dumps(stream))
    for what, worker in answers:
        if what == item:
            without.retract(worker, item)
    odds = np.isin(list(CLASSES), list(held[item])) * 1.0 if item in held else without.class_prior
    for (what, worker), label in answers.items():
        if what == item:
            odds = odds * without.confusion(worker)[:, CLASSES.index(label)]
    np.testing.assert_allclose(posterior, odds / odds.sum(), atol=1e-9)


@settings(deadline=None, max_examples=50)
@given(rows(), st.randoms(use_true_random=False), st.sampled_from("vwxyz"))
def test_who_is_forgotten_never_answered(table: list[Row], random: Random, banned: str) -> None:
    stream, never = Stream(CLASSES), Stream(CLASSES)
    for item, worker, label in table:
        stream.learn(worker, item, label)
    assert stream.forget(banned) == sum(worker == banned for _, worker, _ in table)
    np.testing.assert_allclose(stream.confusion(banned), never.confusion("nobody"), atol=1e-12)
    for item, worker, label in random.sample(table, len(table)):
        if worker != banned:
            never.learn(worker, item, label)
    np.testing.assert_array_equal(stream.refresh().posterior, never.refresh().posterior)
    assert stream.forget(banned) == 0


@settings(deadline=None, max_examples=50)
@given(rows(), st.integers(0, 6))
def test_streams_of_different_items_add_up(table: list[Row], cut: int) -> None:
    first, second = Stream(CLASSES), Stream(CLASSES)
    for item, worker, label in table:
        (first if item in "abcdef"[:cut] else second).learn(worker, item, label)
    both, turned = first + second, second + first
    pseudo = DawidSkene().pseudo_answers(3)
    for worker in "vwxyz":
        parts = [each.counts(worker) for each in (first, second)]
        np.testing.assert_allclose(both.counts(worker), parts[0] + parts[1], atol=1e-9)
        np.testing.assert_allclose(both.counts(worker), turned.counts(worker), atol=1e-9)
        total = parts[0] + parts[1] + pseudo
        np.testing.assert_allclose(both.confusion(worker), total / total.sum(axis=1, keepdims=True), atol=1e-9)
    for item in "abcdef"[:cut]:
        if any(item == row[0] for row in table):
            np.testing.assert_allclose(both.posterior(item), first.posterior(item), rtol=1e-12)
    whole = Stream(CLASSES)
    for item, worker, label in table:
        whole.learn(worker, item, label)
    reached = whole.refresh().posterior
    np.testing.assert_array_equal(both.refresh().posterior, reached)
    np.testing.assert_array_equal(turned.refresh().posterior, reached)


@settings(deadline=None, max_examples=50)
@given(rows(), st.lists(st.booleans(), min_size=40, max_size=40))
def test_streams_of_the_same_items_add_up_as_well(table: list[Row], sides: list[bool]) -> None:
    parts, whole = (Stream(CLASSES), Stream(CLASSES)), Stream(CLASSES)
    parts[0].hold("a", "P")
    whole.hold("a", "P")
    for (item, worker, label), side in zip(table, sides, strict=False):
        parts[side].learn(worker, item, label)
        whole.learn(worker, item, label)
    both = parts[0] + parts[1]
    assert len(both) == len(table)
    answers = {(item, worker): label for item, worker, label in table}
    for worker in "vwxyz":
        np.testing.assert_allclose(both.confusion(worker), expected(both, answers, worker), atol=1e-9)
    np.testing.assert_array_equal(both.refresh().posterior, whole.refresh().posterior)


def test_what_does_not_add_up_is_refused() -> None:
    one, other = Stream("PQ"), Stream("PQ")
    one.learn("ann", 1, "P")
    other.learn("ann", 1, "P")
    assert len(one + other) == 1
    other.learn("ann", 1, "Q")
    with pytest.raises(InvalidStream, match="different answers of worker 'ann' to item 1"):
        one + other
    with pytest.raises(InvalidStream, match="do not add up"):
        one + Stream("PQR")
    with pytest.raises(InvalidStream, match="do not add up"):
        one + Stream("PQ", LIKELIHOOD)
    one.hold(2, "P")
    gilded = Stream("PQ")
    gilded.hold(2, "Q")
    with pytest.raises(InvalidStream, match="item 2 at different labels"):
        one + gilded


@settings(deadline=None, max_examples=50)
@given(rows(), st.sets(st.sampled_from(CLASSES), min_size=1))
def test_it_begins_with_a_fit(table: list[Row], labels: set[str]) -> None:
    items, workers, said = zip(*table, strict=True) if table else ((), (), ())
    votes = Votes.of(items, workers, said, classes=CLASSES, all_items="abcdef")
    gold = Gold.of(votes, {"a": labels})
    consensus = DawidSkene(tolerance=1e-9).fit(votes, gold)
    stream = Stream.of(votes, consensus)
    assert len(stream) == len(votes)
    for place, item in enumerate(votes.items):
        # what nobody answered has the class prior, which is one step farther
        off = 0 if votes.answers_per_item()[place] else 1e-4
        np.testing.assert_allclose(stream.posterior(item), consensus.posterior[place], atol=off)
    seen = stream.votes()
    again = DawidSkene().fit(seen, stream.gold(seen))
    np.testing.assert_array_equal(stream.refresh().posterior, again.posterior)
    assert stream.posterior("a").nonzero()[0].tolist() == sorted(CLASSES.index(label) for label in labels)
    twice = Votes.of(["a", "a"], ["w", "w"], ["P", "Q"], repeats="all")
    with pytest.raises(InvalidStream, match="more than once"):
        Stream.of(twice)


def test_a_fit_from_elsewhere_meets_what_has_happened_since() -> None:
    crowd = simulate(1, items=60, workers=8, K=3, overlap=4)
    stream = Stream.of(crowd.votes)
    snapshot = stream.votes()
    fitted = DawidSkene(tolerance=1e-9).fit(snapshot)
    before = {(item, worker): label for item, worker, label in answers_of(snapshot)}
    # an edit, an answer taken back, a new item by a new worker, gold, and a worker who is banned
    edited = next(key for key in before if key[1] != 7)
    stream.learn(edited[1], edited[0], (before[edited] + 1) % 3)
    taken = next(key for key in before if key[1] != 7 and key[0] != edited[0])
    stream.retract(taken[1], taken[0])
    stream.learn("new", "one", 2)
    stream.hold(59, 0)
    stream.forget(7)
    stream.correct(snapshot, fitted)
    touched = {edited[0], taken[0], 59, *(item for item, worker in before if worker == 7)}
    for place, item in enumerate(snapshot.items):
        if item not in touched:
            np.testing.assert_array_equal(stream.posterior(item), fitted.posterior[place])
    assert stream.posterior(59).tolist() == [1, 0, 0]
    for worker in [*range(8), "new"]:
        table = DawidSkene().pseudo_answers(3)
        for item, who, label in answers_of(stream.votes()):
            if who == worker:
                table[:, label] += stream.posterior(item)
        np.testing.assert_allclose(stream.confusion(worker), table / table.sum(axis=1, keepdims=True), atol=1e-9)
    # the edited item was learned again, from the rest as it was fitted
    assert not np.allclose(stream.posterior(edited[0]), fitted.posterior[edited[0]], atol=1e-6)


def test_gold_that_was_changed_since_a_fit_is_the_newer() -> None:
    votes = simulate(3, items=20, workers=5, K=3, overlap=4).votes
    fitted = DawidSkene().fit(votes, Gold.of(votes, {0: "0", 1: "1", 2: "2"}))
    stream = Stream.of(votes, fitted)
    stream.hold(0, "1")
    stream.hold(1, [])
    stream.correct(votes, fitted)
    assert stream.posterior(0).tolist() == [0, 1, 0]
    assert 0 < stream.posterior(1).max() < 1
    assert stream.posterior(2).tolist() == [0, 0, 1]
    np.testing.assert_array_equal(stream.posterior(3), fitted.posterior[3])


def test_one_pass_over_all_stays_at_a_full_fit() -> None:
    crowd = simulate(2, items=100, workers=8)
    stream = Stream.of(crowd.votes, model=DawidSkene(tolerance=1e-10, max_iterations=2000))
    full = stream.refresh()
    np.testing.assert_allclose(stream.consensus().posterior, full.posterior, atol=1e-7)
    kept = stream.posterior(0)
    stream.learn("new", "item", "0")
    stream.consensus()
    np.testing.assert_array_equal(stream.posterior(0), kept)


@pytest.mark.parametrize("by_item", [True, False])
def test_it_stays_near_the_full_fit(by_item: bool) -> None:
    """Refreshed after every 5% and never, whether items are finished one after the other or all at once."""
    crowd = Simulation(items=600, workers=30, classes=3, overlap=5, spammers=0.2).run(1)
    votes, rng = crowd.votes, np.random.default_rng(1)
    order = np.argsort(rng.random(600)[votes.item] if by_item else rng.random(len(votes)), kind="stable")
    often, never = Stream(votes.classes), Stream(votes.classes)
    for count, row in enumerate(order.tolist(), 1):
        answer = (int(votes.worker[row]), int(votes.item[row]), int(votes.label[row]))
        often.learn(*answer)
        never.learn(*answer)
        if count % (len(votes) // 20) == 0 and count < len(votes):
            often.refresh()
    full = DawidSkene().fit(votes).label
    labels = [np.array([each.posterior(item).argmax() for item in range(600)]) for each in (often, never)]
    passed = never.consensus().label
    majority = MajorityVote().fit(votes).label
    assert np.mean(labels[0] == full) > 0.97
    assert np.mean(labels[1] == full) > np.mean(majority == full)
    assert np.mean(passed == full) >= np.mean(labels[1] == full)
    assert np.mean(labels[0] == crowd.truth) > np.mean(majority == crowd.truth)


@settings(deadline=None, max_examples=50)
@given(rows(), st.permutations([0, 1, 2]))
def test_renaming_classes_renames_the_posterior(table: list[Row], order: list[int]) -> None:
    one, other = Stream(CLASSES), Stream(CLASSES)
    for item, worker, label in table:
        here = one.learn(worker, item, label)
        there = other.learn(worker, item, order.index(CLASSES.index(label)))
        np.testing.assert_allclose(here[order], there, atol=1e-9)


@pytest.mark.parametrize("model", MODELS[:2])
def test_thousands_of_answers_to_one_item(model: DawidSkene) -> None:
    stream = Stream("PQR", model)
    for worker in range(3_000):
        posterior = stream.learn(worker, "a", 0 if worker % 10 else 1)
    assert np.isfinite(posterior).all()
    assert posterior.argmax() == 0
    assert stream.hold("a", ["Q", "R"])[0] == 0
    assert stream.posterior("a").sum() == pytest.approx(1)


def test_ids_and_labels() -> None:
    stream = Stream(["n", "y"])
    np.testing.assert_array_equal(stream.learn(np.int64(1), np.str_("a"), "y"), stream.learn(1, "a", np.int64(1)))
    assert (len(stream), stream.votes().workers, stream.votes().items) == (1, (1,), ("a",))
    assert [type(each) for each in (*stream.votes().workers, *stream.votes().items)] == [int, str]
    assert stream.posterior("never seen").tolist() == stream.class_prior.tolist()
    assert stream.learn("b", 3, "n")[0] > 0.5
    bad: list[Callable[[], object]] = [
        lambda: stream.learn(None, "a", "y"),
        lambda: stream.learn(1, "", "y"),
        lambda: stream.learn(float("nan"), "a", "y"),
        lambda: stream.learn(1, "a", "maybe"),
        lambda: stream.learn(1, "a", 2),
        lambda: stream.learn(1, "a", True),
        lambda: stream.hold("a", "maybe"),
        lambda: stream.retract(1, "b"),
        lambda: Stream([]),
        lambda: Stream(["x", "x"]),
    ]
    before = len(stream)
    for wrong in bad:
        with pytest.raises(InvalidStream):
            wrong()
    assert len(stream) == before
    with pytest.raises(InvalidParameter):
        Stream(["x", "y"], DawidSkene(class_prior=(1, 2, 3)))


def test_nothing_at_all() -> None:
    stream = Stream(["x", "y"])
    assert stream.class_prior.tolist() == [0.5, 0.5]
    assert len(stream.refresh().label) == 0
    assert len(stream + stream) == 0
    assert len(stream.consensus().label) == 0
    one = Stream(["x"])
    assert one.learn("a", 1, "x").tolist() == [1]
    assert one.refresh().label.tolist() == [0]


@pytest.mark.parametrize("other", [1, None, "ann", [0.5]])
def test_nothing_but_a_stream_is_added(other: object) -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        Stream(["x", "y"]) + other  # type: ignore[operator]
