"""What went into a judgement and what came out, each as one hash: equal where a repetition is exact."""

from __future__ import annotations

import hashlib

import numpy as np

from crowdqc.quality.judgement import Judgement, Problem

#: Digits of a probability that are told apart; the last bits of a sum depend on the machine.
DIGITS = 9


def of_problem(problem: Problem) -> str:
    """Give the SHA-256 of a problem: answers, gold, predictions, method and parameters, in hex digits."""
    votes = problem.votes
    digest = hashlib.sha256()
    for column in (votes.item, votes.worker, votes.label):
        digest.update(np.ascontiguousarray(column, dtype="<i8").tobytes())
    if problem.gold is not None:
        digest.update(np.packbits(problem.gold.accepted).tobytes())
    if problem.selected is not None:
        digest.update(np.packbits(np.asarray(problem.selected, dtype=bool)).tobytes())
    if problem.predictions is not None:
        digest.update(np.ascontiguousarray(problem.predictions.item, dtype="<i8").tobytes())
        digest.update(np.ascontiguousarray(problem.predictions.probabilities, dtype="<f8").tobytes())
    if problem.weights is not None:
        digest.update(np.ascontiguousarray(problem.weights, dtype="<f8").tobytes())
    digest.update(repr((problem.method, sorted(problem.parameters.items()), votes.classes)).encode())
    return digest.hexdigest()


def of_judgement(judgement: Judgement) -> str:
    """Give the SHA-256 of a judgement's labels and posteriors, to nine digits, in hexadecimal digits."""
    digest = hashlib.sha256()
    digest.update(np.ascontiguousarray(judgement.items.label, dtype="<i8").tobytes())
    # Adding 0 makes one zero of two.
    digest.update(np.ascontiguousarray(np.round(judgement.items.posterior, DIGITS) + 0.0, dtype="<f8").tobytes())
    return digest.hexdigest()
