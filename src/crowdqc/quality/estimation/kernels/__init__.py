"""The two products of an iteration, in two forms with equal results: by scipy, and compiled where numba is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Literal, Protocol

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.pairs import Pairs

#: "auto": compiled where that is loaded, or worth loading; "size": the same whatever else this process did.
Engine = Literal["auto", "size", "scipy", "compiled"]

#: Answers whose fits take about as long as loading the compiler does. A process loads it once it has fitted so
#: many: whatever comes, it then never spends more than twice what would have been best.
MANY = 1_500_000

_engine: ContextVar[Engine] = ContextVar("engine", default="auto")
_fitted = 0


class NoEngine(Invalid):
    """The compiled form needs numba."""

    usual_mend = "Install it with: pip install 'crowdqc[fast]'."


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What an expectation step gives.

    Attributes
    ----------
    posterior
        float64[n_items, S], for S states of an item: its classes, or finer ones.
    counts
        float64[pairs, S], expected answers of each pair to items of each state.
    evidence
        Log probability of all answers, in nats.
    moved
        Sum over items and classes of the change of the posterior.
    """

    posterior: Floats
    counts: Floats
    evidence: float
    moved: float


class Kernel(Protocol):
    """Holds the posterior of the items between iterations."""

    def begin(self, posterior: Floats) -> Floats:
        """Take a first posterior, float64[n_items, S], and count it by pair, float64[pairs, S]."""

    def expect(self, log_rates: Floats, starts: Floats) -> Expected:
        """Do the expectation step with log P(said | state), float64[pairs, S].

        `starts`, float64[kinds, S], is what the items of each kind have before any answer: the class prior, or
        1 for the accepted labels of gold and 0 for the others.
        """

    def scores(self, log_rates: Floats) -> Floats:
        """Sum the log rates of each item's answers, float64[n_items, S]."""


def kernel(pairs: Pairs, kind: Codes, states: int) -> Kernel:
    """Choose the form for these answers; `kind`, int32[n_items], is each item's row of `starts`."""
    engine = _engine.get()
    if engine in ("auto", "size"):
        engine = "compiled" if _pays(pairs.of_answer.size, engine) else "scipy"
    if engine == "compiled" and states > 1:
        if why := _missing():
            raise NoEngine(f"The compiled form needs numba: {why}.")
        from crowdqc.quality.estimation.kernels.compiled import Compiled

        return Compiled(pairs, kind, states)
    from crowdqc.quality.estimation.kernels.plain import Plain

    return Plain(pairs, kind)


def announce(answers: int) -> None:
    """Say that fits of so many answers in all are to come: loading the compiler may pay before the first."""
    global _fitted
    _fitted += answers


def _pays(answers: int, how: Engine) -> bool:
    global _fitted
    _fitted += answers
    at_hand = how == "auto" and "numba" in sys.modules
    return (at_hand or (answers if how == "size" else _fitted) >= MANY) and not _missing()


@cache
def _missing() -> str:
    """Say why the compiled form cannot be had; nothing where it can. What is installed may still be broken."""
    if find_spec("numba") is None:
        return "it is not installed"
    try:
        import_module(f"{__name__}.compiled")
    except Exception as error:  # a numba that does not fit this Python or this numpy fails in many ways
        return f"it is installed, but it cannot be loaded ({type(error).__name__}: {error})"
    return ""


@contextmanager
def engine(name: Engine) -> Iterator[None]:
    """Fix the form for a while."""
    before = _engine.set(name)
    try:
        yield
    finally:
        _engine.reset(before)
