"""ALTER TABLE: https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html."""

from __future__ import annotations

from localaws.redshift.errors import UnsupportedError
from localaws.redshift.sql.create_table import column_definition
from localaws.redshift.sql.table_attributes import Attributes, without_column_attributes
from localaws.redshift.sql.words import Words, literal, quoted, table_name


def alter_table(words: Words) -> tuple[str, ...]:
    """Return PostgreSQL's statements for the text after ``ALTER TABLE``."""
    schema, name = words.qualified_name()
    table = table_name(schema, name)
    if words.skip("RENAME", "TO"):
        return (f"ALTER TABLE {table} RENAME TO {quoted(words.name())}",)
    if words.skip("RENAME"):
        words.skip("COLUMN")
        old = words.name()
        words.expect("TO")
        return (f"ALTER TABLE {table} RENAME COLUMN {quoted(old)} TO {quoted(words.name())}",)
    if words.skip("ADD"):
        words.skip("COLUMN")
        text = without_column_attributes(words.sql[words.start :].rstrip("; \n"), Attributes())
        return (
            f"ALTER TABLE {table} ADD COLUMN {column_definition(text)}",
            f"SELECT rs.add_length_checks({literal(table)}::regclass)",
        )
    if words.skip("DROP"):
        words.skip("COLUMN")
        column = words.name()
        how = " CASCADE" if words.skip("CASCADE") else ""
        return (f"ALTER TABLE {table} DROP COLUMN {quoted(column)}{how}",)
    raise UnsupportedError(f"ALTER TABLE {words.peek()}", "is not on the list of supported statements")
