"""Items with the fewest answers go first: each item gets one before any gets two."""

from __future__ import annotations

from crowdqc.services.orders.order import By, Order

ORDER = Order("fewest_answers", "Each item gets an answer before any gets two.", by=By.PLACES)
