"""Column statistics of tables and partitions: the six operations of the Glue API, which moto lacks.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-column-statistics.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.glue.responses import GlueResponse

from localaws.glue.catalog_table import CatalogTable

MAX_COLUMNS = 100
# Type of StatisticsData, and its member that contains the statistics.
MEMBERS = {
    "BINARY": "BinaryColumnStatisticsData",
    "BOOLEAN": "BooleanColumnStatisticsData",
    "DATE": "DateColumnStatisticsData",
    "DECIMAL": "DecimalColumnStatisticsData",
    "DOUBLE": "DoubleColumnStatisticsData",
    "LONG": "LongColumnStatisticsData",
    "STRING": "StringColumnStatisticsData",
}

_BOUNDS = ("MinimumValue", "MaximumValue")

Statistics = dict[str, Any]


class ColumnStatisticsResponses(GlueResponse):
    """Statistics are stored with their table or partition, and deleted with it."""

    def get_column_statistics_for_table(self) -> ActionResult:
        """GetColumnStatisticsForTable."""
        return self._get(self._table())

    def update_column_statistics_for_table(self) -> ActionResult:
        """UpdateColumnStatisticsForTable."""
        return self._update(self._table())

    def delete_column_statistics_for_table(self) -> EmptyResult:
        """DeleteColumnStatisticsForTable."""
        return self._delete(self._table())

    def get_column_statistics_for_partition(self) -> ActionResult:
        """GetColumnStatisticsForPartition."""
        return self._get(self._partition())

    def update_column_statistics_for_partition(self) -> ActionResult:
        """UpdateColumnStatisticsForPartition."""
        return self._update(self._partition())

    def delete_column_statistics_for_partition(self) -> EmptyResult:
        """DeleteColumnStatisticsForPartition."""
        return self._delete(self._partition())

    def _table(self) -> CatalogTable:
        table: CatalogTable = self.glue_backend.get_table(self.parameters["DatabaseName"], self.parameters["TableName"])
        return table

    def _partition(self) -> Any:
        database, table = self.parameters["DatabaseName"], self.parameters["TableName"]
        return self.glue_backend.get_partition(database, table, self.parameters["PartitionValues"])

    def _get(self, entity: Any) -> ActionResult:
        with self.glue_backend.lock:
            stored = dict(_statistics_of(entity))
        names = [name.lower() for name in self.parameters["ColumnNames"]]
        errors = [
            {"ColumnName": name, "Error": _error("EntityNotFoundException", f"Column {name} has no statistics.")}
            for name in names
            if name not in stored
        ]
        statistics = [stored[name] for name in names if name in stored]
        return ActionResult({"ColumnStatisticsList": statistics, "Errors": errors})

    def _update(self, entity: Any) -> ActionResult:
        given: Sequence[Statistics] = self.parameters["ColumnStatisticsList"]
        columns = _columns_of(self._table())
        errors = []
        with self.glue_backend.lock:
            stored = _statistics_of(entity)
            for statistics in given:
                if problem := _problem(statistics, columns):
                    errors.append({"ColumnStatistics": statistics, "Error": _error("InvalidInputException", problem)})
                else:
                    stored[statistics["ColumnName"].lower()] = _with_bytes(statistics)
        return ActionResult({"Errors": errors})

    def _delete(self, entity: Any) -> EmptyResult:
        """Delete a column's statistics, if any: Trino calls this for every column that it writes."""
        with self.glue_backend.lock:
            _statistics_of(entity).pop(self.parameters["ColumnName"].lower(), None)
        return EmptyResult()


def _statistics_of(entity: Any) -> dict[str, Statistics]:
    """Return the statistics of a table or partition by column name in lower case; changes to the dict are stored."""
    stored: dict[str, Statistics] = vars(entity).setdefault("column_statistics", {})
    return stored


def _columns_of(table: CatalogTable) -> set[str]:
    columns = [*((table.current.get("StorageDescriptor") or {}).get("Columns") or [])]
    return {column["Name"].lower() for column in [*columns, *(table.current.get("PartitionKeys") or [])]}


def _with_bytes(statistics: Mapping[str, Any]) -> Statistics:
    """Return statistics with decimals as bytes, which the request has in base64."""
    data = dict(statistics["StatisticsData"])
    if "DecimalColumnStatisticsData" in data:
        data["DecimalColumnStatisticsData"] = {
            name: {**value, "UnscaledValue": base64.b64decode(value["UnscaledValue"])} if name in _BOUNDS else value
            for name, value in data["DecimalColumnStatisticsData"].items()
        }
    return {**statistics, "StatisticsData": data}


def _problem(statistics: Mapping[str, Any], columns: set[str]) -> str:
    """Return why Glue refuses these statistics for a column of the table; "" if it accepts them."""
    name, data = statistics["ColumnName"], statistics["StatisticsData"]
    if name.lower() not in columns:
        return f"Column {name[:255]} is not a column of the table."
    member = MEMBERS.get(data["Type"])
    if member is None:
        return f"StatisticsData.Type of column {name} is {data['Type'][:50]!r}; one of {', '.join(MEMBERS)} is needed."
    if member not in data:
        return f"StatisticsData of column {name} is of type {data['Type']} and lacks {member}."
    return ""


def _error(code: str, message: str) -> dict[str, str]:
    return {"ErrorCode": code, "ErrorMessage": message}
