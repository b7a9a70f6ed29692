"""The metastore in DynamoDB: the flags of each client's date. Its stream triggers the stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from dataharvest.model.delivery import Delivery

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

VERSION = "version"
AT_ONCE = 25
"""Statements per call, the limit of DynamoDB."""
Item = dict[str, Any]


@dataclass(frozen=True)
class Transition:
    """Flags to set on a delivery, and marks to set together with them.

    ``is_new`` means that probably no flag of this version was set before, which saves a call.
    """

    delivery: Delivery
    flags: tuple[str, ...]
    marks: Mapping[str, bool] = field(default_factory=dict)
    is_new: bool = False

    @property
    def item(self) -> tuple[str, str]:
        """External client and business date: the key of the metastore."""
        return self.delivery.external_client, self.delivery.business_date


@dataclass(frozen=True)
class Metastore:
    """The table ``table``: key ``partition_key`` (external client) and ``sort_key`` (business date, YYYYMMDD).

    Every write is conditional, so a transition writes exactly one stream record, however often it is repeated.
    """

    client: DynamoDBClient
    table: str

    def set_flags(
        self,
        delivery: Delivery,
        flags: Iterable[str],
        counts: Mapping[str, int] | None = None,
        *,
        is_new: bool = False,
    ) -> bool:
        """Set ``flags`` and ``counts`` of a delivery; return whether that changed the item.

        Flags of a newer version replace those of the older one; flags of an older version change nothing. ``is_new``
        means that probably no flag of this version was set before, which saves a call.
        """
        flags = tuple(flags)
        # The last try is for a version that another function opens meanwhile: its flags are not those of this call.
        writes = (self._open_version, self._add) if is_new else (self._add, self._open_version, self._add)
        return bool(flags) and any(write(delivery, flags, counts or {}) for write in writes)

    def set_all(self, transitions: Sequence[Transition]) -> list[Exception | None]:
        """Set the flags of several deliveries, in one call for up to 25 of them; return each one's error or None.

        Flags that the call does not set are set by a call of their own: they may be set already, or be the first ones
        of a newer version. So are those of a date that is among the others twice.
        """
        first: dict[tuple[str, str], int] = {}
        for at, transition in enumerate(transitions):
            first.setdefault(transition.item, at)
        together = [*first.values()] if len(first) > 1 else []
        errors: dict[int, Exception | None] = {}
        for at in range(0, len(together), AT_ONCE):
            places = together[at : at + AT_ONCE]
            answers = self._set_together([transitions[place] for place in places])
            errors |= {
                place: error for place, (is_done, error) in zip(places, answers, strict=True) if is_done or error
            }
        return [errors[at] if at in errors else self._set_one(transition) for at, transition in enumerate(transitions)]

    def _set_together(self, transitions: Sequence[Transition]) -> list[tuple[bool, Exception | None]]:
        """Return for each transition whether DynamoDB took it, and the error of the call."""
        try:
            answers = self.client.batch_execute_statement(Statements=[*map(self._statement, transitions)])["Responses"]
        except (BotoCoreError, ClientError) as error:
            return [(False, error)] * len(transitions)
        return [("Error" not in answer, None) for answer in answers]

    def _set_one(self, transition: Transition) -> Exception | None:
        try:
            self.set_flags(transition.delivery, transition.flags, transition.marks, is_new=transition.is_new)
        except (BotoCoreError, ClientError) as error:
            return error
        return None

    def _statement(self, transition: Transition) -> Any:
        """Return a statement in PartiQL that does what :meth:`set_flags` tries first."""
        delivery, flags = transition.delivery, transition.flags
        key, version = _key(delivery.external_client, delivery.business_date), _typed({VERSION: delivery.version})
        written = _typed({**dict.fromkeys(flags, True), **transition.marks, **_times(flags)})
        if transition.is_new:
            item = {**key, **version, **written}
            values = ", ".join(f"'{name}': ?" for name in item)
            return {"Statement": f'INSERT INTO "{self.table}" VALUE {{{values}}}', "Parameters": [*item.values()]}
        equal = {**key, **version}
        changes = " ".join(f'SET "{name}" = ?' for name in written)
        condition = " AND ".join(f'"{name}" = ?' for name in equal)
        missing = " OR ".join(f'"{flag}" IS MISSING' for flag in flags)
        return {
            "Statement": f'UPDATE "{self.table}" {changes} WHERE {condition} AND ({missing})',
            "Parameters": [*written.values(), *equal.values()],
        }

    def item(self, external_client: str, business_date: str) -> Item | None:
        """Return the item of a client's date."""
        item = self.client.get_item(
            TableName=self.table, Key=_key(external_client, business_date), ConsistentRead=True
        ).get("Item")
        return plain(item) if item else None

    def items(self) -> list[Item]:
        """Return all items, sorted by client and date."""
        pages = self.client.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        items = [plain(item) for page in pages for item in page["Items"]]
        return sorted(items, key=lambda item: (item["partition_key"], item["sort_key"]))

    def _add(self, delivery: Delivery, flags: tuple[str, ...], counts: Mapping[str, int]) -> bool:
        written = {**dict.fromkeys(flags, True), **counts, **_times(flags)}
        names = {f"#n{at}": name for at, name in enumerate(written)}
        missing = " OR ".join(f"attribute_not_exists({place})" for place, name in names.items() if name in flags)
        return self._write(
            self.client.update_item,
            Key=_key(delivery.external_client, delivery.business_date),
            UpdateExpression="SET " + ", ".join(f"{place} = :v{at}" for at, place in enumerate(names)),
            ConditionExpression=f"#version = :version AND ({missing})",
            ExpressionAttributeNames={**names, "#version": VERSION},
            ExpressionAttributeValues=_typed(
                {**{f":v{at}": value for at, value in enumerate(written.values())}, ":version": delivery.version}
            ),
        )

    def _open_version(self, delivery: Delivery, flags: tuple[str, ...], counts: Mapping[str, int]) -> bool:
        return self._write(
            self.client.put_item,
            Item={
                **_key(delivery.external_client, delivery.business_date),
                **_typed({VERSION: delivery.version, **dict.fromkeys(flags, True), **counts, **_times(flags)}),
            },
            ConditionExpression="attribute_not_exists(#version) OR #version < :version",
            ExpressionAttributeNames={"#version": VERSION},
            ExpressionAttributeValues=_typed({":version": delivery.version}),
        )

    def _write(self, call: Any, **given: Any) -> bool:
        try:
            call(TableName=self.table, **given)
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def plain(item: Mapping[str, Any]) -> Item:
    """Return an item of DynamoDB or its stream with Python values; the version and counts become int."""
    values = {name: TypeDeserializer().deserialize(value) for name, value in item.items()}
    return {name: int(value) if name == VERSION or name.endswith("_rows") else value for name, value in values.items()}


def _typed(values: Mapping[str, object]) -> dict[str, Any]:
    return {name: TypeSerializer().serialize(value) for name, value in values.items()}


def _key(external_client: str, business_date: str) -> dict[str, Any]:
    return _typed({"partition_key": external_client, "sort_key": business_date})


def _times(flags: tuple[str, ...]) -> dict[str, str]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {f"{flag}_at": now for flag in flags}
