"""Where a stronger model that runs offline says something else than the deployed one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from crowdqc.quality.arrays import Floats
from crowdqc.quality.parameters import check_choice
from crowdqc.quality.sampling.chunks import LEAST, chunks
from crowdqc.quality.sampling.pool import Pool
from crowdqc.quality.sampling.ranking import Ranking, ranked

Measure = Literal["margin", "divergence"]


@dataclass(frozen=True, slots=True)
class TeacherDisagreement:
    """The items first on which the teacher is sure of a class that is not the student's.

    Parameters
    ----------
    measure
        "margin": the teacher's probability of its class less that of the student's, 0 to 1; items on which both
        name one class are left out. "divergence": Kullback-Leibler divergence of the student from the teacher in
        nats, of all items; finds as well where the student is right without being sure. Probabilities below 1e-6
        count as 1e-6 in it.

    References
    ----------
    G. Hinton, O. Vinyals, J. Dean (2015), Distilling the knowledge in a neural network: the divergence that a
    student is trained to make small.

    Examples
    --------
    >>> pool = Pool.of(
    ...     3,
    ...     classes=["cat", "dog"],
    ...     student=[[0.6, 0.4], [0.8, 0.2], [0.9, 0.1]],
    ...     teacher=[[0.4, 0.6], [0.1, 0.9], [0.7, 0.3]],
    ... )
    >>> ranking = TeacherDisagreement().rank(pool, np.random.default_rng(0))
    >>> ranking.item.tolist(), ranking.score.round(2).tolist(), ranking.why(1)
    ([1, 0], [0.8, 0.2], 'the teacher says dog (0.90), the model cat (0.80)')
    """

    measure: Measure = "margin"

    def __post_init__(self) -> None:
        check_choice(self, "measure", get_args(Measure))

    def rank(self, pool: Pool, rng: np.random.Generator) -> Ranking:
        pool.need("teacher_disagreement", "student", "teacher")
        student, teacher = pool.student, pool.teacher
        assert student is not None
        assert teacher is not None
        row = np.full(pool.n_items, -1, dtype=np.int64)
        row[student.item] = np.arange(student.item.size)
        score = np.full(pool.n_items, np.nan)
        for rows in chunks(teacher):
            item = teacher.item[rows]
            both = row[item] >= 0
            score[item[both]] = self.apart(
                teacher.probabilities[rows][both].astype(np.float64),
                student.probabilities[row[item[both]]].astype(np.float64),
            )

        def why(item: int) -> str:
            of_teacher = teacher.probabilities[teacher.item == item][0]
            of_student = student.probabilities[row[item]]
            taught, said = int(of_teacher.argmax()), int(of_student.argmax())
            return (
                f"the teacher says {pool.class_name(taught)} ({of_teacher[taught]:.2f}), "
                f"the model {pool.class_name(said)} ({of_student[said]:.2f})"
            )

        return ranked(pool, score, rng, why)

    def apart(self, teacher: Floats, student: Floats) -> Floats:
        """Measure how far the student is from the teacher, row by row: float64[m], NaN where it is left out."""
        if self.measure == "divergence":
            p, q = np.maximum(teacher, LEAST), np.maximum(student, LEAST)
            p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
            return np.asarray(np.maximum(np.einsum("ij,ij->i", p, np.log(p / q)), 0.0))
        rows = np.arange(len(teacher))
        said = student.argmax(axis=1)
        taught = teacher.argmax(axis=1)
        return np.asarray(np.where(said == taught, np.nan, teacher[rows, taught] - teacher[rows, said]))
