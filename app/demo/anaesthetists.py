"""The first data that Dawid and Skene's method was tried on: five anaesthetists judge 45 patients (1979)."""

from __future__ import annotations

from app.demo.steps import aggregate, bring, rows
from crowdqc.assembly import Installation
from crowdqc.quality.examples import anaesthetists
from crowdqc.roles import Actor
from crowdqc.services import projects
from crowdqc.services.projects import ProjectState
from crowdqc.services.uploads import UploadKind

NAME = "Anaesthetists 1979"


def load(place: Installation, requester: Actor) -> None:
    """Bring the 45 patients and their 315 answers in.

    The first anaesthetist judged each patient three times. A worker answers an item once, so each of his rounds
    is a worker of its own here.
    """
    table = anaesthetists()
    with place.transaction() as tx:
        project = projects.create(
            tx,
            requester,
            name=NAME,
            question="How fit is this patient for a general anaesthetic?",
            classes=["1", "2", "3", "4"],
            guidelines=(
                "From 1 (fit) to 4 (at risk).\n\nThe answers are those of A. P. Dawid and A. M. Skene, Maximum "
                "Likelihood Estimation of Observer Error-Rates Using the EM Algorithm, Applied Statistics 28 "
                "(1979), table 1. The case notes that the anaesthetists read were not published."
            ),
            plan={"overlap": 7},
        )
        projects.set_state(tx, requester, project.uid, ProjectState.OPEN)
    patients = sorted({patient for patient, *_ in table})
    content = [
        {"item": f"patient {number}", "text": f"Patient {number} of {len(patients)}"} for number in patients
    ]
    bring(place, requester, project.uid, UploadKind.ITEMS, rows(content), "patients.jsonl")
    answers = [
        {
            "worker": f"anaesthetist {observer}" + (f", round {number}" if observer == 1 else ""),
            "item": f"patient {patient}",
            "label": str(label),
        }
        for patient, observer, number, label in table
    ]
    bring(place, requester, project.uid, UploadKind.ANSWERS, rows(answers), "answers.jsonl")
    aggregate(place, requester, project.uid)
