"""A round on its pages, over plain HTTP as without scripts: begun, given a model, looked at, ended, certified."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.api.v1 import PREFIX
from app.factory import create_app
from app.pages import rounds as pages
from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.quality.certificates import Certificate, verify
from crowdqc.quality.sampling.registry import SAMPLERS
from crowdqc.roles import Role
from tests.app.doors import Entrance
from tests.ground.clock import Clock

CLASSES = ["cat", "dog", "big cat"]
GUIDELINES = "Look twice.\nA dog barks; a cat does not.\nA big cat roars."
#: Items whose label is wrong, and what they are.
WRONG = {"i4": "dog", "i14": "big cat"}
ITEMS = 60


class Place:
    """A requester and a QA lead in browsers, an expert over the API, and a project with labels and a model."""

    def __init__(self, installation: Installation, clock: Clock) -> None:
        self.installation, self.clock = installation, clock
        self.entrance = Entrance(create_app(installation), installation)
        self.owner, self.token = self.entrance.browser(Role.REQUESTER)
        self.lead, _ = self.entrance.browser(Role.QA_LEAD)
        self.expert = self.entrance.door(Role.EXPERT)
        self.project = str(self.api("POST", "/projects", json={
            "name": "Pets", "question": "Which?", "classes": CLASSES, "guidelines": GUIDELINES,
            "plan": {"overlap": 1, "gold_share": 0, "review": []},
        }).json["id"])  # fmt: skip
        self.bring("batches", "item,text\n" + "".join(f"i{n},picture {n}\n" for n in range(ITEMS)))
        self.bring("answers", "worker,item,label\n" + "".join(f"w,i{n},{label(n)}\n" for n in range(ITEMS)))

    def api(self, method: str, path: str, **request: Any) -> Any:
        """Call the API from the requester's browser."""
        told = {"X-CSRF-Token": self.token, "Origin": "http://localhost"}
        response = self.owner.open(PREFIX + path, method=method, headers=told, **request)
        assert response.status_code < 300, response.text
        return response

    def bring(self, kind: str, rows: str, **told: str) -> None:
        self.api(
            "POST",
            f"/projects/{self.project}/{kind}",
            data=rows,
            content_type="text/csv",
            query_string={"filename": "rows.csv", **told},
        )
        self.settle()

    def settle(self) -> None:
        """Have all jobs done, those as well that are due in a while."""
        while jobs.perform_due(self.installation):
            self.clock.advance(60)
        self.clock.advance(60)
        jobs.perform_due(self.installation)

    def send(self, path: str, **form: object) -> TestResponse:
        return self.owner.post(path, data={"csrf": self.token, **form})

    def predict(self, name: str, fold: str) -> str:
        """Upload what a model says, which sees the truth of every item; give its identity."""
        rows = ["item,p:cat,p:dog,p:big cat"]
        for n in range(ITEMS):
            truth = WRONG.get(f"i{n}", label(n))
            sure = 0.9 - 0.005 * n
            rows.append(f"i{n}," + ",".join(str(sure if c == truth else (1 - sure) / 2) for c in CLASSES))
        self.bring("predictions", "\n".join(rows), model=name, version="1", fold=fold)
        models = self.api("GET", f"/projects/{self.project}/models").json["data"]
        return str(next(each["id"] for each in models if each["name"] == name))

    def review(self) -> int:
        """Decide all that is asked, as the pictures are."""
        number = 0
        while (found := self.expert.post("/reviews/next", project=self.project)["review"]) is not None:
            key = found["item"]
            truth = WRONG.get(key, label(int(key[1:])))
            self.expert.post(f"/reviews/{found['id']}/decision", verdict="correct", label=truth)
            number += 1
        return number


def label(n: int) -> str:
    return CLASSES[n % 2]


@pytest.fixture
def place(installation: Installation, clock: Clock) -> Place:
    return Place(installation, clock)


def seen(client: FlaskClient, path: str) -> str:
    """Give a page's words, as one line."""
    response = client.get(path)
    assert response.status_code == 200, response.text
    assert " style=" not in response.text
    apart = re.sub(r"</(td|th|dt|dd|li|p|h\d)>", " ", response.text)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", apart)).replace("&#39;", "'")


def test_a_round_on_its_pages(place: Place) -> None:
    listing = f"/projects/{place.project}/rounds"
    plan = {"size": "20", "random": "20", "top": "5", "obvious": "0", "target": "30", "level": "90"}
    assert "None." in seen(place.owner, listing)
    made = place.send(listing, **plan, **{"ways": "low_confidence", "share:low_confidence": "0.5"})
    assert made.status_code == 303, made.text
    address = made.location.split("?")[0]
    assert "The labels are being frozen as release 1" in seen(place.owner, address)
    place.settle()
    told = seen(place.owner, address)
    assert "Stop when none of the 5 most confident mistakes is an obvious error, and at most 30%" in told
    assert "labels.csv, 60 items" in told
    assert "Round 1 is not over" in seen(place.owner, listing)

    sample, model = place.predict("sample", "in_sample"), place.predict("net", "out_of_fold")
    shown = place.owner.get(address).text
    assert re.search(f'value="{sample}" disabled', shown)
    assert not re.search(f'value="{model}" disabled', shown)
    assert "trained on these very labels: it hides their mistakes" in shown
    # Whoever sends it all the same is told, and the round stays where it is.
    refused = place.send(f"{address}/models", student=sample)
    assert refused.status_code == 422
    assert "out of fold" in refused.text
    assert place.send(f"{address}/models", student="").status_code == 422
    assert place.send(f"{address}/models", student=model).status_code == 303
    assert "The items are being chosen" in seen(place.owner, address)
    place.settle()
    told = seen(place.owner, address)
    assert "0 of 20 items looked at" in told
    assert f"/reviews?project={place.project}" in place.owner.get(address).text
    assert "most confident mistakes:" not in told  # no reason before the decision
    assert "Nothing is promised yet" in told

    assert place.review() == 20
    told = seen(place.owner, address)
    assert "20 of 20 items looked at" in told
    assert "All items have been looked at. End the round" in told
    live = place.api("GET", address).json
    assert live["seed"] is live["result"]["certificate"]["seed"] is None
    assert place.send(f"{address}/end").status_code == 422
    assert "Tick that you mean it" in place.send(f"{address}/end").text
    assert place.send(f"{address}/end", sure="1").status_code == 303
    place.settle()
    told = seen(place.owner, address)
    whole = place.api("GET", f"{address}").json
    assert whole["seed"] == whole["result"]["certificate"]["seed"] is not None
    promised = Certificate.of(whole["result"]["certificate"])
    assert promised.words() in told
    assert ("Stop." if whole["result"]["verdict"]["stop"] else "Go on.") in told
    assert "cat dog" in told
    assert whole["result"]["wrong"] == 2
    assert "release 2; see what changed since release 1" in told
    assert "drawn by chance" in told
    assert "Finish" not in told
    again = seen(place.owner, listing)
    assert "Begin a round" in again
    assert "Round 1 ended" in again

    # Decisions are truths now, and the model's page says how they came about.
    told = seen(place.owner, f"/models/{model}")
    assert "Beside known truth 20 of these truths are decisions of experts" in told

    release = whole["end_release"]
    shown = place.owner.get(f"/releases/{release}").text
    told = seen(place.owner, f"/releases/{release}")
    body = json.loads(re.search(r"<pre>(\{.*?\})</pre>", shown, re.DOTALL)[1].replace("&#34;", '"'))  # type: ignore[index]
    assert told.index("How right it is") < told.index("What is in it")
    assert f"At least {100 * body['right_at_least_here']:.0f}" in told
    assert "The audit was of release 1. Since then no label moved" in told
    # As it stands on the page, `crowdqc certificate --verify` takes it.
    assert verify(Certificate.of(body)).words() == body["words"]
    assert "1 label changed" not in told
    assert "2 labels changed" in seen(place.owner, f"/releases/{release}?since={whole['release']}")


def test_who_only_looks_changes_nothing(place: Place) -> None:
    listing = f"/projects/{place.project}/rounds"
    assert "Begin a round" not in seen(place.lead, listing)
    address = place.send(listing, size="20", top="5").location.split("?")[0]
    place.settle()
    told = seen(place.lead, address)
    assert "What to do next" in told
    assert "Choose the models" not in told
    assert "Abandon" not in told
    assert place.send(f"{address}/abandon", sure="1").status_code == 303
    assert "What was decided stays decided." in seen(place.owner, address)


def test_a_plan_with_faults_is_shown_with_them(place: Place) -> None:
    listing = f"/projects/{place.project}/rounds"
    for form, words in (
        ({"size": "50"}, "of 50 items 42 are for them"),
        ({"size": "many"}, "is not a whole number"),
        ({"random": "60"}, "Draw 10 to 25 percent by chance"),
        ({"target": "0"}, "does not lie between 0 and 1"),
        ({"ways": "magic"}, "Choose among the ways that are offered"),
        ({"more": '{"colour": 1}'}, "is none of size"),
        ({"more": '{"parts": 1}'}, "must be a list of samplers"),
        ({"ways": "known_errors", "share:known_errors": "-1"}, "share"),
    ):
        refused = place.send(listing, **form)
        assert refused.status_code == 422, form
        assert words in refused.text.replace("&#39;", "'"), form
    assert place.api("GET", listing).json["data"] == []


def test_all_ways_of_choosing_are_offered() -> None:
    """But for chance, which has a share of its own, and the confident mistakes, which are always there."""
    assert {*pages.WAYS} == {*SAMPLERS} - {"uniform", "suspected_errors"}


def test_how_far_a_model_can_be_trusted(place: Place) -> None:
    model, sample = place.predict("net", "out_of_fold"), place.predict("sample", "in_sample")
    listed = seen(place.owner, f"/projects/{place.project}/models")
    assert "no round takes it" in listed
    told = place.api("GET", f"/models/{model}/health").json
    (beside,) = told["beside"]
    assert (beside["what"], beside["items"], beside["right"]) == ("consensus", ITEMS, ITEMS - len(WRONG))
    assert told["warnings"] == []
    assert sum(each["items"] for each in beside["bins"]) == ITEMS
    said = {(each["label"], each["said"]): each["guideline"] for each in beside["pairs"]}
    assert said == {("cat", "dog"): "A dog barks; a cat does not.", ("cat", "big cat"): ""}
    shown = seen(place.lead, f"/models/{model}")
    assert "no line names both" in shown
    assert "A dog barks; a cat does not." in shown
    assert "Beside the consensus" in shown
    assert "The predictions are in-sample" in seen(place.owner, f"/models/{sample}")
    stranger, _ = place.entrance.browser(Role.REQUESTER)
    assert stranger.get(f"/models/{model}").status_code == 404
