"""When two texts count as the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.texts import InvalidReading, Reading

#: Pairs that differ by case, spacing or encoding alone.
ALIKE = [
    ("Straße", "STRASSE"),
    ("ﬁrst", "first"),
    ("１２", "12"),
    ("a\u00a0 b\n", "a b"),
    ("e\u0301", "é"),
    ("Ⅳ", "iv"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_what_is_alike(one: str, other: str) -> None:
    assert Reading()(one) == Reading()(other)


def test_each_part_can_be_left_out() -> None:
    assert Reading(case=False)("A  b") == "A b"
    assert Reading(spaces=False)("A  b ") == "a  b "
    assert Reading(unicode=None)("ﬂ") == "fl"  # folding case takes ligatures apart as well
    assert Reading(unicode=None, case=False)("１") == "１"
    assert Reading(unicode="NFC", case=False)("e\u0301ﬁ") == "éﬁ"


def test_a_form_that_is_not_there() -> None:
    with pytest.raises(InvalidReading, match="unicode is 'NFX'"):
        Reading(unicode="NFX")  # type: ignore[arg-type]


@given(st.text(max_size=8))
def test_to_read_twice_is_to_read_once(text: str) -> None:
    for reading in (Reading(), Reading(unicode="NFC"), Reading(unicode="NFD"), Reading(case=False)):
        assert reading(reading(text)) == reading(text)
