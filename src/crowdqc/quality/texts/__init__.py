"""Text answers: one text an item, chosen among the answers or composed of them."""

from crowdqc.quality.texts.consensus import TextConsensus
from crowdqc.quality.texts.medoid import Medoid
from crowdqc.quality.texts.rasa import TextHRRASA, TextRASA
from crowdqc.quality.texts.reading import InvalidReading, Reading
from crowdqc.quality.texts.rover import Rover
from crowdqc.quality.texts.texts import InvalidTexts, Texts
from crowdqc.quality.texts.vectors import HashedGrams

__all__ = [
    "HashedGrams",
    "InvalidReading",
    "InvalidTexts",
    "Medoid",
    "Reading",
    "Rover",
    "TextConsensus",
    "TextHRRASA",
    "TextRASA",
    "Texts",
]
