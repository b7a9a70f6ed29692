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
# As in LocalStack's recordings of AWS (tests/aws/services/events/test_events_inputs.snapshot.json).
_RENAMED = {"detail-type": "detailType"}
_INPUTS = ("Input", "InputPath", "InputTransformer")
_OWN = {
    "aws.events.rule-arn", "aws.events.rule-name", "aws.events.event.ingestion-time", "aws.events.event",
    "aws.events.event.json",
}  # fmt: skip


class InputError(ValueError):
    """A template whose result for an event is not JSON. EventBridge then sends nothing, without an error."""


def check_input(target: Mapping[str, Any]) -> None:
    """Raise ValueError with AWS's text for a target's input that PutTargets refuses."""
    name = target["Id"]
    if sum(1 for kind in _INPUTS if target.get(kind)) > 1:
        raise ValueError(f"Only one of Input, InputPath, or InputTransformer must be provided for target {name}.")
    transformer = target.get("InputTransformer") or {}
    known = _OWN | (transformer.get("InputPathsMap") or {}).keys()
    for placeholder in _PLACEHOLDER.findall(transformer.get("InputTemplate") or ""):
        if placeholder not in known:
            raise ValueError(f"InputTemplate for target {name} contains invalid placeholder {placeholder}.")


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str) -> str:
    """Return the text that a target receives. Raises InputError."""
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        return _as_json(at_path(target["InputPath"], event))
    if transformer := target.get("InputTransformer"):
        return _transformed(transformer, event, rule_arn)
    return _as_json(event)


def at_path(path: str, event: Any) -> Any:
    """Return the value at a JSON path, or None."""
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
        "aws.events.event": {_RENAMED.get(name, name): event[name] for name in event if name != "detail"},
        "aws.events.event.json": event,
    }
    is_object = template.lstrip().startswith("{")

    def replaced(match: re.Match[str]) -> str:
        if match[1] not in values:
            return match[0]
        quotes = template.count('"', 0, match.start()) - template.count('\\"', 0, match.start())
        return _shown(values[match[1]], inside_text=quotes % 2 == 1, in_object=is_object)

    text = _PLACEHOLDER.sub(replaced, template)
    if not is_object:
        return text
    try:
        return _as_json(json.loads(text))
    except ValueError as error:
        raise InputError(f"the input template does not produce valid JSON: {text}") from error


def _shown(value: Any, *, inside_text: bool, in_object: bool) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)[1:-1] if inside_text or not in_object else json.dumps(value)
    if value is None:
        return "" if inside_text or not in_object else '""'
    text = _as_json(value)
    return text.replace('"', "") if inside_text and not in_object else text


def _as_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
