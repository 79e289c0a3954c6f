"""What the last run is least sure of goes first (uncertainty sampling by entropy: Lewis and Gale 1994)."""

from __future__ import annotations

import numpy as np

from crowdqc.services.orders.order import Judged, Order, Ranks

#: So finely it is told apart: each rank that changes is a row to write.
STEPS = 100


def _judged(items: Judged) -> Ranks:
    return np.floor((1 - items.entropy) * STEPS).astype(np.int64)


ORDER = Order("uncertainty", "What the last run is least sure of goes first.", judged=_judged)
