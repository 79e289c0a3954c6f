"""Files of answers and of truths."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crowdqc import formats
from crowdqc.formats import Fault
from crowdqc.formats.answers import Answer, Truth, answers, truth


def read(data: bytes, form: str = "csv") -> list[Answer | Fault]:
    return list(answers(BytesIO(data), form))


NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_columns_are_known_by_name_in_any_order_and_others_are_left_out() -> None:
    data = b"channel,label,worker,seconds,item,time\nx,cat,w1,2.5,i1,2026-01-31T12:00:00Z\nx,dog,w2,,i1,\n"
    assert read(data) == [
        Answer(2, "w1", "i1", "cat", NOON, 2.5),
        Answer(3, "w2", "i1", "dog", None, None),
    ]


@pytest.mark.parametrize("worker", ["worker", "annotator", "labeler", "performer", "Worker_ID", "WorkerId"])
@pytest.mark.parametrize("item", ["item", "task", "Task_id"])
@pytest.mark.parametrize("label", ["label", "ANSWER"])
@pytest.mark.parametrize("when", ["time", "submitted_at", "timestamp"])
def test_columns_are_known_by_other_names(worker: str, item: str, label: str, when: str) -> None:
    data = f"{worker},{item},{label},{when}\nw,i,l,2026-01-31T12:00:00Z\n".encode()
    assert read(data) == [Answer(2, "w", "i", "l", NOON, None)]


def test_our_own_name_wins_over_another() -> None:
    assert read(b"task,item,worker,label\nt,i,w,l\n") == [Answer(2, "w", "i", "l", None, None)]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_missing_column_is_named_with_what_was_found(form: str) -> None:
    columns = [formats.Column("worker"), formats.Column("thing"), formats.Column("label")]
    rows = [{"worker": "w", "thing": "i", "label": "l"}]
    data = b"".join(formats.write(rows, columns, form))
    with pytest.raises(formats.Unreadable) as caught:
        read(data, form)
    assert caught.value.detail == "The file has no column item. Its columns are: worker, thing, label."
    assert caught.value.mend == "Name the columns so (item: item, item_id, task, task_id)."


def test_a_missing_column_is_named_even_where_no_row_follows() -> None:
    with pytest.raises(formats.Unreadable, match="no column worker and no column label"):
        read(b"item\n")
    assert read(b"worker,item,label\n") == []


def test_a_line_of_json_without_a_name_is_a_fault_and_names_may_change_by_line() -> None:
    data = b'{"worker":"w","item":"i","label":"a"}\n{"worker":"w","item":"j"}\n'
    data += b'{"annotator":"v","task":"i","answer":"b"}\n'
    first, fault, last = read(data, "jsonl")
    assert first == Answer(1, "w", "i", "a", None, None)
    assert fault == Fault(2, "line 2", "The line has no label.", "Write it, as in the first line.")
    assert last == Answer(3, "v", "i", "b", None, None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"1", "1"),
        (b"1.0", "1"),
        (b"1.50", "1.5"),
        (b"true", "true"),
        (b'"01"', "01"),
        (b'" a "', " a "),
        (b"9007199254740993", "9007199254740993"),
        (b'["b","a"]', '["b","a"]'),
        (b'{"y":1,"x":2.0}', '{"x":2,"y":1}'),
    ],
)
def test_labels_are_text(value: bytes, text: str) -> None:
    assert read(b'{"worker":1,"item":2.0,"label":' + value + b"}", "jsonl") == [
        Answer(1, "1", "2", text, None, None)
    ]


def test_ids_of_parquet_are_text() -> None:
    sink = BytesIO()
    pq.write_table(pa.table({"worker": [7], "task": [1.0], "label": [True]}), sink)
    assert read(sink.getvalue(), "parquet") == [Answer(1, "7", "1", "true", None, None)]


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        (b",i,l,,", "worker", "The cell is empty."),
        (b"w,  ,l,,", "item", "The cell is empty."),
        (b"w,i,,,", "label", "The cell is empty."),
        (b"w,i,l,yesterday,", "time", "The time 'yesterday' is not ISO 8601."),
        (b"w,i,l,1548936000,", "time", "The time '1548936000' is not ISO 8601."),
        (b"w,i,l,2026-02-30T00:00:00Z,", "time", "The time '2026-02-30T00:00:00Z' is not ISO 8601."),
        (b"w,i,l,0001-01-01T00:00:00+05:00,", "time", "The time '0001-01-01T00:00:00+05:00' is not ISO 8601."),
        (b"w,i,l,,-1", "seconds", "The seconds '-1' are not a number from 0."),
        (b"w,i,l,,nan", "seconds", "The seconds 'nan' are not a number from 0."),
        (b"w,i,l,,1e999", "seconds", "The seconds '1e999' are not a number from 0."),
        (b"w,i,l,,1_0", "seconds", "The seconds '1_0' are not a number from 0."),
        (b"w,i,l,,ten", "seconds", "The seconds 'ten' are not a number from 0."),
    ],
)
def test_a_bad_cell_is_named_and_the_rest_is_read(line: bytes, column: str, words: str) -> None:
    fault, last = read(b"worker,item,label,time,seconds\n" + line + b"\nw,i,l,,\n")
    assert isinstance(fault, Fault)
    assert (fault.line, fault.where, fault.what) == (2, f"line 2, column {column}", words)
    assert fault.mend
    assert last == Answer(3, "w", "i", "l", None, None)


@pytest.mark.parametrize("value", [b"null", b'""', b"[]x"])
def test_json_without_a_label_is_a_fault(value: bytes) -> None:
    (fault,) = read(b'{"worker":"w","item":"i","label":' + value + b"}", "jsonl")
    assert isinstance(fault, Fault)


@pytest.mark.parametrize("value", [b"[1]", b'{"a":1}'])
def test_an_id_is_neither_list_nor_object(value: bytes) -> None:
    (fault,) = read(b'{"worker":' + value + b',"item":"i","label":"l"}', "jsonl")
    assert isinstance(fault, Fault)
    assert fault.what == "An id is neither a list nor an object."


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00",
        "2026-01-31 12:00:00",
        "2026-01-31T14:00:00+02:00",
        "2026-01-31T06:30:00-05:30",
        "2026-01-31T12:00:00.000000Z",
        " 2026-01-31T12:00Z",
    ],
)
def test_times_are_in_utc(text: str) -> None:
    (answer,) = read(f"worker,item,label,time\nw,i,l,{text}\n".encode())
    assert isinstance(answer, Answer)
    assert answer.time == NOON
    assert answer.time.utcoffset() == NOON.utcoffset()


def test_truths_are_labels_of_which_any_is_right() -> None:
    data = b"task,label\n1,cat\n2,cat|kitten|cat\n3,cat||dog\n4,\n"
    first, second, third, fourth = truth(BytesIO(data), "csv")
    assert first == Truth(2, "1", ("cat",))
    assert second == Truth(3, "2", ("cat", "kitten"))
    assert [(each.line, each.what) for each in (third, fourth) if isinstance(each, Fault)] == [
        (4, "The cell is empty."),
        (5, "The cell is empty."),
    ]


def test_truths_of_json_may_be_lists() -> None:
    data = b'{"item":1,"label":["a",2]}\n{"item":2,"label":[]}\n{"item":3,"label":4}\n{"item":4,"label":["a|b"]}'
    first, second, third, fourth = truth(BytesIO(data), "jsonl")
    assert first == Truth(1, "1", ("a", "2"))
    assert isinstance(second, Fault)
    assert third == Truth(3, "3", ("4",))
    assert fourth == Truth(4, "4", ("a|b",))


def test_a_truth_needs_its_columns() -> None:
    with pytest.raises(formats.Unreadable, match="no column label"):
        list(truth(BytesIO(b"item,truth\n"), "csv"))
