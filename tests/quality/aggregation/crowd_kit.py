"""crowd-kit's methods, to compare ours with."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from crowdqc.quality.votes import Votes


def fitted(name: str, votes: Votes, *arguments: Any, **parameters: Any) -> Any:
    """Fit crowd-kit's method of that name to the codes of the votes, in their order; tests skip without it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pandas = pytest.importorskip("pandas")
        classification = pytest.importorskip("crowdkit.aggregation.classification")
        frame = pandas.DataFrame({"task": votes.item, "worker": votes.worker, "label": votes.label})
        return getattr(classification, name)(**parameters).fit(frame, *arguments)


def predicted(model: Any, votes: Votes) -> Any:
    """Let a fitted method that predicts label the votes; it keeps its labels and probabilities."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas

        model.predict(pandas.DataFrame({"task": votes.item, "worker": votes.worker, "label": votes.label}))
        return model
