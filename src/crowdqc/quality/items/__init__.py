"""What is known of each item: how sure its label is, how hard it is, and what one more answer would bring."""

from crowdqc.quality.items.difficulty import Difficulties, DifficultyModel
from crowdqc.quality.items.gain import Gains, InvalidMatrix, expected_gains
from crowdqc.quality.items.scores import ItemScores, score_items

__all__ = [
    "Difficulties",
    "DifficultyModel",
    "Gains",
    "InvalidMatrix",
    "ItemScores",
    "expected_gains",
    "score_items",
]
