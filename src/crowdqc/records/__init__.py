"""What we keep: one table a room, and all SQL about it; no function here commits.

Rows are locked with `key_share=True` (FOR NO KEY UPDATE): whoever writes a row that points at one, a score at an
item or an answer at a project, need not wait for whoever changes it, and so they do not wait in a circle.
"""

from crowdqc.records.acceptances import Acceptance
from crowdqc.records.answers import Answer
from crowdqc.records.assignments import Assignment, Desk, Report
from crowdqc.records.base import Base
from crowdqc.records.items import Item
from crowdqc.records.jobs import Job
from crowdqc.records.ledger import Payout, Transfer
from crowdqc.records.people import Person, SignIn, Token, Worker
from crowdqc.records.predictions import Model, Prediction
from crowdqc.records.projects import Guideline, Project
from crowdqc.records.purses import Purse
from crowdqc.records.reviews import Review, ReviewEvent
from crowdqc.records.runs import Run
from crowdqc.records.scores import ItemScore, WorkerScore
from crowdqc.records.uploads import Upload, UploadFault

__all__ = [
    "Acceptance",
    "Answer",
    "Assignment",
    "Base",
    "Desk",
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
    "Report",
    "Review",
    "ReviewEvent",
    "Run",
    "SignIn",
    "Token",
    "Transfer",
    "Upload",
    "UploadFault",
    "Worker",
    "WorkerScore",
]
