"""Handwritten digits: real images; weak classifiers stand in for workers, a good one predicts out of fold.

Nobody paid a crowd to read these images, so no crowd is invented: the workers are small classifiers, each taught
a few dozen other images. Their mistakes are real mistakes on real images, and their names say what they are.
"""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.demo.steps import aggregate, bring, rows
from crowdqc.assembly import Installation
from crowdqc.errors import Invalid
from crowdqc.roles import Actor
from crowdqc.services import projects
from crowdqc.services.projects import ProjectState
from crowdqc.services.uploads import UploadKind

NAME = "Handwritten digits"

#: Images that are asked about, those of them with hidden gold, and those that are left open.
ASKED, GOLD, OPEN = 240, 20, 40
#: How many answers an item is to have, and how many an item that is left open has.
OVERLAP, GIVEN_OPEN = 5, 3


class NoScikitLearn(Invalid):
    """The demo needs scikit-learn."""


def load(place: Installation, requester: Actor) -> None:
    """Bring images, answers of the stand-ins and predictions in; leave some items open for people."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise NoScikitLearn(mend="Install it: pip install 'crowdqc[demo]'.") from None
    found = load_digits()
    images: NDArray[np.float64] = found.data
    truth: NDArray[np.int64] = found.target
    order = np.random.default_rng(1979).permutation(len(truth))
    asked, rest = order[:ASKED], order[ASKED:]
    with place.transaction() as tx:
        project = projects.create(
            tx,
            requester,
            name=NAME,
            question="Which digit is this?",
            classes=[str(digit) for digit in range(10)],
            guidelines=(
                "Choose the digit that the writer meant, not the one that it happens to look like.\n\n"
                "The images are the optical digits of E. Alpaydin and C. Kaynak (1998), as scikit-learn ships "
                "them. Workers named weak-... are small classifiers that were taught a few dozen other images: "
                "they stand in for people here."
            ),
            plan={"overlap": OVERLAP, "max_overlap": OVERLAP + 2},
        )
        projects.set_state(tx, requester, project.uid, ProjectState.OPEN)
    items: list[dict[str, Any]] = []
    for number, index in enumerate(asked.tolist()):
        item: dict[str, Any] = {"item": f"digit {index}", "image": _png(images[index])}
        if number < GOLD:
            item["gold"] = str(truth[index])
        items.append(item)
    bring(place, requester, project.uid, UploadKind.ITEMS, rows(items), "digits.jsonl")
    answers = [
        {"worker": worker, "item": f"digit {asked[number]}", "label": str(label)}
        for place_of, (worker, labels) in enumerate(_stand_ins(images, truth, asked, rest).items())
        for number, label in enumerate(labels.tolist())
        # Each open item lacks the answers of other stand-ins, so that all of them have some.
        if number < ASKED - OPEN or (place_of + number) % OVERLAP < GIVEN_OPEN
    ]
    bring(place, requester, project.uid, UploadKind.ANSWERS, rows(answers), "answers.jsonl")
    said = [
        {"item": f"digit {index}", "probabilities": row.tolist()}
        for index, row in zip(asked.tolist(), _predicted(images, truth)[asked], strict=True)
    ]
    bring(
        place, requester, project.uid, UploadKind.PREDICTIONS, rows(said), "predictions.jsonl",
        model="logistic regression", version="1",
    )  # fmt: skip
    aggregate(place, requester, project.uid)


def _stand_ins(
    images: NDArray[np.float64], truth: NDArray[np.int64], asked: NDArray[np.int64], rest: NDArray[np.int64]
) -> dict[str, NDArray[np.int64]]:
    """Give what each stand-in says of the images asked about, having seen other ones only."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    taught = {
        "weak-neighbours": (KNeighborsClassifier(n_neighbors=1), 60),
        "weak-vectors": (SVC(kernel="linear"), 40),
        "weak-bayes": (GaussianNB(var_smoothing=0.1), 50),
        "weak-tree": (DecisionTreeClassifier(random_state=0), 150),
        "weak-logistic": (LogisticRegression(max_iter=2000), 50),
    }
    said: dict[str, NDArray[np.int64]] = {}
    start = 0
    for name, (classifier, lessons) in taught.items():
        seen = rest[start : start + lessons]
        start += lessons
        said[name] = classifier.fit(images[seen], truth[seen]).predict(images[asked])
    return said


def _predicted(images: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give a good classifier's probabilities of every image, from folds in which it did not see it."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    probabilities: NDArray[np.float64] = cross_val_predict(classifier, images, truth, cv=5, method="predict_proba")
    return probabilities


def _png(image: NDArray[np.float64]) -> str:
    """Write an 8 x 8 image with values from 0 to 16 as a PNG, dark on light, in an address of its own."""
    levels = (255 - np.clip(image.reshape(8, 8) * 255 / 16, 0, 255)).astype(np.uint8)
    lines = b"".join(b"\0" + bytes(line) for line in levels)

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(lines)) + part(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(png).decode()
