"""Drafts: the quick way and the thorough one read a row as the same item."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.formats import Fault, Row
from crowdqc.formats.canonical import content_hash
from crowdqc.services import drafts

NAMES = ["item", "id", "text", "image", "a", "Z", "é", "100%", '"q"', "meta:s", "metadata.s", "meta:", "gold",
         "overlap", "content", "metadata"]  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(
        ["", " ", "x", "a\tb", 'a"b\\c', "l\nm\r", "\x01\x7f", "漢😀", "%s", "7", "1|2", '{"a": 1.0}']
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
)
VALUE = st.one_of(
    TEXT, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.lists(TEXT, max_size=2), st.just(10**30),
)  # fmt: skip


def thorough(row: Row) -> drafts.Draft | tuple[str, str]:
    try:
        return drafts.drafted(row)
    except drafts._Unfit as error:
        return error.where, str(error)


@given(
    st.lists(st.sampled_from(NAMES), unique=True, min_size=1).flatmap(
        lambda names: st.lists(st.fixed_dictionaries(dict.fromkeys(names, TEXT | TEXT | VALUE)), min_size=1)
    )
)
def test_both_ways_read_the_same(values: list[dict[str, object]]) -> None:
    drafter = drafts.Drafter()
    for line, each in enumerate(values, 2):
        row = Row(line, each)
        quick, slow = drafter.draft(row), thorough(row)
        assert ((quick.where, quick.what) if isinstance(quick, Fault) else quick) == slow


def test_the_hash_is_of_the_canonical_text_and_the_order_is_the_files() -> None:
    row = Row(2, {"item": " k ", "b": "1", "meta:z": "x", "a": "é\n", "empty": "", "meta:y": '"'})
    row.values.pop("empty")
    found = drafts.Drafter().draft(row)
    assert isinstance(found, drafts.Draft)
    assert drafts._plain([*row.values])(row) == found
    assert found.key == "k"
    assert [*json.loads(found.content).items()] == [("b", "1"), ("a", "é\n")]
    assert [*json.loads(found.meta).items()] == [("z", "x"), ("y", '"')]
    assert found.content_hash == content_hash([json.loads(found.content), json.loads(found.meta), None])


@pytest.mark.parametrize("name", ["text", "meta:x"])
def test_what_is_too_large_is_refused_on_both_ways(name: str) -> None:
    row = Row(2, {"item": "k", "shown": "x", name: "é" * (drafts.LARGEST // 2)})
    found = drafts.Drafter().draft(row)
    assert isinstance(found, Fault)
    assert found.where == ("content" if name == "text" else "metadata")
