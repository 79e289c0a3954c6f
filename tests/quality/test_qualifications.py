"""What is wanted of workers: read whole with every fault named, and what somebody lacks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality import qualifications
from crowdqc.quality.qualifications import BadLanguage, BadName, BadWanted, Language, Qualification, Skill

NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=20)
WANTS = st.one_of(
    st.builds(Skill, NAMES, st.sampled_from([*qualifications.OPS]), st.integers(0, 100)),
    st.builds(Qualification, NAMES),
    st.builds(Language, st.sampled_from(["de", "de-AT", "zh-Hant-TW", "sl-nedis", "es-419"])),
)


@given(st.lists(WANTS, max_size=8))
def test_what_is_written_is_read_again(wanted: list[qualifications.Want]) -> None:
    assert [*qualifications.read([want.to_json() for want in wanted])] == wanted


@given(st.lists(WANTS, max_size=8), st.dictionaries(NAMES, st.floats(0, 100)), st.booleans())
def test_all_must_hold(wanted: list[qualifications.Want], skills: dict[str, float], reads: bool) -> None:
    languages = ["de-AT", "zh-Hant-TW", "sl-nedis", "es-419"] if reads else []
    lacked = qualifications.lacking(wanted, skills, languages)
    alone = [bool(qualifications.lacking([want], skills, languages)) for want in wanted]
    assert len(lacked) == sum(alone)


@pytest.mark.parametrize(
    ("op", "value", "held", "lacks"),
    [
        ("at_least", 80, 80.0, False), ("at_least", 80, 79.99, True), ("above", 80, 80.0, True),
        ("above", 80, 80.5, False), ("at_most", 20, 20.0, False), ("at_most", 20, 21.0, True),
        ("below", 20, 20.0, True), ("below", 20, 0.0, False), ("at_least", 0, None, True),
        ("below", 100, None, True),
    ],
)  # fmt: skip
def test_a_skill_is_compared_and_none_satisfies_nothing(
    op: str, value: float, held: float | None, lacks: bool
) -> None:
    skills = {} if held is None else {"birds": held}
    assert bool(qualifications.lacking([Skill("birds", op, value)], skills, [])) is lacks


def test_a_language_satisfies_its_broader_tag_alone() -> None:
    wants = [Language("de"), Language("de-AT"), Language("d")]
    lacked = qualifications.lacking(wants, {}, ["DE-at"])
    assert [each.want for each in lacked] == [Language("d")]
    assert [each.want for each in qualifications.lacking(wants[:2], {}, ["de"])] == [Language("de-AT")]


def test_every_fault_is_named_with_its_place() -> None:
    wanted: list[Any] = [
        {"skill": "birds", "op": "over", "value": 101},
        {"skill": "", "op": "at_least", "value": 5},
        {"language": "german"},
        {"qualification": " birds"},
        {"qualification": "birds", "value": 3},
        {"skill": "birds", "language": "de"},
        {},
        "birds",
        {"skill": "birds", "op": ["at_least"], "value": True},
        {"language": 5},
    ]
    with pytest.raises(BadWanted) as refused:
        qualifications.read(wanted, "plan.wanted")
    assert [fault["where"] for fault in refused.value.errors] == [
        "plan.wanted[0].op", "plan.wanted[0].value", "plan.wanted[1].skill", "plan.wanted[2].language",
        "plan.wanted[3].qualification", "plan.wanted[4].value", "plan.wanted[5]", "plan.wanted[6]",
        "plan.wanted[7]", "plan.wanted[8].op", "plan.wanted[8].value", "plan.wanted[9].language",
    ]  # fmt: skip


@pytest.mark.parametrize("json", ["de", {}, 5, [{"language": "de"}] * 51])
def test_what_is_no_list_is_refused(json: Any) -> None:
    with pytest.raises(BadWanted):
        qualifications.read(json)


@pytest.mark.parametrize("text", ["", " a", "a\n", "a\x00", "x" * 101, "\u202ea", 5, None])
def test_what_is_no_name(text: Any) -> None:
    with pytest.raises(BadName):
        qualifications.name(text)


@pytest.mark.parametrize("tag", ["", "d", "german", "de_AT", "de-", "ſe", "de-A1T", None])
def test_what_is_no_language(tag: Any) -> None:
    with pytest.raises(BadLanguage):
        qualifications.language(tag)


def test_tags_are_written_as_is_usual() -> None:
    written = [qualifications.language(tag) for tag in ("DE", "pt-br", "ZH-HANT", "es-419", "sl-NEDIS")]
    assert written == ["de", "pt-BR", "zh-Hant", "es-419", "sl-nedis"]
