"""The parts of Arrow that whole tables need, imported where they are first used."""

from __future__ import annotations

from typing import Any


def arrow() -> Any:
    """Give pyarrow with its arithmetic and its csv."""
    import pyarrow
    import pyarrow.compute
    import pyarrow.csv

    return pyarrow


def held(data: Any) -> Any:
    """Give bytes as a file of Arrow's own.

    Its threads may let go of it while Python ends; were the bytes Python's, that could kill the process.
    """
    pa = arrow()
    buffer = pa.allocate_buffer(len(data))
    memoryview(buffer).cast("B")[:] = memoryview(data).cast("B")
    return pa.BufferReader(buffer)


def parquet() -> Any:
    """Give pyarrow's parquet, which takes as long again to import."""
    import pyarrow.parquet

    return pyarrow.parquet
