"""The loop behind the precision-weighted model: coordinate ascent of a bound on the log evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from crowdqc.quality.arrays import Codes, Flags, Floats, brief
from crowdqc.quality.groups import sums

#: Least variance, where that of all answers is 1: of values that are all the same.
LEAST = 1e-12
#: The usual deviation is not taken below this share of the pooled one within items: two workers who answer the
#: same to everything would otherwise be believed without end.
FLOOR = 0.1
#: What the bias of a worker is worth before anything is known: variance over the pooled one within items, its
#: standard deviation, and the least.
BIAS, DOUBT, LEAST_BIAS = 0.1, 0.1, 0.01


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Standardised answers to the items and by the workers that have any, and the gold among them.

    Attributes
    ----------
    item, worker
        int32[n].
    y
        float64[n], with mean 0 and variance 1.
    gold
        float64[items], NaN where unknown.
    n
        float64[workers], answers of each.
    """

    item: Codes
    worker: Codes
    y: Floats
    gold: Floats
    n: Floats

    def by_item(self, weights: Floats) -> Floats:
        return sums(self.item, weights, self.gold.size)

    def by_worker(self, weights: Floats) -> Floats:
        return sums(self.worker, weights, self.n.size)

    @property
    def drawn(self) -> Flags:
        """Items whose value is to be learned, bool[items]; gold was chosen, and says nothing of the rest."""
        return np.isnan(self.gold)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Beliefs:
    """What is believed of values, of workers, and of the crowd that they come from.

    Attributes
    ----------
    value, value_variance
        float64[items].
    bias, bias_variance
        float64[workers].
    shape, rate
        float64[workers], of the Gamma of each worker's precision.
    squares
        float64[workers], expected sum of squared errors of each worker's answers.
    centre, spread
        Mean and variance of the values of all items.
    bias_centre, bias_centre_spread
        Mean of the biases of all workers, of which only gold can tell (0 without any), and its prior variance.
    bias_spread
        Variance of the biases of all workers.
    likeness, usual
        The precisions of all workers are Gamma with the shape `likeness` and the rate `likeness * usual`.
    """

    value: Floats
    value_variance: Floats
    bias: Floats
    bias_variance: Floats
    shape: Floats
    rate: Floats
    squares: Floats
    centre: float
    spread: float
    bias_centre: float
    bias_centre_spread: float
    bias_spread: float
    likeness: float
    usual: float

    @property
    def precision(self) -> Floats:
        """Expected precision of each worker's answers, float64[workers]."""
        return self.shape / self.rate


def begin(answers: Answers, likeness: float) -> Beliefs:
    """Start at the items' means, with workers who are alike and have no bias."""
    per_item = answers.by_item(np.ones(answers.y.size))
    mean = answers.by_item(answers.y) / per_item
    free = answers.y.size - per_item.size
    within = float(((answers.y - mean[answers.item]) ** 2).sum())
    # with one answer an item nothing tells items from errors apart: half each
    pooled = max(within / free if free else 0.5, LEAST)
    W, values = answers.n.size, mean[answers.drawn] if answers.drawn.any() else mean
    return Beliefs(
        value=np.where(answers.drawn, mean, answers.gold),
        value_variance=np.zeros(mean.size),
        bias=np.zeros(W),
        bias_variance=np.zeros(W),
        shape=np.full(W, likeness),
        rate=np.full(W, likeness * pooled),
        squares=np.zeros(W),
        centre=float(values.mean()),
        spread=max(1 - pooled, 0.1),
        bias_centre=0.0,
        bias_centre_spread=BIAS * pooled,
        bias_spread=pooled * _share_of_bias(answers, mean, per_item, pooled),
        likeness=likeness,
        usual=pooled,
    )


def step(answers: Answers, b: Beliefs, least_usual: float) -> Beliefs:
    """Maximise the bound over the values, then the biases, the precisions and the crowd."""
    drawn, n, precision = answers.drawn, answers.n, b.precision
    of_answer = precision[answers.worker]
    sharpness = answers.by_item(of_answer) + 1 / b.spread
    pull = answers.by_item(of_answer * (answers.y - b.bias[answers.worker])) + b.centre / b.spread
    value = np.where(drawn, pull / sharpness, answers.gold)
    value_variance = np.where(drawn, 1 / sharpness, 0.0)
    centre, spread = b.centre, b.spread
    if drawn.any():
        centre = float(value[drawn].mean())
        spread = max(float(((value - centre) ** 2 + value_variance)[drawn].mean()), LEAST)

    bias_variance = 1 / (n * precision + 1 / b.bias_spread)
    pull = precision * answers.by_worker(answers.y - value[answers.item]) + b.bias_centre / b.bias_spread
    bias = bias_variance * pull
    # a constant moves freely from all values to all biases: to where the prior wants it, or the gold
    if drawn.all():
        bias_centre, shift = 0.0, -float(bias.mean())
    else:
        firmness = 1 / b.bias_centre_spread
        bias_centre = float(bias.sum()) / b.bias_spread / (n.size / b.bias_spread + firmness)
        error = answers.y - value[answers.item] - bias[answers.worker]
        weight = np.where(drawn[answers.item], 0.0, precision[answers.worker])
        shift = float((weight @ error - bias_centre * firmness) / (weight.sum() + firmness))
        bias_centre += shift
    bias, value, centre = bias + shift, np.where(drawn, value - shift, value), centre - shift

    errors = (answers.y - value[answers.item] - bias[answers.worker]) ** 2 + value_variance[answers.item]
    squares = answers.by_worker(errors) + n * bias_variance
    shape, rate = b.likeness + n / 2, b.likeness * b.usual + squares / 2
    return replace(
        b,
        value=value,
        value_variance=value_variance,
        bias=bias,
        bias_variance=bias_variance,
        shape=shape,
        rate=rate,
        squares=squares,
        centre=centre,
        spread=spread,
        bias_centre=bias_centre,
        usual=max(1 / float((shape / rate).mean()), least_usual),
    )


def bound(answers: Answers, b: Beliefs) -> float:
    """Lower bound on the log evidence of the standardised answers, in nats (Bishop 2006, equation 10.3)."""
    from scipy.special import digamma, gammaln

    precision, log_precision = b.precision, digamma(b.shape) - np.log(b.rate)
    found = 0.5 * (answers.n * (log_precision - np.log(2 * np.pi)) - precision * b.squares).sum()
    found += _normal((b.value - b.centre)[answers.drawn], b.value_variance[answers.drawn], b.spread)
    found += _normal(b.bias - b.bias_centre, b.bias_variance, b.bias_spread)
    found -= b.bias_centre**2 / b.bias_centre_spread / 2
    a, c = b.likeness, b.likeness * b.usual
    found += (a * np.log(c) - gammaln(a) + (a - 1) * log_precision - c * precision).sum()
    found += (b.shape - np.log(b.rate) + gammaln(b.shape) + (1 - b.shape) * digamma(b.shape)).sum()
    return float(found)


def _normal(mean: Floats, variance: Floats, spread: float) -> float:
    """Expected log density under the prior N(0, spread), and the entropy."""
    return float(0.5 * (1 + np.log(variance / spread) - (mean**2 + variance) / spread).sum())


def _share_of_bias(answers: Answers, mean: Floats, per_item: Floats, pooled: float) -> float:
    """Variance of the biases, as a share of the pooled variance within items.

    By moments: the product of what a worker says above the mean of one item and of another has, summed over
    workers and pairs of items, the expectation `pairs` times that variance. The bound itself would, with few
    answers a worker, drive it to 0. Where pairs are few it is drawn to the prior.
    """
    above = answers.y - mean[answers.item]
    products = float((answers.by_worker(above) ** 2).sum() - (above**2).sum())
    # a worker's bias moves the mean as well, and with it what all the others say above it
    own = answers.by_worker(1 - 1 / per_item[answers.item])
    others = np.maximum(own.sum() - own, LEAST)
    through = ((own**2).sum() - own**2) / others**2
    pairs = max(float((own**2 * (1 + through)).sum() - own.sum()), LEAST)
    doubt = 2 / pairs
    share = (products / (pairs * pooled) * DOUBT**2 + BIAS * doubt) / (DOUBT**2 + doubt)
    return float(np.clip(share, LEAST_BIAS, 1 / pooled))
