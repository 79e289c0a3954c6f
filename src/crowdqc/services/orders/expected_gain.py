"""Where one more answer is expected to save most for its price goes first."""

from __future__ import annotations

import numpy as np

from crowdqc.services.orders.order import Judged, Order, Ranks

#: So finely it is told apart: each rank that changes is a row to write.
STEPS = 100


def _judged(items: Judged) -> Ranks:
    """All answers of a project cost the same, so that the order by gain is the order by gain for the price."""
    least, most = float(np.min(items.saving, initial=0.0)), float(np.max(items.saving, initial=0.0))
    if most <= least:
        return np.zeros(len(items.saving), dtype=np.int64)
    return np.floor((most - items.saving) / (most - least) * STEPS).astype(np.int64)


ORDER = Order(
    "expected_gain",
    "Where one more answer is expected to save most for its price goes first.",
    judged=_judged,
    by_saving=True,
)
