"""Parquet: rows out of record batches and back, the only rooms that know pyarrow."""

from crowdqc.formats.parquet.reading import read
from crowdqc.formats.parquet.writing import write

__all__ = ["read", "write"]
