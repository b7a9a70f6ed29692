"""Java classes by name, each looked up only once.

Whenever Python uses a Java name, Py4J asks the JVM for it, and Java searches for a class of that name in every package
that Spark imports, in every jar on its path. PySpark does so for each column of each expression. On little data, these
look-ups take a fifth of a run's time.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OF_PYSPARK = ("functions", "PythonUtils")
"""Names that PySpark looks up for each column."""


class JavaClass:
    """A JVM class whose static methods are looked up only once."""

    def __init__(self, looked_up: Any) -> None:
        self._found = looked_up

    def __getattr__(self, name: str) -> Any:
        """Look up a static method and store it as an attribute."""
        method = getattr(self._found, name)
        setattr(self, name, method)
        return method


def java_class(spark: SparkSession, name: str) -> Any:
    """Return the class ``name``, which includes the package unless Spark imports it."""
    kept = vars(spark._jvm)
    if name not in kept:
        kept[name] = JavaClass(reduce(getattr, name.split("."), spark._jvm))
    return kept[name]


def keep_classes(spark: SparkSession) -> None:
    """Store the classes that PySpark uses most as attributes of its JVM view, where PySpark looks first."""
    for name in OF_PYSPARK:
        java_class(spark, name)
