"""Sources in other formats: JSON lines, fixed width, Parquet."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.errors import DefinitionError
from estrela.model.source import Source, validate_encodings


@dataclass(frozen=True, eq=True)
class JsonLinesSource(Source):
    """Text files in UTF-8 with one JSON object per line. Names that no layout declares are ignored."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_one_layout(self)

    __hash__ = Source.__hash__


@dataclass(frozen=True, eq=True)
class FixedWidthSource(Source):
    """Text files whose fields have fixed positions.

    ``spans`` has the first and last character (counted from 1) of each field of the layout. Each line is decoded with
    the first of ``encodings`` in which it is valid.
    """

    spans: tuple[tuple[int, int], ...] = ()
    encodings: tuple[str, ...] = ("utf-8", "windows-1252")

    def __post_init__(self) -> None:
        super().__post_init__()
        require_one_layout(self)
        where = f"FixedWidthSource({self.name!r})"
        if len(self.spans) != len(self.layouts[0].fields):
            raise DefinitionError(where, f"has {len(self.spans)} spans for {len(self.layouts[0].fields)} fields")
        for first, last in self.spans:
            if not 1 <= first <= last:
                raise DefinitionError(where, f"span {(first, last)}", ("a first character from 1, and a last one",))
        validate_encodings(where, self.encodings)

    @property
    def width(self) -> int:
        """Return the number of characters that a line must have."""
        return max(last for _, last in self.spans)

    __hash__ = Source.__hash__


@dataclass(frozen=True, eq=True)
class ParquetSource(Source):
    """Parquet files. A field's header is the name of a column with a simple type.

    A timestamp is parsed by ``Timestamp("yyyy-MM-dd HH:mm:ss.S")``, in UTC.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        require_one_layout(self)
        if self.compression:
            raise DefinitionError(f"ParquetSource({self.name!r})", "Parquet files are compressed inside", ("",))

    __hash__ = Source.__hash__


def require_one_layout(source: Source) -> None:
    """Raise DefinitionError unless ``source`` has exactly one layout."""
    if len(source.layouts) != 1:
        where = f"{type(source).__name__}({source.name!r})"
        raise DefinitionError(where, f"has {len(source.layouts)} layouts where 1 is allowed")
