"""The loops that are compiled for each number of states, written once in plain Python.

What stands in capitals is a number by the time that they are compiled; where the states are few, the loops
over `k` are written out then, and `row` and `score` are registers. Indices are unsigned, which saves the look
whether one is negative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

U = np.uint64
#: States of an item, as a size and as an index; the last of them; numbers in a row of the table.
S, STATES, LAST, WIDTH = 2, U(2), U(1), U(2)
#: Answers whose odds are multiplied before a logarithm is taken.
FEW = U(8)
#: Whether the table is so large that it is asked for ahead, and by how many answers.
FAR, AHEAD = False, U(16)


def prefetch(table: Any, row: Any) -> None:
    """Ask for a row before it is needed: an instruction, once compiled."""


def one_pass(
    row_of: Any, ends: Any, low: Any, high: Any, table: Any, posterior: Any, odds: Any, kind: Any, starts: Any
) -> tuple[float, float]:
    """Fill in the odds, then take each item: its posterior, and what that adds to the counts of its pairs."""
    row = np.empty(S)
    score = np.empty(S)
    at, of = U(0), U(0)
    for _ in range(U(0), U(len(table)) // WIDTH):
        for k in range(LAST):
            table[at + k] = odds[of + k]
            table[at + LAST + k] = 0.0
        at += WIDTH
        of += LAST
    evidence, product, moved = 0.0, 1.0, 0.0
    for item in range(U(low), U(high)):
        begin, end = U(ends[item]), U(ends[item + U(1)])
        start = U(kind[item]) * STATES
        for k in range(STATES):
            row[k] = starts[start + k]
        highest = 0.0
        if end - begin <= FEW:
            for answer in range(begin, end):
                of = U(row_of[answer])
                if FAR:
                    prefetch(table, row_of[answer + AHEAD])
                for k in range(LAST):
                    row[k] *= table[of + k]
        else:
            for k in range(STATES):
                score[k] = np.log(row[k]) if row[k] > 0 else -np.inf
            first = begin
            while first < end:
                for k in range(LAST):
                    row[k] = 1.0
                for answer in range(first, min(first + FEW, end)):
                    of = U(row_of[answer])
                    if FAR:
                        prefetch(table, row_of[answer + AHEAD])
                    for k in range(LAST):
                        row[k] *= table[of + k]
                for k in range(LAST):
                    score[k] += np.log(row[k])
                first += FEW
            highest = score[LAST]
            for k in range(LAST):
                highest = max(highest, score[k])
            for k in range(STATES):
                row[k] = np.exp(score[k] - highest)
            evidence += highest
        total = 0.0
        for k in range(STATES):
            total += row[k]
        if 1e-150 < total < 1e150:
            # one logarithm for many items
            product *= total
            if not 1e-150 < product < 1e150:
                evidence += np.log(product)
                product = 1.0
        else:
            evidence += np.log(total)
        share = 1.0 / total
        at = item * STATES
        change = 0.0
        for k in range(STATES):
            row[k] *= share
            change += abs(row[k] - posterior[at + k])
            posterior[at + k] = row[k]
        moved += change
        for answer in range(begin, end):
            of = U(row_of[answer]) + LAST
            for k in range(LAST):
                table[of + k] += row[k]
    return evidence + np.log(product), moved


def count(row_of: Any, ends: Any, low: Any, high: Any, table: Any, posterior: Any) -> None:
    """Add the posteriors of items to the counts of their pairs."""
    for item in range(U(low), U(high)):
        at = item * STATES
        for answer in range(U(ends[item]), U(ends[item + U(1)])):
            of = U(row_of[answer]) + LAST
            for k in range(LAST):
                table[of + k] += posterior[at + k]


def total(tables: Any, answers: Any, counts: Any) -> None:
    """Add up the counts of the blocks, and give the last state what the others leave."""
    row = np.empty(S)
    for pair in range(len(answers)):
        for k in range(LAST):
            row[k] = 0.0
        for block in range(len(tables)):
            for k in range(LAST):
                row[k] += tables[block, pair, LAST + k]
        rest = answers[pair]
        for k in range(LAST):
            rest -= row[k]
            counts[pair, k] = row[k]
        counts[pair, LAST] = max(rest, 0.0)
