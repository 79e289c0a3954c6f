"""Items out of rows: named, their gold and overlap read; what is there already is left alone."""

from __future__ import annotations

import pytest

from crowdqc.assembly import Installation
from crowdqc.formats import Row
from crowdqc.records import Item
from crowdqc.services import drafts, uploads
from tests.services import factories
from tests.services.factories import bring, look, rows


def test_an_overlapping_file_adds_what_is_new_and_names_what_has_changed(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, items=3)
    upload = bring(
        place,
        owner,
        project,
        b"item,text\ni1,thing 1\ni2,another thing\nnew,thing\nnew,thing\nnew,other\n",
        filename="more.csv",
    )
    assert (upload.kept, upload.unchanged, upload.faulty, upload.rows) == (1, 2, 2, 5)
    (first, second) = look(place, uploads.faults, owner, upload.uid, after=0, limit=9)
    assert (first.line, first.where, first.what) == (3, "item", "Item 'i2' is here already, with other content.")
    assert (second.line, second.where) == (6, "item")
    assert factories.item(place, project, "i2").content == {"text": "thing 2"}
    assert {item.key for item in factories.every(place, Item, Item.project_id == project.id)} == {
        "i0", "i1", "i2", "new",
    }  # fmt: skip


def test_good_rows_are_kept_beside_bad_ones(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    content = (
        b'{"item": "a", "text": "x", "gold": "emu"}\n'
        b'{"item": "b", "text": "x", "gold": ["dog", "cat", "dog"]}\n'
        b"not json\n"
        b'{"item": "c", "text": "x", "overlap": 0}\n'
        b'{"item": "d", "text": "x", "overlap": 7}\n'
        b'{"item": "", "text": "x"}\n'
        b'{"item": "e", "metadata": {"secret": 1}}\n'
        b'{"item": "f", "text": "x", "metadata": {"where": "here"}, "meta:who": "me"}\n'
        b'{"item": "g", "text": "a\\u0000b"}\n'
        b'{"item": "h", "text": "\\ud800"}\n'
    )
    upload = bring(place, owner, project, content, filename="x.jsonl")
    assert (upload.state, upload.kept, upload.faulty, upload.rows) == ("done", 3, 7, 10)
    assert factories.faults(place, owner, upload) == [
        (1, "gold"), (3, "line 3, character 1"), (4, "overlap"), (6, "item"), (7, "row"),
        (9, "line 9"), (10, "line 10"),
    ]  # fmt: skip
    kept = {item.key: item for item in factories.every(place, Item, Item.project_id == project.id)}
    assert set(kept) == {"b", "d", "f"}
    assert (kept["b"].state, kept["b"].truth, kept["b"].truth_source) == ("gold", ["dog", "cat"], "gold")
    assert (kept["d"].state, kept["d"].overlap, kept["d"].truth) == ("open", 7, None)
    assert (kept["f"].content, kept["f"].meta) == ({"text": "x"}, {"where": "here", "who": "me"})
    assert kept["b"].overlap == project.plan["overlap"]


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"item": "a", "id": "b", "text": "x"}, "a"),
        ({"task": 7, "text": "x"}, "7"),
        ({"id": 7.0, "text": "x"}, "7"),
        ({"key": " k ", "text": "x"}, "k"),
    ],
)
def test_an_item_is_named_by_the_first_column_that_names_it(values: dict[str, object], key: str) -> None:
    assert drafts.drafted(Row(1, values)).key == key


def test_an_item_without_a_name_is_named_by_its_content(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    upload = bring(place, owner, project, rows([{"text": "x"}, {"text": "y"}, {"text": "x"}]))
    assert (upload.kept, upload.unchanged) == (2, 1)
    again = bring(place, owner, project, rows([{"text": "y"}, {"text": "z"}]))
    assert (again.kept, again.unchanged) == (1, 1)
    assert len({item.key for item in factories.every(place, Item, Item.project_id == project.id)}) == 3
