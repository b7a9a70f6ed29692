"""Bytes of a line as text: the first declared encoding in which the line is valid."""

from __future__ import annotations

from collections.abc import Sequence

UTF_8 = "utf-8"
LOST = "\ufffd"
"""Replaces a character that was lost."""
PYTHON_CODECS = {"windows-1252": "cp1252"}


def decoded(line: bytes, encodings: Sequence[str]) -> str:
    """Return ``line`` as text of the first of ``encodings`` in which it is valid, without a byte order mark.

    A line that is valid in none of them is read in the last one, with U+FFFD for each byte that it does not have.
    """
    for name in encodings:
        try:
            return line.decode(PYTHON_CODECS.get(name, name)).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    last = encodings[-1]
    return line.decode(PYTHON_CODECS.get(last, last), errors="replace").removeprefix("\ufeff")
