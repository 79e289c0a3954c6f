"""The loop of rounds on scikit-learn's digits with flipped labels: a real classifier, trained anew each time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

CLASSES = [str(digit) for digit in range(10)]


@dataclass
class Digits:
    """Images, what they show, and the labels that are uploaded, of which some are flipped."""

    pixels: np.ndarray
    truth: np.ndarray
    label: np.ndarray

    @classmethod
    def flipped(cls, share: float, seed: int) -> Digits:
        """Flip a share of the labels to another class each."""
        from sklearn.datasets import load_digits

        found = load_digits()
        rng = np.random.default_rng(seed)
        wrong = rng.choice(found.target.size, round(share * found.target.size), replace=False)
        label = found.target.copy()
        label[wrong] = (label[wrong] + rng.integers(1, 10, wrong.size)) % 10
        return cls(found.data / 16, found.target, label)

    @property
    def flips(self) -> set[str]:
        return {f"d{place}" for place in np.flatnonzero(self.label != self.truth)}

    def items(self) -> str:
        return "item,text\n" + "".join(f"d{place},digit {place}\n" for place in range(self.label.size))

    def answers(self) -> str:
        rows = (f"before,d{place},{CLASSES[label]}\n" for place, label in enumerate(self.label.tolist()))
        return "worker,item,label\n" + "".join(rows)

    def predictions(self, labels: dict[str, str], seed: int) -> str:
        """Train on labels in five folds, and say of each item what the model says that did not see it."""
        from sklearn.model_selection import StratifiedKFold, cross_val_predict
        from sklearn.svm import SVC

        target = np.array([int(labels[f"d{place}"]) for place in range(self.truth.size)])
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        model = SVC(gamma=0.5, probability=True, random_state=seed)
        table = cross_val_predict(model, self.pixels, target, cv=folds, method="predict_proba")
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["item", *(f"p:{name}" for name in CLASSES)])
        writer.writerows([f"d{place}", *row] for place, row in enumerate(table.tolist()))
        return out.getvalue()


@dataclass
class Told:
    """What the rounds came to."""

    reviews: int = 0
    found: set[str] = field(default_factory=set)
    rounds: list[dict[str, Any]] = field(default_factory=list)


def run(
    owner: Any, expert: Any, settle: Callable[[], None], digits: Digits, *, rounds: int, plan: dict[str, Any]
) -> Told:
    """Drive rounds through the API as a requester and an expert who knows what the images show."""
    made = owner.post(
        "/projects", name="digits", question="Which digit?", classes=CLASSES,
        # Nothing but the rounds sends anything to review.
        plan={"overlap": 1, "gold_share": 0, "review": []},
    )  # fmt: skip
    project = made["id"]
    owner.bring(project, "batches", digits.items(), filename="items.csv")
    settle()
    owner.bring(project, "answers", digits.answers(), filename="answers.csv")
    settle()
    told = Told()
    for number in range(1, rounds + 1):
        begun = owner.post(f"/projects/{project}/rounds", **plan)
        settle()
        whole = owner.get(f"/rounds/{begun['id']}")
        labels = owner("GET", f"/releases/{whole['release']}/files/labels.csv").get_data(as_text=True)
        now = {row["item"]: row["label"] for row in csv.DictReader(io.StringIO(labels))}
        said = digits.predictions(now, number)
        owner.bring(project, "predictions", said, model="svm", version=str(number), fold="out_of_fold")
        settle()
        owner.put(f"/rounds/{begun['id']}/models", student={"name": "svm", "version": str(number)})
        settle()
        _review(expert, project, digits, told)
        told.rounds.append(owner.post(f"/rounds/{begun['id']}/end"))
        settle()
    return told


def _review(expert: Any, project: str, digits: Digits, told: Told) -> None:
    """Decide all that is asked, as the images are."""
    while (review := expert.post("/reviews/next", project=project)["review"]) is not None:
        key = review["item"]
        truth = CLASSES[digits.truth[int(key[1:])]]
        expert.post(f"/reviews/{review['id']}/decision", verdict="correct", label=truth)
        told.reviews += 1
        if key in digits.flips:
            told.found.add(key)
