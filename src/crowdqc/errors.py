"""The four ways in which crowdqc says no; a class's docstring is its default message.

What raises an error defines it, as a subclass of one of these four, beside the code that raises it.
The library knows no status code: the doors translate the kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class CrowdqcError(Exception):
    """Something went wrong."""

    #: How to put it right, where whoever raises it says nothing better.
    usual_mend: str | None = None
    #: What a door to others says where there is nothing better to say; of no use to who sees the words.
    any_mend: str | None = None

    def __init__(self, detail: str | None = None, *, mend: str | None = None, **facts: object) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip().split("\n")[0]
        #: How to put it right, in words; for those who are answered by a document.
        self.mend = mend or self.usual_mend or self.any_mend
        #: The same where this error has one of its own.
        self.own_mend = mend = mend or self.usual_mend
        #: What the message speaks of, for machines.
        self.facts: Mapping[str, object] = facts
        super().__init__(self.detail if mend is None else f"{self.detail} {mend}")


class Missing(CrowdqcError):
    """There is nothing of that name that you may see."""

    any_mend = "Look the address up again; what is not yours is not shown."


class Refused(CrowdqcError):
    """You may not do this."""

    any_mend = "Ask somebody who may, or an admin."


class Conflict(CrowdqcError):
    """The present state does not allow this."""

    any_mend = "Load it again and go on from there."


class Invalid(CrowdqcError):
    """The input is not valid."""

    any_mend = "Mend what is named and send it again."

    def __init__(
        self,
        detail: str | None = None,
        *,
        mend: str | None = None,
        errors: Sequence[Mapping[str, object]] = (),
        **facts: object,
    ) -> None:
        super().__init__(detail, mend=mend, **facts)
        #: One entry a fault: {"where": ..., "what": ...}.
        self.errors = tuple(errors)
