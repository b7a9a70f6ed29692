"""The classes in which a star and a feed are declared. Standard library only."""

from estrela.model.auth import ApiKey, BasicLogin, BearerToken
from estrela.model.check import between, expression, not_null, one_of, reconcile, unique
from estrela.model.column import Column
from estrela.model.formats import FixedWidthSource, JsonLinesSource, ParquetSource
from estrela.model.freshness import Freshness
from estrela.model.increment import ByPartition
from estrela.model.mart import Mart
from estrela.model.origin import (
    Catalogue,
    DeliveredFile,
    Delivery,
    Download,
    ListedFile,
    OData,
    Parameter,
    RestApi,
    S3Deliveries,
    S3Files,
)
from estrela.model.paging import CursorPages, LinkedPages, NumberedPages, ODataPages, OffsetPages, OnePage
from estrela.model.parse import Boolean, Date, Digits, Number, Ordinal, Prefix, Text, Timestamp, Whole
from estrela.model.partition import bucket, day, month, year
from estrela.model.run_parameter import RunParameter
from estrela.model.source import ApiSource, CsvSource, Delimited, Field, FromRequest, Layout, Source, Tolerance
from estrela.model.table import Dimension, Fact, Lookup, Scd1, Scd2

__all__ = [
    "ApiKey",
    "ApiSource",
    "BasicLogin",
    "BearerToken",
    "Boolean",
    "ByPartition",
    "Catalogue",
    "Column",
    "CsvSource",
    "CursorPages",
    "Date",
    "Delimited",
    "DeliveredFile",
    "Delivery",
    "Digits",
    "Dimension",
    "Download",
    "Fact",
    "Field",
    "FixedWidthSource",
    "Freshness",
    "FromRequest",
    "JsonLinesSource",
    "Layout",
    "LinkedPages",
    "ListedFile",
    "Lookup",
    "Mart",
    "Number",
    "NumberedPages",
    "OData",
    "ODataPages",
    "OffsetPages",
    "OnePage",
    "Ordinal",
    "Parameter",
    "ParquetSource",
    "Prefix",
    "RestApi",
    "RunParameter",
    "S3Deliveries",
    "S3Files",
    "Scd1",
    "Scd2",
    "Source",
    "Text",
    "Timestamp",
    "Tolerance",
    "Whole",
    "between",
    "bucket",
    "day",
    "expression",
    "month",
    "not_null",
    "one_of",
    "reconcile",
    "unique",
    "year",
]
