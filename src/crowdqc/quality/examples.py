"""A small real table to try things on: the anaesthetists of Dawid and Skene."""

from __future__ import annotations

#: One word a patient: the three answers of observer 1, weeks apart, then those of observers 2, 3, 4 and 5.
#: Table 1 of A. P. Dawid, A. M. Skene (1979), Applied Statistics 28(1), 20-28.
_TABLE = """
1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 1111111 2223212
1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222 1111111
1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111
2322222 1211111 2222222
"""
_OBSERVERS = (1, 1, 1, 2, 3, 4, 5)
_ROUNDS = (1, 2, 3, 1, 1, 1, 1)


def anaesthetists() -> tuple[tuple[int, int, int, str], ...]:
    """Fitness for anaesthesia, 1 (fit) to 4, of 45 patients by 5 anaesthetists: (patient, observer, round, label).

    >>> len(anaesthetists()), anaesthetists()[8]
    (315, (2, 1, 2, '3'))
    """
    return tuple(
        (patient, observer, turn, label)
        for patient, labels in enumerate(_TABLE.split(), start=1)
        for observer, turn, label in zip(_OBSERVERS, _ROUNDS, labels, strict=True)
    )
