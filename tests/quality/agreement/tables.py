"""Small published tables, and arbitrary ones, as votes."""

from __future__ import annotations

from hypothesis import strategies as st

from crowdqc.quality.votes import Votes
from tests.quality.crowds import Row, rows

#: Krippendorff (2011), section C: 4 observers, 12 units; * was not answered.
FOUR = ("123321412***", "1233224125*3", "*3332342251*", "12332441251*")
#: The example of the krippendorff package: 3 observers, 15 units.
THREE = ("*****34121133*3", "1*213343*******", "**21344*21133*4")
#: Shrout and Fleiss (1979), table 2: 4 judges, 6 targets.
JUDGES = (("9", "6", "8", "7", "10", "6"), tuple("214152"), tuple("536264"), tuple("828697"))


def wide(observers: tuple[str, ...] | tuple[tuple[str, ...], ...], classes: str | None = None) -> Votes:
    """One row an observer, one column an item; * is no answer."""
    said = [
        (unit, who, label)
        for who, labels in enumerate(observers)
        for unit, label in enumerate(labels)
        if label != "*"
    ]
    columns = zip(*said, strict=True) if said else ((), (), ())
    return Votes.of(*columns, classes=None if classes is None else list(classes))


def numbered(classes: str = "1234") -> st.SearchStrategy[Votes]:
    """Tables of at most 6 items, 5 workers and 3 of the classes, which are digits."""

    def votes(table: list[Row]) -> Votes:
        said = [(item, worker, classes["PQR".index(label)]) for item, worker, label in table]
        columns = zip(*said, strict=True) if said else ((), (), ())
        return Votes.of(*columns, classes=list(classes), all_items="abcdef")

    return rows().map(votes)


def triples(votes: Votes) -> list[tuple[str, str, int]]:
    """Worker, item and the code of the class: what nltk reads."""
    return [
        (str(worker), str(item), int(label))
        for item, worker, label in zip(votes.item, votes.worker, votes.label, strict=True)
    ]
