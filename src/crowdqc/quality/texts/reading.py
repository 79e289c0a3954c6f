"""When two texts count as the same, and what their words are."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from crowdqc.errors import Invalid

#: Takes a text apart; `str.split` gives its words, `list` its characters.
Tokenizer = Callable[[str], Sequence[str]]
#: Puts words together again.
Detokenizer = Callable[[Sequence[str]], str]
Words = tuple[str, ...]

FORMS = ("NFC", "NFD", "NFKC", "NFKD")


class InvalidReading(Invalid):
    """There is no such way to read texts."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is left out of account when texts are compared; what is given out is what somebody wrote.

    Parameters
    ----------
    unicode
        The normal form in which they are compared: under NFKC a ligature is its letters and a full-width digit a
        digit. None compares them as they are.
    spaces
        Whether any white space is one space, and none at the ends.
    case
        Whether small and capital letters are the same.

    Examples
    --------
    >>> Reading()("  The ﬁrst\\n Ａ ")
    'the first a'
    """

    unicode: Literal["NFC", "NFD", "NFKC", "NFKD"] | None = "NFKC"
    spaces: bool = True
    case: bool = True

    def __post_init__(self) -> None:
        if self.unicode is not None and self.unicode not in FORMS:
            raise InvalidReading(f"unicode is {self.unicode!r}; it must be None or one of {', '.join(FORMS)}.")

    def __call__(self, text: str) -> str:
        """Give the form in which a text is compared."""
        if self.case:
            # to fold case may undo a normal form, and a normal form may bring in what can be folded
            text = self._form(self._form(text).casefold())
        text = self._form(text)
        return " ".join(text.split()) if self.spaces else text

    def _form(self, text: str) -> str:
        return text if self.unicode is None else unicodedata.normalize(self.unicode, text)
