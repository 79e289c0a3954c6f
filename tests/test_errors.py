"""What an error says, to people and to machines."""

from __future__ import annotations

import pytest

from crowdqc.errors import Conflict, CrowdqcError, Invalid, Missing, Refused


class Tired(Invalid):
    """The worker is tired."""

    usual_mend = "Rest."


@pytest.mark.parametrize("kind", [Missing, Refused, Conflict, Invalid])
def test_words_that_fit_everything_are_for_documents_alone(kind: type[CrowdqcError]) -> None:
    error = kind("The cat is away.")
    assert str(error) == "The cat is away."
    assert error.own_mend is None
    assert error.mend


def test_a_mend_of_its_own_is_shown() -> None:
    assert str(Tired()) == "The worker is tired. Rest."
    assert str(Tired("Ann is tired.", mend="Ask Bob.")) == "Ann is tired. Ask Bob."
    assert Tired().mend == Tired().own_mend == "Rest."
