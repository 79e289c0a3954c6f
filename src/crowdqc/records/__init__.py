"""What we keep: one table a room, and all SQL about it; no function here commits.

Rows are locked with `key_share=True` (FOR NO KEY UPDATE): whoever writes a row that points at one, a score at an
item or an answer at a project, need not wait for whoever changes it, and so they do not wait in a circle.
"""

from crowdqc.records.acceptances import Acceptance
from crowdqc.records.answers import Answer
from crowdqc.records.assignments import Assignment, Report
from crowdqc.records.attempts import Attempt, Response
from crowdqc.records.base import Base
from crowdqc.records.courses import Course, Exercise
from crowdqc.records.desks import Desk
from crowdqc.records.embeddings import Embedding
from crowdqc.records.erasures import Erasure
from crowdqc.records.firings import Appeal, Firing, FiringEvidence
from crowdqc.records.golds import GoldScore
from crowdqc.records.items import Item
from crowdqc.records.jobs import Job
from crowdqc.records.ledger import Payout, Transfer
from crowdqc.records.people import Person, SignIn, Token, Worker
from crowdqc.records.predictions import Model, Prediction
from crowdqc.records.projects import Guideline, Project
from crowdqc.records.purses import Purse
from crowdqc.records.releases import Certificate, Release
from crowdqc.records.reservations import Reservation
from crowdqc.records.restrictions import Restriction, WorkerWeight
from crowdqc.records.reviews import Review, ReviewEvent
from crowdqc.records.rounds import Round, RoundItem
from crowdqc.records.rules import Rule, RuleVersion
from crowdqc.records.runs import Run
from crowdqc.records.scores import ItemScore, WorkerScore
from crowdqc.records.skills import Skill
from crowdqc.records.truths import GoldPlace, Truth
from crowdqc.records.uploads import Upload, UploadFault

__all__ = [
    "Acceptance",
    "Answer",
    "Appeal",
    "Assignment",
    "Attempt",
    "Base",
    "Certificate",
    "Course",
    "Desk",
    "Embedding",
    "Erasure",
    "Exercise",
    "Firing",
    "FiringEvidence",
    "GoldPlace",
    "GoldScore",
    "Guideline",
    "Item",
    "ItemScore",
    "Job",
    "Model",
    "Payout",
    "Person",
    "Prediction",
    "Project",
    "Purse",
    "Release",
    "Report",
    "Reservation",
    "Response",
    "Restriction",
    "Review",
    "ReviewEvent",
    "Round",
    "RoundItem",
    "Rule",
    "RuleVersion",
    "Run",
    "SignIn",
    "Skill",
    "Token",
    "Transfer",
    "Truth",
    "Upload",
    "UploadFault",
    "Worker",
    "WorkerScore",
    "WorkerWeight",
]
