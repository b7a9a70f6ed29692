"""Input of a rule's target: the event, a part of it, a constant, or a template.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]|\['([^']+)'\]")
_MISSING = object()


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str) -> str:
    """The text that a target gets."""
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        return _as_json(at_path(target["InputPath"], event))
    if transformer := target.get("InputTransformer"):
        return _transformed(transformer, event, rule_arn)
    return _as_json(event)


def at_path(path: str, event: Any) -> Any:
    """The value at a JSON path, or None."""
    value, position = event, 1
    while position < len(path):
        step = _STEP.match(path, position)
        if not step:
            return None
        position = step.end()
        name = step[1] or step[3]
        if name is not None:
            value = value.get(name, _MISSING) if isinstance(value, dict) else _MISSING
        else:
            value = value[int(step[2])] if isinstance(value, list) and int(step[2]) < len(value) else _MISSING
        if value is _MISSING:
            return None
    return value


def _transformed(transformer: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str) -> str:
    template = transformer["InputTemplate"]
    values = {name: at_path(path, event) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": event.get("time"),
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    is_object = template.lstrip().startswith("{")

    def replaced(found: re.Match[str]) -> str:
        if found[1] not in values:
            return found[0]
        quotes = template.count('"', 0, found.start()) - template.count('\\"', 0, found.start())
        return _shown(values[found[1]], inside_text=quotes % 2 == 1, in_object=is_object)

    text = _PLACEHOLDER.sub(replaced, template)
    if is_object:
        return _as_json(json.loads(text))
    return text


def _shown(value: Any, *, inside_text: bool, in_object: bool) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)[1:-1] if inside_text or not in_object else json.dumps(value)
    if value is None:
        return "" if inside_text or not in_object else '""'
    text = _as_json(value)
    return text.replace('"', "") if inside_text else text


def _as_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
