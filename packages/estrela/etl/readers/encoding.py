"""Decoding of a line with the first declared encoding in which it is valid."""

from __future__ import annotations

from collections.abc import Sequence

UTF_8 = "utf-8"
LOST = "\ufffd"
"""Replacement for a lost character."""
PYTHON_CODECS = {"windows-1252": "cp1252"}


def decoded(line: bytes, encodings: Sequence[str]) -> str:
    """Decode ``line`` with the first of ``encodings`` in which it is valid, without a byte order mark.

    A line that is valid in none of them is decoded with the last one, with U+FFFD for each undefined byte.
    """
    for name in encodings:
        try:
            return line.decode(PYTHON_CODECS.get(name, name)).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    last = encodings[-1]
    return line.decode(PYTHON_CODECS.get(last, last), errors="replace").removeprefix("\ufeff")
