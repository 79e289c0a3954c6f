"""Whether predictions were made of items that the model was trained on: such say nothing of wrong labels."""

from __future__ import annotations

from crowdqc.quality.intervals import beta_interval

#: What is told of in-sample predictions.
IN_SAMPLE = (
    "The predictions are in-sample: the model was trained on these very labels and has learned their mistakes by "
    "heart, so most wrong labels look right, and probabilities are too high. Predict out-of-fold: train on four "
    "fifths of the items, predict the fifth, five times."
)
#: A share of labels that a model foretells so surely is no model's that has not seen them.
TOO_GOOD = 0.995


def seems_in_sample(agreeing: int, rows: int) -> bool:
    """Whether a model agrees with more labels than one that has not seen them would: with 99.5%, for certain.

    >>> seems_in_sample(9990, 10_000), seems_in_sample(950, 1000), seems_in_sample(50, 50)
    (True, False, False)
    """
    low, _ = beta_interval(agreeing, rows)
    return float(low) > TOO_GOOD
