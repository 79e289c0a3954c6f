"""The small shapes that every resource is made of: texts that a database can keep, pages, links."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("there is a NUL character in it")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("there is half of a surrogate pair in it") from None
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("it is blank")
    return text


def _number(value: object) -> object:
    if isinstance(value, (bool, str)):
        raise ValueError("it is not a number")
    return value


#: A line of text that says something.
Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable), AfterValidator(_said)]
#: What a person or a token is called. A field that narrows a `Line` narrows nothing: the line's own limits stand.
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_storable), AfterValidator(_said)]
#: The name of an item.
Key = Annotated[str, Field(max_length=255), AfterValidator(_storable)]
#: Text that may be empty.
Prose = Annotated[str, Field(max_length=100_000), AfterValidator(_storable)]
#: A remark.
Remark = Annotated[str, Field(max_length=5000), AfterValidator(_storable)]
#: A number in JSON; neither a truth value nor a text is one.
Number = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(_number)]
#: A truth value in JSON; neither a number nor a text is one.
Truth = Annotated[bool, Field(strict=True)]


class In(BaseModel):
    """A shape that comes in: what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """A shape that goes out."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class PageIn(In):
    """Which page: as many rows behind one of them."""

    after: uuid.UUID | None = Field(None, description="`next` of the page before")
    limit: int = Field(50, ge=1, le=500)


def following(ids: list[uuid.UUID], limit: int) -> uuid.UUID | None:
    """Give the id to ask the next page with; none where this one was not full."""
    return ids[-1] if len(ids) == limit else None
