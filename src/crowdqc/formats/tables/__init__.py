"""Whole files as coded columns, in a hundredth of the time that rows take; and columns as whole files.

A file of which anything is in doubt is read again row by row, so that what is wrong has a line and a reason. Both
ways give the same.
"""

from __future__ import annotations

from crowdqc.formats.tables.coded import Coded
from crowdqc.formats.tables.costs import Costs, costs
from crowdqc.formats.tables.labelled import Embeddings, Labels, embeddings, labels
from crowdqc.formats.tables.patient import BadLines, lines_of
from crowdqc.formats.tables.reading import Answers, Probabilities, answers, predictions, truths
from crowdqc.formats.tables.writing import write

__all__ = [
    "Answers",
    "BadLines",
    "Coded",
    "Costs",
    "Embeddings",
    "Labels",
    "Probabilities",
    "answers",
    "costs",
    "embeddings",
    "labels",
    "lines_of",
    "predictions",
    "truths",
    "write",
]
