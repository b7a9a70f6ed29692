"""Hooks in moto's EventBridge, Scheduler and SNS that call localaws: moto keeps rules, schedules and subscriptions."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from moto.core.responses import ActionResult
from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import EventsBackend, Rule
from moto.events.responses import EventsHandler
from moto.scheduler.exceptions import ValidationException as InvalidScheduleError
from moto.scheduler.models import EventBridgeSchedulerBackend
from moto.sns.models import Subscription

DELIVERED = ("sqs", "lambda")
_MANDATORY = {"id", "account", "source", "time", "region", "detail-type"}


class EventService(Protocol):
    """The part that delivers events; opened by the first event, rule or schedule that needs it."""

    def send(self, rule: Any, event: dict[str, Any]) -> None:
        """Send an event to the targets of one rule, if it matches."""

    def publish(self, subscription: Any, published: dict[str, Any]) -> None:
        """Send a message to one subscription of a queue or a function."""

    def check_target(self, target: dict[str, Any]) -> None:
        """Raise ValueError with AWS's reason if a rule may not have this target."""

    def is_schedule(self, expression: str, zone: str) -> bool:
        """Return whether a schedule expression is valid and its time zone exists."""

    def test(self, pattern: str, event: str) -> bool:
        """Return whether an event matches a pattern. Raises ValueError with AWS's reason for an invalid pattern."""


def install(open_events: Callable[[], EventService]) -> None:
    """Make moto call localaws. Call this before the first request to these services."""
    Rule.send_to_targets = _wrap_send(open_events, Rule.send_to_targets)
    Subscription.publish = _wrap_publish(open_events, Subscription.publish)
    EventsBackend.put_rule = _wrap_put_rule(open_events, EventsBackend.put_rule)
    EventsBackend.put_targets = _wrap_put_targets(open_events, EventsBackend.put_targets)
    create, update = EventBridgeSchedulerBackend.create_schedule, EventBridgeSchedulerBackend.update_schedule
    EventBridgeSchedulerBackend.create_schedule = _wrap_schedule(open_events, create)
    EventBridgeSchedulerBackend.update_schedule = _wrap_schedule(open_events, update)
    EventsHandler.test_event_pattern = _wrap_test(open_events)


def _wrap_put_rule(open_events: Callable[[], EventService], original: Callable[..., Any]) -> Callable[..., Any]:
    """Return PutRule with a check of the schedule. It opens the part that fires scheduled rules."""

    def put_rule(*args: Any, **options: Any) -> Any:
        expression = options.get("scheduled_expression")
        if not open_events().is_schedule(expression or "rate(1 minute)", "UTC"):
            raise ValidationException("Parameter ScheduleExpression is not valid.")
        return original(*args, **options)

    return put_rule


def _wrap_put_targets(open_events: Callable[[], EventService], original: Callable[..., Any]) -> Callable[..., Any]:
    def put_targets(backend: Any, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> Any:
        for target in targets:
            try:
                open_events().check_target(target)
            except ValueError as error:
                raise ValidationException(str(error)) from error
        return original(backend, name, event_bus_arn, targets)

    return put_targets


def _wrap_schedule(open_events: Callable[[], EventService], original: Callable[..., Any]) -> Callable[..., Any]:
    def scheduled(*args: Any, **options: Any) -> Any:
        expression, zone = options["schedule_expression"], options.get("schedule_expression_timezone") or "UTC"
        if not open_events().is_schedule(expression, zone):
            where = "" if zone == "UTC" else f" or time zone {zone}"
            raise _schedule_error(f"Invalid Schedule Expression {expression}{where}.")
        return original(*args, **options)

    return scheduled


def _schedule_error(text: str) -> InvalidScheduleError:
    """Return a refusal in Scheduler's format, whose text is in ``Message`` with a capital M."""
    error = InvalidScheduleError(text)
    error.description = json.dumps({"Message": text, "__type": "ValidationException"})
    return error


def _wrap_send(open_events: Callable[[], EventService], original: Callable[..., Any]) -> Callable[..., Any]:
    def send_to_targets(rule: Any, event: dict[str, Any], transform_input: bool = True) -> None:
        archives = [target for target in rule.targets if target["Arn"].split(":")[5] == ""]
        if archives:  # moto's own
            only = copy.copy(rule)
            only.targets = archives
            original(only, event, transform_input)
        elif rule.targets:
            open_events().send(rule, _as_aws_event(event))

    return send_to_targets


def _wrap_publish(open_events: Callable[[], EventService], original: Callable[..., Any]) -> Callable[..., Any]:
    def publish(subscription: Any, message: str, message_id: str, **published: Any) -> None:
        if subscription.protocol in DELIVERED:
            open_events().publish(subscription, {"message": message, "message_id": message_id, **published})
        else:
            published.pop("sequence_number", None)  # which moto does not know
            original(subscription, message, message_id, **published)

    return publish


def _wrap_test(open_events: Callable[[], EventService]) -> Callable[..., Any]:
    def test_event_pattern(handler: Any) -> ActionResult:
        """TestEventPattern."""
        event = handler._get_param("Event")
        if not _is_event(event):
            raise ValidationException("Parameter Event is not valid.")
        try:
            result = open_events().test(handler._get_param("EventPattern"), event)
        except ValueError as error:
            raise InvalidEventPatternException(str(error)) from error
        return ActionResult({"Result": result})

    return test_event_pattern


def _is_event(text: str) -> bool:
    try:
        event = json.loads(text)
    except ValueError:
        return False
    return isinstance(event, dict) and event.keys() >= _MANDATORY


def _as_aws_event(event: dict[str, Any]) -> dict[str, Any]:
    """Return moto's event with its time as text and without moto's own fields."""
    kept = {name: value for name, value in event.items() if name != "ingestion-time"}
    shown: dict[str, Any] = json.loads(json.dumps(kept, default=str))
    if isinstance(shown.get("time"), int | float):
        shown["time"] = datetime.fromtimestamp(shown["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return shown
