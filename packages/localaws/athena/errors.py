"""The failure of a query, with Athena's text."""

from __future__ import annotations

import json

from moto.core.exceptions import JsonRESTError

# https://docs.aws.amazon.com/athena/latest/APIReference/API_AthenaError.html: 1 system, 2 user, 3 other
SYSTEM, USER, OTHER = 1, 2, 3


class QueryError(Exception):
    """A query that FAILED: ``code`` is the engine's error name, ``message`` the text after it."""

    def __init__(self, code: str, message: str, category: int = USER) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.category = category


class TableNotFoundError(QueryError):
    """A table name that does not exist in the catalog."""

    def __init__(self, database: str, table: str, position: str = "") -> None:
        super().__init__("TABLE_NOT_FOUND", f"{position}Table 'awsdatacatalog.{database}.{table}' does not exist")


class SchemaNotFoundError(QueryError):
    """A database name that does not exist in the catalog."""

    def __init__(self, database: str, position: str = "") -> None:
        super().__init__("SCHEMA_NOT_FOUND", f"{position}Schema '{database}' does not exist")


class BadDataError(QueryError):
    """A file whose contents do not match the table's definition."""

    def __init__(self, message: str) -> None:
        super().__init__("HIVE_BAD_DATA", message)


class UnsupportedError(QueryError):
    """A construct whose result is not certain to be Athena's."""

    def __init__(
        self, construct: str, reason: str = "is not supported, because the result could differ from Athena's"
    ) -> None:
        super().__init__("NOT_SUPPORTED", f"{construct} {reason}")


class QueryCancelledError(Exception):
    """A query that was stopped by its owner or by its workgroup's limit."""


class InvalidRequestError(JsonRESTError):
    """The API refuses the request (InvalidRequestException, HTTP 400)."""

    code = 400

    def __init__(self, message: str, athena_error_code: str = "INVALID_INPUT") -> None:
        super().__init__("InvalidRequestException", message)
        self.description = json.dumps(
            {"__type": "InvalidRequestException", "message": message, "AthenaErrorCode": athena_error_code}
        )


class MetadataError(JsonRESTError):
    """The catalog refuses a metadata request (MetadataException, HTTP 400)."""

    code = 400

    def __init__(self, message: str) -> None:
        super().__init__("MetadataException", message)

    @classmethod
    def entity_not_found(cls, operation: str, message: str) -> MetadataError:
        return cls(
            f"{message} (Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException; "
            f"Operation: {operation})"
        )


class ResourceNotFoundError(JsonRESTError):
    """A named resource does not exist (ResourceNotFoundException, HTTP 400)."""

    code = 400

    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFoundException", message)
