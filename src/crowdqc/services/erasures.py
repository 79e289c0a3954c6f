"""Erasing somebody: his name, his access and his words go; his answers stay, and so does every release."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from crowdqc.errors import Conflict, Invalid
from crowdqc.records import erasures, people
from crowdqc.records.erasures import Erasure
from crowdqc.records.people import HERE, Person, Worker
from crowdqc.records.uploads import UploadState
from crowdqc.roles import Actor
from crowdqc.services import reach
from crowdqc.services.transaction import Transaction

LONGEST_REASON = 5000
#: How the crowds of uploaded answers are called (see `services.answers`), before the key of their requester.
CROWD = "uploads of "


class LastAdmin(Conflict):
    """This is the last admin who can sign in."""

    usual_mend = "Make somebody else an admin first."


class StillRead(Conflict):
    """A file of answers that may name him is still being read."""

    usual_mend = "Wait until it is read, then erase him."


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done, and what is still to do outside of the transaction."""

    erasure: Erasure
    #: What stands where his name stood.
    name: str
    #: Stored files that may name him: all is read, and they go when the transaction has committed.
    files: Sequence[str]
    #: Payouts whose files say to whom was paid: they are books of account and stay as they are.
    payouts: int


def erase_person(tx: Transaction, actor: Actor, uid: uuid.UUID, *, reason: str) -> Erased:
    """Erase somebody who can sign in, and the worker that he is."""
    _said(reason)
    people.lock_everybody(tx.session)
    person = people.by_uid(tx.session, uid)
    if person is None:
        raise reach.NoSuchWorker("There is no such person.", person=str(uid))
    return _erase(tx, actor, person, people.worker_of(tx.session, person.id), reason)


def erase_worker(tx: Transaction, actor: Actor, uid: uuid.UUID, *, reason: str) -> Erased:
    """Erase a worker: one of our people, or a name in the uploads of a requester."""
    _said(reason)
    people.lock_everybody(tx.session)
    worker = reach.known_worker(tx, uid)
    person = None if worker.person_id is None else people.by_id(tx.session, worker.person_id)
    return _erase(tx, actor, person, worker, reason)


def page(tx: Transaction, *, limit: int) -> Sequence[tuple[Erasure, str]]:
    """Give what was erased, the newest first, each with the name of whoever did it."""
    return erasures.page(tx.session, limit=limit)


def _erase(tx: Transaction, actor: Actor, person: Person | None, worker: Worker | None, reason: str) -> Erased:
    before = _before(tx, person, worker)
    if before is not None:
        return Erased(before, _nobody(person, worker), (), _payouts(tx, worker))
    files: list[str] = []
    name = _nobody(person, worker)
    if worker is not None:
        files = _files(tx, worker)
        erasures.forget_faults(tx.session, worker)
        erasures.forget_words(tx.session, worker.id)
        worker.name, worker.languages = name, []
        # From another key comes another pseudonym: what is in old releases leads to nobody.
        worker.pseudonym_key = people.new_pseudonym_key()
    if person is not None:
        person.name, person.password_hash, person.roles, person.active = name, None, [], False
        erasures.forget_access(tx.session, person.id)
    tx.session.flush()
    if people.active_admins(tx.session) == 0:
        raise LastAdmin()
    made = Erasure(
        worker_id=None if worker is None else worker.id,
        person_id=None if person is None else person.id,
        reason=reason,
        made_by=actor.id,
        made_at=tx.now,
    )
    tx.session.add(made)
    tx.session.flush()
    return Erased(made, name, files, _payouts(tx, worker))


def _files(tx: Transaction, worker: Worker) -> list[str]:
    """Give the stored files that may name a worker of another crowd: all files of answers of its requester."""
    if worker.crowd == HERE:
        return []
    naming = erasures.answer_uploads(tx.session, int(worker.crowd.removeprefix(CROWD)))
    if any(each.state in (UploadState.WAITING, UploadState.READING) for each in naming):
        raise StillRead()
    return [each.storage_key for each in naming]


def _before(tx: Transaction, person: Person | None, worker: Worker | None) -> Erasure | None:
    """Give the erasure that was made already: who asks again is told the same."""
    if worker is not None and (found := erasures.of_worker(tx.session, worker.id)) is not None:
        return found
    return None if person is None else erasures.of_person(tx.session, person.id)


def _nobody(person: Person | None, worker: Worker | None) -> str:
    """Give the name of nobody: it says of which row, and nothing of whom."""
    whose = worker if worker is not None else person
    assert whose is not None
    return f"erased-{whose.uid.hex[-12:]}"


def _payouts(tx: Transaction, worker: Worker | None) -> int:
    return 0 if worker is None else erasures.payouts_to(tx.session, worker.id)


def _said(reason: str) -> None:
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Invalid(
            "An erasure has a reason.",
            mend=f"Say why in 1 to {LONGEST_REASON} characters, without his name.",
            errors=[{"where": "reason", "what": "it is blank or too long"}],
        )
