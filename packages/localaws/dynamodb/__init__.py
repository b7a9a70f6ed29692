"""DynamoDB: moto's tables, with items and stream records that are stored when they change."""

from __future__ import annotations

from localaws.dynamodb.keeper import DynamoDbKeeper, open_dynamodb

__all__ = ["DynamoDbKeeper", "open_dynamodb"]
