"""Hash of the values of a row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column

NULLS_PER_WORD = 63
"""Number of bits in a positive bigint."""


def row_hash(values: Sequence[Column]) -> Column:
    """Return a 64-bit hash of ``values``; different values give different hashes, except for rare collisions.

    Spark's xxhash64 skips NULLs, so (NULL, 5) and (5, NULL) would have the same hash. Therefore bitmaps of the
    positions of NULLs are hashed first. Equal values of different types have different hashes: cast them first.
    """
    from pyspark.sql import functions as F

    words = [values[at : at + NULLS_PER_WORD] for at in range(0, len(values), NULLS_PER_WORD)]
    return F.xxhash64(*map(_nulls, words), *values)


def _nulls(values: Sequence[Column]) -> Column:
    """Return the bitmap of the values that are NULL."""
    from pyspark.sql import functions as F

    bits = [
        F.when(value.isNull(), F.lit(1 << at)).otherwise(F.lit(0)).cast("bigint") for at, value in enumerate(values)
    ]
    return reduce(lambda left, right: left.bitwiseOR(right), bits)
