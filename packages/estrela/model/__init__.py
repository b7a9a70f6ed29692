"""The words in which a star is declared. Standard library only."""

from estrela.model.check import between, expression, not_null, one_of, reconcile, unique
from estrela.model.column import Column
from estrela.model.origin import CataloguedDownload, Download, OData, Parameter
from estrela.model.parse import Date, Digits, Number, Ordinal, Prefix, Text, Whole
from estrela.model.run_parameter import RunParameter
from estrela.model.source import ApiSource, CsvSource, Field, FromRequest, Layout, Source, Tolerance
from estrela.model.table import Dimension, Fact, Lookup, Mart, Scd1, Scd2

__all__ = [
    "ApiSource",
    "CataloguedDownload",
    "Column",
    "CsvSource",
    "Date",
    "Digits",
    "Dimension",
    "Download",
    "Fact",
    "Field",
    "FromRequest",
    "Layout",
    "Lookup",
    "Mart",
    "Number",
    "OData",
    "Ordinal",
    "Parameter",
    "Prefix",
    "RunParameter",
    "Scd1",
    "Scd2",
    "Source",
    "Text",
    "Tolerance",
    "Whole",
    "between",
    "expression",
    "not_null",
    "one_of",
    "reconcile",
    "unique",
]
