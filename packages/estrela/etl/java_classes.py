"""Java's classes by name, each looked up once.

Whenever Python uses a name of Java, Py4J asks the JVM what it is, and Java looks for a class of that name in every
package that Spark imports, in every jar on its path. PySpark does so for each column of each expression: of a run on
little data, that is a fifth of the time.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OF_PYSPARK = ("functions", "PythonUtils")
"""Names that PySpark uses for each column."""


class JavaClass:
    """A class of the JVM whose static methods are looked up once."""

    def __init__(self, looked_up: Any) -> None:
        self._found = looked_up

    def __getattr__(self, name: str) -> Any:
        """Look up a static method; from then on it is an attribute."""
        method = getattr(self._found, name)
        setattr(self, name, method)
        return method


def java_class(spark: SparkSession, name: str) -> Any:
    """Return the class with this ``name``, with its package where Spark does not import it."""
    kept = vars(spark._jvm)
    if name not in kept:
        kept[name] = JavaClass(reduce(getattr, name.split("."), spark._jvm))
    return kept[name]


def keep_classes(spark: SparkSession) -> None:
    """Have PySpark find the classes that it uses most where it looks first: among the attributes of its JVM."""
    for name in OF_PYSPARK:
        java_class(spark, name)
