"""How far values and biases are uncertain together: what the variational loop, which parts them, leaves out."""

from __future__ import annotations

import numpy as np

from crowdqc.quality.arrays import Codes, Floats
from crowdqc.quality.ratings.variational import Answers, Beliefs


def marginal_variances(answers: Answers, b: Beliefs) -> tuple[Floats, Floats]:
    """Variance of each value, float64[items], and of each bias, float64[workers].

    Given the precisions, values and biases are jointly normal. With the values integrated out, the biases have
    the precision matrix S = diag(h + r) - M: M[j, k] is the information that workers j and k share by items in
    common, h its row sums and r what ties a worker to the ground: the prior, gold, and the spread of the items.
    In place of M stands the matrix of rank one with the same row sums, h h' / sum(h), in each connected component
    of workers; S is then inverted in closed form (Sherman and Morrison). That keeps whole what matters: the
    uncertain constant between the values and the biases of a component.
    """
    drawn = answers.drawn
    precision = b.precision
    of_answer = precision[answers.worker]
    own = np.where(drawn[answers.item], of_answer * b.value_variance[answers.item], 0.0)  # lambda_j / D_i
    whole = answers.by_item(of_answer) * b.value_variance  # the share of a value that answers decide
    component, part = _components(answers)
    n_components = int(component.max(initial=-1)) + 1

    shared = answers.by_worker(of_answer * np.where(drawn[answers.item], whole[answers.item] - own, 0.0))
    # the mean of all items moves with a component by the component's part of the items, so its spread ties less
    ties = np.where(drawn[answers.item], (1 - whole[answers.item]) * (1 - part[component[answers.worker]]), 1.0)
    ground = _prior_ties(answers, b, component) + answers.by_worker(of_answer * ties)
    alone = 1 / (shared + ground)
    slack = np.bincount(component, weights=shared * ground * alone, minlength=n_components)
    moved = shared * alone  # how far a worker follows the constant of his component
    constant = np.divide(1.0, slack, out=np.zeros_like(slack), where=slack > 0)
    bias_variance = alone + moved**2 * constant[component]

    members = np.maximum(np.bincount(component, minlength=n_components), 1)
    centre = np.bincount(component, weights=moved, minlength=n_components) / members
    home = np.zeros(drawn.size, dtype=np.int64)
    home[answers.item] = component[answers.worker]
    follows = answers.by_item(own * moved[answers.worker])
    follows += np.where(drawn, (1 - whole) * (part * centre)[home], 0.0)
    variance = b.value_variance + answers.by_item(own**2 * alone[answers.worker])
    variance += follows**2 * constant[home]
    # the precisions are uncertain as well: the delta method, to the first order in 1 / shape
    error = answers.y - b.value[answers.item] - b.bias[answers.worker]
    shape = effective_shape(answers, b)[answers.worker]
    variance += answers.by_item(own**2 * (error**2 + b.value_variance[answers.item]) / shape)
    variance += ((1 - whole) ** 2 * drawn) * _variance_of_centre(answers, b)
    return np.where(drawn, variance, 0.0), bias_variance


def _prior_ties(answers: Answers, b: Beliefs, component: Codes) -> Floats:
    """How firmly the prior holds the constant of each worker's component, float64[workers].

    Where there is gold the mean of all biases is learned: to move all of them together then costs little.
    """
    if answers.drawn.all():
        return np.full(answers.n.size, 1 / b.bias_spread)
    part = (np.bincount(component) / answers.n.size)[component]
    together = 1 / (b.bias_spread + answers.n.size * b.bias_centre_spread)
    return np.asarray((1 - part) / b.bias_spread + part * together)


def effective_shape(answers: Answers, b: Beliefs) -> Floats:
    """Shape of the Gamma of each precision, float64[workers], that tells how much is really known of it.

    Of an answer whose weight in its item is w, (1 - w)^2 of its information on the variance is left, for its error
    is seen only through what the others say (the Fisher information of a sum of two normals); part of an answer
    is spent on the bias.
    """
    others = 1 - b.precision[answers.worker] * b.value_variance[answers.item]
    spent = answers.n * b.precision * b.bias_variance
    return b.likeness + np.maximum(answers.by_worker(others**2) - spent, 0.0) / 2


def _variance_of_centre(answers: Answers, b: Beliefs) -> float:
    drawn = answers.drawn
    whole = answers.by_item(b.precision[answers.worker])[drawn]
    if not whole.size:
        return 0.0
    return float(1 / (1 / (b.spread + 1 / whole)).sum())


def _components(answers: Answers) -> tuple[Codes, Floats]:
    """The connected component of each worker, and the part of the items to be learned that each has."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    items, workers = answers.gold.size, answers.n.size
    links = (np.ones(answers.item.size, dtype=np.int8), (answers.item, answers.worker + items))
    graph = sparse.coo_array(links, shape=(items + workers, items + workers))
    _, of_all = connected_components(graph.tocsr(), directed=False)
    _, component = np.unique(of_all, return_inverse=True)
    drawn = component[:items][answers.drawn]
    part = np.bincount(drawn, minlength=int(component.max(initial=-1)) + 1) / max(drawn.size, 1)
    return component[items:].astype(np.int32), part
