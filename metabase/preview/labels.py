"""Names shortened to a maximum length, each to a distinct text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from metabase.preview.values import short_name


def distinct_labels(names: Iterable[str], longest: int) -> dict[str, str]:
    """Return a label of about ``longest`` letters for each different name; no two names share a label.

    Names that would be shortened to the same text keep the part in which they differ: ``COOPERATIVA DE…PAULISTA``.
    """
    labels = {name: short_name(name, longest) for name in names}
    for alike in _equal_labels(labels):
        labels |= {name: _with_difference(name, alike, longest) for name in alike}
    for alike in _equal_labels(labels):
        labels |= {name: f"{labels[name]} ({place})" for place, name in enumerate(alike, 1)}
    return labels


def numbered(names: Sequence[str]) -> list[str]:
    """Return distinct names: a repeated one, of a different thing, gets a number: ``ALFA``, ``ALFA (2)``."""
    seen: dict[str, int] = {}
    labels = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        labels.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return labels


def _equal_labels(labels: dict[str, str]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for name, label in labels.items():
        groups.setdefault(label, []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def _with_difference(name: str, alike: Sequence[str], longest: int) -> str:
    """Return the start of the name, and the part from the word in which it differs from the others."""
    if len(name) <= longest:
        return name
    differs = next((at for at, letters in enumerate(zip(*alike, strict=False)) if len(set(letters)) > 1), longest)
    word = name.rfind(" ", 0, differs) + 1
    head = longest // 2
    if word <= head:
        return f"{name[: longest - 1].rstrip()}…"
    return f"{name[:head].rstrip()}…{name[word : word + longest - head - 1].rstrip()}"
