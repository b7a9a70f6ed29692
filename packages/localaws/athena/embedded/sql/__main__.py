"""Prints the list of supported SQL: `python -m localaws.athena.embedded.sql > docs/athena_sql.md`."""

from __future__ import annotations

import sys

from localaws.athena.embedded.sql.support import page

if __name__ == "__main__":
    sys.stdout.write(page())
