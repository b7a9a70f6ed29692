"""Functions of texts and numbers that DuckDB lacks, with Trino's definitions."""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import struct
from collections.abc import Callable
from itertools import combinations

_SOUNDS = dict(zip("BFPVCGJKQSXZDTLMNR", "111122222222334556", strict=True))
_UNITS = (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def soundex(text: str) -> str:
    """The American Soundex code of a word; adjacent letters with one code count once, also across H or W."""
    letters = [c for c in text.upper() if "A" <= c <= "Z"]
    if not letters:
        return ""
    code, last = letters[0], _SOUNDS.get(letters[0], "")
    for letter in letters[1:]:
        sound = _SOUNDS.get(letter, "")
        if sound and sound != last:
            code += sound
        if letter not in "HW":
            last = sound
    return code[:4].ljust(4, "0")


def readable_seconds(seconds: float) -> str:
    """human_readable_seconds: weeks, days, hours, minutes and seconds."""
    rest, parts = round(seconds), []
    for name, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return ", ".join(parts) or "0 seconds"


def luhn(text: str) -> bool:
    """Return whether the digits satisfy Luhn's check."""
    if not re.fullmatch(r"\d+", text):
        raise ValueError("INVALID_FUNCTION_ARGUMENT: Input contains non-digit character")
    doubled = [int(c) * (1 + place % 2) for place, c in enumerate(reversed(text))]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def indexes_of_combinations(size: int, chosen: int) -> list[list[int]]:
    """Each choice of `chosen` among `size` elements, as indexes from 1."""
    if not 0 <= chosen <= 5:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: combination size must not exceed 5: {chosen}")
    return [list(choice) for choice in combinations(range(1, size + 1), chosen)]


def split_to_pairs(text: str, entry: str, sign: str) -> list[dict[str, str]]:
    """Split `a=1,b=2` into keys and values."""
    if not entry or not sign or entry == sign:
        raise ValueError("INVALID_FUNCTION_ARGUMENT: the delimiters of entries and of keys must be texts that differ")
    pairs = []
    for part in text.split(entry) if text else []:
        key, separator, value = part.partition(sign)
        if not separator or sign in value:
            raise ValueError(
                "INVALID_FUNCTION_ARGUMENT: Key-value delimiter must appear exactly once in each entry. Bad input: "
                f"'{part[:100]}'"
            )
        pairs.append({"k": key, "v": value})
    return pairs


def position(text: str, part: str, instance: int) -> int:
    """The index, from 1, of the n-th occurrence, counted from the end if n is negative; 0 if there is none."""
    if instance == 0:
        raise ValueError("INVALID_FUNCTION_ARGUMENT: 'instance' must be a positive or negative number.")
    if not part:
        return 1 if instance > 0 else len(text) + 1
    step, at = (1, -1) if instance > 0 else (-1, len(text))
    for _ in range(abs(instance)):
        at = text.find(part, at + 1) if step > 0 else text.rfind(part, 0, at + len(part) - 1) if at > 0 else -1
        if at < 0:
            return 0
    return at + 1


def cube_root(value: float) -> float:
    """The cube root as a double: one Newton step after the library's result."""
    root = math.cbrt(value)
    return root - (root**3 - value) / (3 * root**2) if root and math.isfinite(root) else root


def keyed_digest(name: str) -> Callable[[bytes, bytes], bytes]:
    """Return hmac_md5 or a similar function."""
    return lambda data, key: hmac.new(key, data, getattr(hashlib, name)).digest()


def packed(form: str) -> Callable[[float], bytes]:
    """Return a function that packs a number into big-endian bytes."""
    return lambda value: struct.pack(form, value)


def unpacked(form: str) -> Callable[[bytes], float]:
    """Return a function that unpacks a number from big-endian bytes."""
    size = struct.calcsize(form)

    def unpack(data: bytes) -> float:
        if len(data) != size:
            raise ValueError(f"INVALID_FUNCTION_ARGUMENT: expected {size}-byte input, but got instead: {len(data)}")
        return struct.unpack(form, data)[0]

    return unpack


def hive_hash(text: str, start: int) -> int:
    """Hive's bucketing hash of a text, from 0 to 2**32 - 1."""
    value = start
    for byte in text.encode():
        value = (value * 31 + (byte - 256 if byte > 127 else byte)) & 0xFFFFFFFF
    return value
