"""What came first goes first."""

from __future__ import annotations

from crowdqc.services.orders.order import Order

ORDER = Order("arrival", "What came first goes first.")
