"""For each sampler a pool that is made for it, and which of its items have a wrong label."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from crowdqc.quality.arrays import Codes, Flags, Floats
from crowdqc.quality.sampling import Pool, Sampler, sampler

#: Items of a case, its classes, and the share of wrong labels.
N, K, SHARE = 600, 4, 0.05

Case = tuple[Pool, Flags]


def some(rng: np.random.Generator, share: float = SHARE, n: int = N) -> Flags:
    """Mark a share of the items by chance."""
    marked = np.zeros(n, dtype=bool)
    marked[rng.permutation(n)[: round(share * n)]] = True
    return marked


def sure_of(label: Codes, sure: Floats, rng: np.random.Generator) -> Floats:
    """Give each item's label the probability that is said, and share out the rest by chance, float64[n, K]."""
    rest = rng.dirichlet(np.ones(K), label.size)
    rest[np.arange(label.size), label] = 0.0
    rest *= ((1 - sure) / rest.sum(axis=1))[:, None]
    rest[np.arange(label.size), label] = sure
    return rest


def clusters(
    rng: np.random.Generator, sizes: list[int], d: int = 24, noise: float = 0.5
) -> tuple[Floats, np.ndarray]:
    """Draw vectors round one middle a cluster: float64[n, d], and to which each belongs."""
    of = np.repeat(np.arange(len(sizes)), sizes)
    middle = rng.normal(size=(len(sizes), d))
    return middle[of] + noise * rng.normal(size=(of.size, d)), of


def stratified(rng: np.random.Generator) -> Case:
    """Nearly all that is wrong was taken in fog, by night; that is one item in fifty."""
    weather = rng.choice(["dry", "rain", "fog"], N, p=[0.7, 0.2, 0.1])
    hour = rng.choice(["day", "night"], N, p=[0.8, 0.2])
    rare = (weather == "fog") & (hour == "night")
    wrong = rng.random(N) < np.where(rare, 0.8, 0.01)
    return Pool.of(N, metadata={"weather": weather, "hour": hour}), wrong


def low_confidence(rng: np.random.Generator) -> Case:
    """People err where the item is hard, and there the model is unsure as well."""
    wrong = some(rng)
    sure = np.where(wrong, rng.uniform(0.3, 0.7, N), rng.uniform(0.55, 0.99, N))
    return Pool.of(N, student=sure_of(rng.integers(0, K, N), sure, rng)), wrong


def ensemble_disagreement(rng: np.random.Generator) -> Case:
    """On what is wrong the members say different things; a third of the rest leaves all of them unsure alike."""
    wrong, label = some(rng), rng.integers(0, K, N)
    vague = ~wrong & (rng.random(N) < 1 / 3)
    members = []
    for _ in range(5):
        said = np.where(wrong, rng.integers(0, K, N), label)
        sure = np.where(vague, 0.4, np.where(wrong, rng.uniform(0.6, 0.9, N), rng.uniform(0.8, 0.95, N)))
        members.append(sure_of(said, sure, rng))
    return Pool.of(N, ensemble=members), wrong


def instability(rng: np.random.Generator) -> Case:
    """The model's view of what is wrong hangs on how the item is turned."""
    wrong, label = some(rng), rng.integers(0, K, N)
    views = []
    for _ in range(4):
        turned = wrong & (rng.random(N) < 0.4)
        views.append(sure_of(np.where(turned, (label + 1) % K, label), rng.uniform(0.5, 0.9, N), rng))
    return Pool.of(N, views=views), wrong


def inconsistency(rng: np.random.Generator) -> Case:
    """Thirty frames a sequence, in which a label lasts a while; single frames of some are mislabelled."""
    sequence, time = np.repeat(np.arange(N // 30), 30), np.tile(np.arange(30.0), N // 30)
    label = (sequence + (time >= 15)) % K
    wrong = some(rng)
    label[wrong] = (label[wrong] + 1) % K
    order = rng.permutation(N)
    return Pool.of(N, label=label[order], sequence=sequence[order], time=time[order]), wrong[order]


def teacher_disagreement(rng: np.random.Generator) -> Case:
    """The student has learned the wrong labels and is as sure of them; the teacher errs once in twenty."""
    wrong, label = some(rng), rng.integers(0, K, N)
    truth = np.where(wrong, (label + 1) % K, label)
    taught = np.where(rng.random(N) < 0.05, rng.integers(0, K, N), truth)
    right = taught == truth
    teacher = sure_of(taught, np.where(right, rng.uniform(0.7, 0.99, N), rng.uniform(0.4, 0.8, N)), rng)
    return Pool.of(N, label=label, student=sure_of(label, rng.uniform(0.5, 0.99, N), rng), teacher=teacher), wrong


def suspected_errors(rng: np.random.Generator) -> Case:
    """The model was trained on other items: on what is wrong it mostly says the truth."""
    wrong, label = some(rng), rng.integers(0, K, N)
    truth = np.where(wrong, (label + 1) % K, label)
    said = np.where(rng.random(N) < 0.1, rng.integers(0, K, N), truth)
    sure = np.where(said == truth, rng.uniform(0.5, 0.99, N), rng.uniform(0.3, 0.8, N))
    return Pool.of(N, label=label, student=sure_of(said, sure, rng)), wrong


def known_errors(rng: np.random.Generator) -> Case:
    """Two small clusters hold what is wrong; ten items of them are known, and twenty that are right."""
    vectors, of = clusters(rng, [20, 15, 265, 300])
    wrong = of < 2
    known = np.concatenate([rng.permutation(20)[:6], 20 + rng.permutation(15)[:4]])
    right = 35 + rng.permutation(N - 35)[:20]
    return Pool.of(N, embeddings=vectors, error=known, right=right), wrong


def outliers(rng: np.random.Generator) -> Case:
    """What is wrong belongs to no cluster."""
    vectors, _ = clusters(rng, [200, 200, 200])
    wrong = some(rng)
    vectors[wrong] = 2 * rng.normal(size=(int(wrong.sum()), vectors.shape[1]))
    return Pool.of(N, embeddings=vectors), wrong


def near_duplicates(rng: np.random.Generator) -> Case:
    """A quarter of the items stands there twice; of some pairs one bears another label."""
    vectors, label = rng.normal(size=(N, 24)), rng.integers(0, K, N)
    twins = rng.permutation(N)[: N // 2].reshape(-1, 2)
    vectors[twins[:, 0]] = vectors[twins[:, 1]] + 0.01 * rng.normal(size=(len(twins), 24))
    label[twins[:, 0]] = label[twins[:, 1]]
    wrong = np.zeros(N, dtype=bool)
    wrong[twins[:30, 0]] = True
    label[wrong] = (label[wrong] + 1) % K
    return Pool.of(N, label=label, embeddings=vectors), wrong


def search(rng: np.random.Generator) -> Case:
    """What is searched for is one small cluster; five of it are marked, and five of the rest as not wanted."""
    vectors, of = clusters(rng, [35, 265, 300], noise=1.0)
    wanted, unwanted = rng.permutation(35)[:5], 35 + rng.permutation(N - 35)[:5]
    return Pool.of(N, embeddings=vectors, wanted=wanted, unwanted=unwanted), of == 0


CASES: Mapping[str, Callable[[np.random.Generator], Case]] = {
    made.__name__: made
    for made in (
        stratified,
        low_confidence,
        ensemble_disagreement,
        instability,
        inconsistency,
        teacher_disagreement,
        suspected_errors,
        known_errors,
        outliers,
        near_duplicates,
        search,
    )
}

#: Share of errors among the first thirty, at least, as a mean over the seeds; by chance it is some 0.05.
MARGINS: Mapping[str, float] = {
    "stratified": 0.1,
    "low_confidence": 0.5,
    "ensemble_disagreement": 0.9,
    "instability": 0.75,
    "inconsistency": 0.75,
    "suspected_errors": 0.5,
    "teacher_disagreement": 0.75,
    "known_errors": 0.75,
    "outliers": 0.95,
    "near_duplicates": 0.45,
    "search": 0.85,
}


def everything(seed: int = 0, n: int = 60) -> Pool:
    """A small pool that holds all that any sampler looks at, and in which some items were looked at."""
    rng = np.random.default_rng(seed)
    said = rng.dirichlet(np.ones(K), (10, n))
    return Pool.of(
        n,
        classes=[f"class {each}" for each in "abcd"],
        label=rng.integers(-1, K, n),
        student=said[0],
        teacher=said[1],
        ensemble=said[2:6],
        views=said[6:],
        embeddings=rng.normal(size=(n, 8)),
        metadata={"weather": rng.choice(["dry", "rain"], n), "hour": rng.integers(0, 3, n)},
        sequence=np.arange(n) // 10,
        time=np.arange(n) % 10,
        position=rng.normal(size=(n, 2)),
        error=[1, 5, 9],
        right=[2, 6],
        reviewed=[3],
        wanted=[10, 11],
        unwanted=[12],
    )


def made(name: str) -> Sampler:
    """Make a sampler as the checks want it: with a bound of speed, and with all near-duplicates."""
    more: dict[str, dict[str, object]] = {
        "inconsistency": {"max_rate": 1.0},
        "near_duplicates": {"same": True, "similarity": 0.5},
    }
    return sampler(name, more.get(name))
