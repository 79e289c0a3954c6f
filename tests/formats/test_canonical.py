"""One text for one value."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.errors import Invalid
from crowdqc.formats.canonical import Uncanonical, canonical, content_hash

values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_categories=["Cs"])),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    ),
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        (1e22, "10000000000000000000000"),
        (10**22, "10000000000000000000000"),
        ("é\n\"", '"é\\n\\""'),
        ((1, [2]), "[1,[2]]"),
        ({"b": {"d": 1, "c": 2}, "a": []}, '{"a":[],"b":{"c":2,"d":1}}'),
        ({"é": 1, "z": 2, "Z": 3, "😀": 4, "\uff5e": 5}, '{"Z":3,"z":2,"é":1,"～":5,"😀":4}'),
    ],
)  # fmt: skip
def test_the_text_is_exact(value: object, text: str) -> None:
    assert canonical(value).decode() == text


@given(values)
def test_the_text_reads_back_as_an_equal_value_with_the_same_text(value: object) -> None:
    again = json.loads(canonical(value))
    assert again == value
    assert canonical(again) == canonical(value)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), values, min_size=2))
def test_the_order_of_names_does_not_matter(value: dict[str, object]) -> None:
    assert content_hash(value) == content_hash(dict(reversed(value.items())))


def test_the_hash_is_sha_256_of_the_text() -> None:
    assert content_hash({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()


def test_a_flag_is_not_a_number_nor_a_text() -> None:
    assert len({content_hash(value) for value in (True, 1, "1", "true", [1], {"1": 1}, None)}) == 7


def nested() -> object:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), {"a": float("-inf")}, {1: 2}, b"x", {1, 2}, "\ud800", {"\udc00": 1}],
)
def test_what_is_not_json_has_no_text(value: object) -> None:
    with pytest.raises(Uncanonical) as caught:
        canonical(value)
    assert isinstance(caught.value, Invalid)


def test_brackets_without_end_and_numbers_without_end_have_no_text() -> None:
    with pytest.raises(Uncanonical):
        canonical(nested())
    with pytest.raises(Uncanonical):
        canonical(10**5000)
