"""What every place to compute must do, checked on each adapter."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool

import pytest

from crowdqc.assembly import execution
from crowdqc.execution import Execution
from crowdqc.settings import BadSetting
from tests.ports.tasks import Unwell, dying, odd_only, own_process, slower_first, squared


@pytest.fixture(params=["inline:", "processes:2"])
def place(request: pytest.FixtureRequest) -> Iterator[Execution]:
    made = execution(request.param)
    yield made
    made.close()


def test_results_come_in_the_order_of_what_was_given(place: Execution) -> None:
    assert place.map(squared, range(50)) == [value * value for value in range(50)]
    assert place.map(slower_first, [0, 1, 2, 3]) == [0, 1, 2, 3]


def test_nothing_given_gives_nothing(place: Execution) -> None:
    assert place.map(squared, []) == []


def test_an_exception_there_is_raised_here(place: Execution) -> None:
    with pytest.raises(Unwell, match="2 is even"):
        place.map(odd_only, [1, 2, 3])


def test_after_an_exception_it_goes_on(place: Execution) -> None:
    with pytest.raises(Unwell):
        place.map(odd_only, [2])
    assert place.map(odd_only, [1, 3]) == [1, 3]


def test_closing_may_be_repeated_and_is_not_the_end(place: Execution) -> None:
    assert place.map(squared, [2]) == [4]
    place.close()
    place.close()
    assert place.map(squared, [3]) == [9]


def test_processes_are_others_than_this_one() -> None:
    place = execution("processes:1")
    try:
        assert place.map(own_process, [0]) != [os.getpid()]
    finally:
        place.close()


def test_a_process_that_dies_spoils_one_call_only() -> None:
    place = execution("processes:1")
    try:
        with pytest.raises(BrokenProcessPool):
            place.map(dying, [1])
        assert place.map(squared, [4]) == [16]
    finally:
        place.close()


@pytest.mark.parametrize("url", ["", "processes:", "processes:0", "processes:two", "threads:2"])
def test_a_url_that_names_no_adapter_is_refused(url: str) -> None:
    with pytest.raises(BadSetting, match="execution_url"):
        execution(url)
