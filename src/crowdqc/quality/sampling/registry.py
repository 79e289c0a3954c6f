"""The list of samplers: made of a name and parameters, and written as such."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import TypeVar

from crowdqc.errors import Invalid
from crowdqc.quality.sampling.ensemble import EnsembleDisagreement
from crowdqc.quality.sampling.inconsistency import Inconsistency
from crowdqc.quality.sampling.instability import Instability
from crowdqc.quality.sampling.known_errors import KnownErrors
from crowdqc.quality.sampling.low_confidence import LowConfidence
from crowdqc.quality.sampling.near_duplicates import NearDuplicates
from crowdqc.quality.sampling.outliers import Outliers
from crowdqc.quality.sampling.ranking import Sampler
from crowdqc.quality.sampling.search import Search
from crowdqc.quality.sampling.stratified import Stratified
from crowdqc.quality.sampling.suspected import SuspectedErrors
from crowdqc.quality.sampling.teacher import TeacherDisagreement
from crowdqc.quality.sampling.uniform import Uniform

Made = TypeVar("Made")


class InvalidSampler(Invalid):
    """There is no such way of choosing, or it has no such parameter."""


#: The nine ways, by the names under which they are stored; `outliers` and `near_duplicates` are kin of
#: `known_errors`.
SAMPLERS: Mapping[str, Callable[..., Sampler]] = {
    "uniform": Uniform,
    "stratified": Stratified,
    "low_confidence": LowConfidence,
    "ensemble_disagreement": EnsembleDisagreement,
    "instability": Instability,
    "inconsistency": Inconsistency,
    "teacher_disagreement": TeacherDisagreement,
    "known_errors": KnownErrors,
    "outliers": Outliers,
    "near_duplicates": NearDuplicates,
    "search": Search,
    "suspected_errors": SuspectedErrors,
}


def sampler(name: str, parameters: Mapping[str, object] | None = None, /, **more: object) -> Sampler:
    """Make the sampler of that name with these parameters, given as a mapping or by their names.

    Raises
    ------
    InvalidSampler
        No such sampler, or no such parameter: the message lists those that there are.
    InvalidParameter
        A parameter is out of its range.

    Examples
    --------
    >>> sampler("low_confidence", {"measure": "entropy"})
    LowConfidence(measure='entropy')
    """
    return named("sampler", SAMPLERS, name, {**(parameters or {}), **more})


def named(kind: str, those: Mapping[str, Callable[..., Made]], name: str, given: Mapping[str, object]) -> Made:
    """Make what a list has under a name; `kind` says what the list holds.

    Raises
    ------
    InvalidSampler
        Nothing of that name, or no such parameter.
    """
    if name not in those:
        raise InvalidSampler(f"There is no {kind} {name!r}. There are: {', '.join(those)}.", name=name)
    chosen = those[name]
    names = [field.name for field in fields(chosen)]  # type: ignore[arg-type]
    unknown = [key for key in given if key not in names]
    if unknown:
        raise InvalidSampler(
            f"{name} has no parameter {unknown[0]!r}. Parameters: {', '.join(names) or 'none'}.",
            errors=[{"where": f"parameters.{key}", "what": "not a parameter of this one"} for key in unknown],
        )
    return chosen(**given)


def written(chosen: Sampler) -> dict[str, object]:
    """Write a sampler as JSON can hold it: `sampler(found["sampler"], found["parameters"])` makes it again.

    >>> written(Stratified(by=("weather", "hour")))
    {'sampler': 'stratified', 'parameters': {'by': ['weather', 'hour'], 'shares': 'equal'}}
    """
    name = next((name for name, made in SAMPLERS.items() if type(chosen) is made), None)
    if name is None:
        raise InvalidSampler(f"{type(chosen).__name__} is not among the samplers: {', '.join(SAMPLERS)}.")
    parameters = asdict(chosen)  # type: ignore[call-overload]
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in parameters.items()}
    return {"sampler": name, "parameters": plain}
