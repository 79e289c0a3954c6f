"""Whole files: the quick way gives what the slow one does, or leaves it to that; what is wrong has a line."""

from __future__ import annotations

import csv
import gzip
import random
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crowdqc.formats import Fault, Unreadable
from crowdqc.formats.answers import Answer
from crowdqc.formats.answers import answers as rows_of
from crowdqc.formats.tables import Answers, BadLines, answers, lines_of, patient, predictions, quick, truths
from crowdqc.formats.tables.cells import Number, accepted, identity, label

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
LIMITS = {"limit_bytes": 1 << 30, "limit_record": 4 << 20}

ragged = st.text(st.sampled_from('ab1 ",;\t\n\r\ufeffé\u2028\0'), max_size=4)
cells = st.text(
    st.one_of(st.sampled_from(' "",;\t\n\r=é\u2028a'), st.characters(exclude_categories=["Cs"])), max_size=6
)


def choose(names: tuple[str, ...]) -> tuple[Any, ...]:
    if not {"worker", "item", "label"} <= set(names):
        raise Unreadable("A column is missing.")
    return (
        identity("worker", "worker"),
        identity("item", "item"),
        label("label"),
        *([Number("seconds", "seconds", "time", needed=False)] if "seconds" in names else []),
        *([Number("weight", "weight", "weight")] if "weight" in names else []),
    )


def plain(columns: Any) -> dict[str, Any]:
    """Bring columns into a form that can be compared; NaN is equal to itself there."""
    return {
        role: [repr(each) for each in column.tolist()]
        if isinstance(column, np.ndarray)
        else (column.codes.tolist(), column.values)
        for role, column in columns.items()
    }


def both(data: bytes, form: str, wanted: Any = choose) -> tuple[Any, Any]:
    """Read a file both ways; None where the quick one doubts, or the slow one refuses."""
    try:
        fast = plain(quick.read(BytesIO(data), form, wanted, **LIMITS))
    except quick.Doubt:
        fast = None
    try:
        slow = plain(patient.read(BytesIO(data), form, wanted, **LIMITS))
    except (BadLines, Unreadable):
        slow = None
    return fast, slow


@given(
    st.lists(st.lists(ragged, min_size=1, max_size=5).map(",".join), max_size=6),
    st.sampled_from(
        ["worker,item,label", '"worker",item,label', " worker , item,label,weight", "worker;item;label"]
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff", "\n", "  \n"]),
    st.sampled_from(["csv", "tsv"]),
)
@example(['a,b,"c"d'], "worker,item,label", "\n", "", "csv")
@example(['a,b,c"d"'], "worker,item,label", "\n", "", "csv")
@example(["a,b,c", "\ufeffa,b,c"], "worker,item,label", "\n", "", "csv")
@example(["\ufeffa,b,c"], "worker,item,label", "\n", "\ufeff", "csv")
@example(['a,b,"c\nd"', "", "x,y,z"], "worker,item,label", "\r\n", "", "csv")
@example(["a,b,c\r"], "worker,item,label", "\r\n", "", "csv")
@example(["a,b,c", " ", "a,c,c"], "worker,item,label", "\n", "", "csv")
@example(["a,b,c,1e3", "a,c,c,nan"], "worker,item,label,weight", "\n", "", "csv")
def test_what_the_quick_way_takes_the_slow_one_reads_alike(
    lines: list[str], header: str, end: str, before: str, form: str
) -> None:
    data = (before + end.join([header, *lines, ""])).encode()
    if form == "tsv":
        data = data.replace(b",", b"\t")
    fast, slow = both(data, form)
    assert fast is None or fast == slow


@given(
    st.lists(
        st.tuples(*[cells.filter(lambda cell: cell.strip() and "\0" not in cell)] * 3, st.floats(0, 1e6)),
        min_size=1,
    ),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["csv", "tsv", "csv.gz", "tsv.gz"]),
)
def test_the_quick_way_reads_what_is_well_formed(
    table: list[tuple[str, str, str, float]], quoting: int, end: str, form: str
) -> None:
    text = StringIO(newline="")
    writer = csv.writer(text, quoting=quoting, lineterminator=end, delimiter="\t" if "tsv" in form else ",")  # type: ignore[arg-type]
    writer.writerow(("worker", "item", "label", "seconds"))
    writer.writerows(table)
    data = text.getvalue().encode()
    halved = data.count(b"\r") != data.count(b"\r\n")
    if form.endswith(".gz"):
        data = gzip.compress(data)
    fast, slow = both(data, form)
    assert (fast is None) == halved  # the slow way alone tells a carriage return in a cell from half a line end
    assert slow is not None
    for place, role in enumerate(("worker", "item", "label")):
        codes, values = slow[role]
        assert [values[code] for code in codes] == [row[place] for row in table]
        assert list(values) == sorted(set(values))
    assert fast is None or fast == slow


def test_a_large_file_takes_the_quick_way_and_comes_in_order() -> None:
    draw = random.Random(3)
    table = [(f"w{draw.randrange(99)}", f"i{draw.randrange(5000)}", draw.choice("abc")) for _ in range(60_000)]
    data = ("worker,item,label\n" + "".join(",".join(row) + "\n" for row in table)).encode()
    fast, slow = both(data, "csv")
    assert fast is not None
    assert fast == slow
    codes, values = fast["item"]
    assert [values[code] for code in codes] == [row[1] for row in table]


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (pa.array([1, 2, 1]), ["1", "2", "1"]),
        (pa.array([1.0, 2.5, -0.0]), ["1", "2.5", "0"]),
        (pa.array([True, False, True]), ["true", "false", "true"]),
        (pa.array(["x", "é", "x"]).dictionary_encode(), ["x", "é", "x"]),
        (pa.array(["x", "y", "x"], pa.large_string()), ["x", "y", "x"]),
        (pa.DictionaryArray.from_arrays([0, 2, 0], ["b", "unused", "a", "b"]), ["b", "a", "b"]),
        (pa.array([2**63, 1, 2], pa.uint64()), [str(2**63), "1", "2"]),
    ],
)
def test_types_of_parquet(column: pa.Array, texts: list[str]) -> None:
    table = pa.table({"worker": ["a", "b", "c"], "task": [7, 7, 8], "label": column, "odd": [float("nan")] * 3})
    held = BytesIO()
    pa.parquet.write_table(table, held)
    held.seek(0)
    found = answers(held, "parquet")
    assert [found.label.values[code] for code in found.label.codes] == texts
    assert found.item.values == ("7", "8")
    wanted = {"task": identity("item", "task"), "label": label("label"), "worker": identity("worker", "worker")}
    fast, slow = both(held.getvalue(), "parquet", lambda names: tuple(wanted.values()))
    assert fast == slow


@pytest.mark.parametrize("missing", [None, float("nan"), ""])
def test_what_is_missing_in_parquet_has_its_row(missing: object) -> None:
    kind = pa.float64() if isinstance(missing, float) else pa.string()
    good = 1.5 if isinstance(missing, float) else "x"
    held = BytesIO()
    pa.parquet.write_table(
        pa.table({"worker": ["a", "b"], "item": ["i", "j"], "label": pa.array([good, missing], kind)}), held
    )
    held.seek(0)
    with pytest.raises(BadLines) as caught:
        answers(held, "parquet")
    assert caught.value.count == 1
    assert caught.value.errors[0]["where"] in ("row 2, column label", "line 2, column label")


def test_json_lines() -> None:
    data = b'{"worker":1,"task":"a","label":true}\n{"task":"b","label":2.0,"worker":"1","weight":2}\n'
    with pytest.raises(BadLines) as caught:
        answers(BytesIO(data[: data.index(b"\n")].replace(b"}", b',"weight":1}') + b"\n" + data), "jsonl")
    assert [each["where"] for each in caught.value.errors] == ["line 2"]
    found = answers(BytesIO(data), "jsonl")
    assert found.worker.values == ("1",)
    assert found.label.values == ("2", "true")
    assert found.weight is None  # the first line says which columns there are


@pytest.mark.parametrize("form", ["csv", "csv.gz"])
def test_bad_lines_are_told_with_their_reason_and_counted(form: str) -> None:
    lines = ["worker,item,label", "ann,i1,cat", "bob,i1", "cid, ,cat", *["x"] * 20, "ann,i2,dog"]
    data = "\n".join(lines).encode()
    with pytest.raises(BadLines) as caught:
        answers(BytesIO(gzip.compress(data) if form == "csv.gz" else data), form)
    error = caught.value
    assert error.count == 22
    assert len(error.errors) == 10
    assert [each["where"] for each in error.errors[:2]] == ["line 3", "line 4, column item"]
    assert error.errors[0]["what"] == "The record has 2 cells where the header names 3 columns."
    assert error.errors[1]["what"] == "The cell is empty."


def test_bytes_that_are_no_text_are_named() -> None:
    with pytest.raises(BadLines) as caught:
        answers(BytesIO(b"worker,item,label,note\nann,i1,cat,x\nann,i2,cat,\xff\n"), "csv")
    assert caught.value.errors[0]["where"] == "line 3, byte 12"


def test_columns_that_are_missing() -> None:
    with pytest.raises(Unreadable, match="no column worker and no column label"):
        answers(BytesIO(b"who,item,said\nann,i1,cat\n"), "csv")
    with pytest.raises(Unreadable, match="empty"):
        answers(BytesIO(b""), "csv")
    nothing = answers(BytesIO(b"worker,item,label\n"), "csv")
    assert (len(nothing.item), nothing.item.values) == (0, ())


def test_times_and_weights() -> None:
    data = b"worker,item,label,time,seconds,weight\nann,i1,x,yesterday,,1\nann,i2,x,,-3,0.5\nann,i3,x,?,2.5,1e1\n"
    found = answers(BytesIO(data), "csv")
    assert found.seconds is not None
    assert found.weight is not None
    assert np.isnan(found.seconds).tolist() == [True, True, False]
    assert found.weight.tolist() == [1, 0.5, 10]
    with pytest.raises(BadLines) as caught:
        answers(BytesIO(data.replace(b"1e1", b"much")), "csv")
    assert caught.value.errors[0]["where"] == "line 4, column weight"


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("way", ["quick", "slow"])
def test_seconds_that_are_no_times_are_counted(form: str, way: str) -> None:
    if form == "parquet":
        seconds: Any = pa.array([1.5, -4.0, None, float("inf"), float("nan"), 0.0])
        columns = {"worker": pa.array(list("abcdef")), "item": pa.array(list("iiiiii")), "seconds": seconds}
        held = BytesIO()
        weights = {} if way == "quick" else {"weight": pa.array(["1"] * 6)}
        pyarrow.parquet.write_table(pa.table(columns | {"label": pa.array(list("xxxxxx"))} | weights), held)
        data = held.getvalue()
    elif form == "csv":
        odd = b"-4" if way == "quick" else b"abc"
        data = b"worker,item,label,seconds\na,i,x,1.5\nb,i,x,%s\nc,i,x,\nd,i,x,1e400\ne,i,x,nan\nf,i,x,0\n" % odd
    else:
        cells = ["1.5", "-4", "null", '"abc"', '""', "0"]
        lines = (f'{{"worker": {i}, "item": 1, "label": "x", "seconds": {cell}}}' for i, cell in enumerate(cells))
        data = "\n".join(lines).encode()
    found = answers(BytesIO(data), form)
    assert found.odd_seconds.tolist() == [1, 3]
    np.testing.assert_array_equal(found.seconds, [1.5, np.nan, np.nan, np.nan, np.nan, 0])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y|x", "x|x", "z|", "7"])), max_size=6))
def test_truths_gather_the_rows_of_an_item(table: list[tuple[str, str]]) -> None:
    data = ("item,label\n" + "".join(f"{item},{text}\n" for item, text in table)).encode()
    expected: dict[str, list[str]] = {}
    for item, text in table:
        for name in text.split("|"):
            if name and name not in expected.setdefault(item, []):
                expected[item].append(name)
    if any(text.endswith("|") for _, text in table):
        with pytest.raises(BadLines):
            truths(BytesIO(data), "csv")
    else:
        assert truths(BytesIO(data), "csv") == {item: tuple(names) for item, names in expected.items()}
    fast, slow = both(data, "csv", lambda names: (identity("item", "item"), accepted("label")))
    assert fast is None or fast == slow


@pytest.mark.parametrize("sign", ["", "p:", "p_"])
def test_predictions(sign: str) -> None:
    data = f"item,{sign}dog,{sign}cat,model\ni2,0.25,0.75,net\ni1,1,0,net\ni1,0.5,0.501,old\n".encode()
    found = predictions(BytesIO(data), "csv", ["cat", "dog"])
    assert found.classes == ("dog", "cat")
    assert found.item.values == ("i1", "i2")
    assert found.model.values == ("net", "old")
    assert found.probabilities.sum(axis=1) == pytest.approx(1)
    assert found.probabilities[0].tolist() == [0.25, 0.75]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("i1,0.5,0.6", "sum to 1.1"),
        ("i1,-0.5,1.5", "not a number from 0"),
        ("i1,nan,1", "not a number from 0"),
        ("i1,,1", "not a number from 0"),
        ("i0,0.5,0.5", "a second time"),
    ],
)
def test_predictions_that_are_none(line: str, what: str) -> None:
    with pytest.raises(BadLines) as caught:
        predictions(BytesIO(f"item,cat,dog\n\ni0,0.5,0.5\n{line}\n".encode()), "csv", ["cat", "dog"])
    [fault] = caught.value.errors
    assert str(fault["where"]).startswith("line 4")
    assert what in str(fault["what"])


def test_a_class_without_predictions() -> None:
    with pytest.raises(Unreadable, match="no column for the class fox"):
        predictions(BytesIO(b"item,p:cat,p:dog\ni1,0.5,0.5\n"), "csv", ["cat", "fox"])


def test_lines_of_rows() -> None:
    data = b'worker,item,label\n"a\nb",i,x\n\nb,i,x\nbad\nc,i,x\n'
    assert lines_of(BytesIO(data), "csv", [2, 0]) == [2, 7]


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no real sets in {DATA}")
@pytest.mark.parametrize("name", ["bluebird", "drug_relation", "music_genre", "relation_multilabel", "nli_slider"])
def test_real_sets_are_read_as_row_by_row(name: str) -> None:
    path = DATA / name / "answers.csv.gz"
    with path.open("rb") as stream:
        found: Answers = answers(stream, "csv.gz")
    with path.open("rb") as stream:
        expected = [each for each in rows_of(stream, "csv.gz") if not isinstance(each, Fault)]
    assert all(isinstance(each, Answer) for each in expected)
    for column, role in ((found.worker, "worker"), (found.item, "item"), (found.label, "label")):
        assert [column.values[code] for code in column.codes] == [getattr(each, role) for each in expected]


@pytest.mark.parametrize(
    ("times", "expected", "dated"),
    [
        (["2026-01-01T00:00:01Z", "2026-01-01T01:00:02+01:00"], [1767225601, 1767225602], True),
        (["2026-01-01 00:00:01", "2026-01-01"], [1767225601, 1767225600], True),
        (["2026-01-01T00:00:01Z", "yesterday", "17"], [1767225601, None, None], True),
        (["17", "1.5", "", "2"], [17, 1.5, None, 2], False),
        (["0001-01-01T00:00:00+05:00", "2026", "20260131"], [None, 2026, 20260131], False),
        (["", "soon"], [None, None], False),
    ],
)
@pytest.mark.parametrize("slow", [False, True])
def test_times_and_places_are_read_where_they_are_wanted(
    times: list[str], expected: list[float | None], dated: bool, slow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if slow:

        def doubt(*given: object, **more: object) -> None:
            raise quick.Doubt

        monkeypatch.setattr(quick, "read", doubt)
    lines = [f"a,i{row},x,{time},{row - 1}" for row, time in enumerate(times)]
    data = "\n".join(["worker,item,label,time,position", *lines, ""]).encode()
    found = answers(BytesIO(data), "csv", also=("time", "place"))
    assert found.time is not None
    assert [None if each != each else each for each in found.time.tolist()] == expected
    assert found.dated is dated
    assert found.place is not None
    np.testing.assert_array_equal(found.place, [np.nan, *range(len(times) - 1)])
    plain = answers(BytesIO(data), "csv")
    assert (plain.time, plain.place, plain.dated) == (None, None, False)


def test_times_in_parquet_and_json_lines() -> None:
    at = pa.array([1767225601000, None], pa.timestamp("ms", "UTC"))
    table = pa.table({"worker": ["a", "b"], "item": ["1", "1"], "label": ["x", "y"], "time": at})
    held = BytesIO()
    pa.parquet.write_table(table, held)
    held.seek(0)
    lines = (
        b'{"worker":"a","item":1,"label":"x","time":"2026-01-01T00:00:01Z"}\n{"worker":"b","item":1,"label":"y"}\n'
    )
    for stream, form in ((held, "parquet"), (BytesIO(lines), "jsonl")):
        found = answers(stream, form, also=("time", "place"))
        assert found.time is not None
        np.testing.assert_array_equal(found.time, [1767225601, np.nan])
        assert found.dated
        assert found.place is None
