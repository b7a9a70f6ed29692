"""The metastore in DynamoDB: the flags of each client's date. Its stream triggers the stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from dataharvest.model.delivery import Delivery

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

VERSION = "version"
Item = dict[str, Any]


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
