"""What guidelines say of a pair of classes: the lines that name both."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import permutations

#: A line that names more classes than these is a list of them, and says nothing of a pair.
MOST_NAMED = 8
#: Lines that are kept of a pair.
MOST_LINES = 3


def lines_by_pair(guidelines: str, classes: Sequence[str]) -> Mapping[tuple[int, int], str]:
    """Find the lines of guidelines that name two classes, by their codes in both orders.

    A name counts where it stands as a word or words of its own, in small letters or large; of names that overlap,
    the longest.

    Examples
    --------
    >>> text = "A lynx is no Cat.\\nDogs bark; a dog, not a cat, is wet.\\nA big cat is no cat."
    >>> found = lines_by_pair(text, ["cat", "dog", "big cat"])
    >>> found[0, 1], found[1, 0] == found[0, 1], found[2, 0], (1, 2) in found
    ('Dogs bark; a dog, not a cat, is wet.', True, 'A big cat is no cat.', False)
    """
    code = {name.casefold(): place for place, name in enumerate(classes)}
    names = "|".join(re.escape(name) for name in sorted(code, key=len, reverse=True))
    if not names:
        return {}
    pattern = re.compile(rf"(?<!\w)(?:{names})(?!\w)")
    found: dict[tuple[int, int], list[str]] = {}
    for line in guidelines.splitlines():
        named = {code[name] for name in pattern.findall(line.casefold())}
        if 2 <= len(named) <= MOST_NAMED:
            for pair in permutations(sorted(named), 2):
                found.setdefault(pair, []).append(line.strip())
    return {pair: "\n".join(lines[:MOST_LINES]) for pair, lines in found.items()}
