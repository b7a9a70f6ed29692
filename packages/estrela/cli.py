"""The command line ``estrela ledger ...``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

USAGE = "usage: estrela ledger COMMAND ...; estrela ledger --help lists the commands"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words[:1] != ["ledger"]:
        print(USAGE, file=sys.stderr)
        return 2
    import boto3

    from estrela.ledger_commands.main import main as ledger
    from estrela.warehouse_parts import WarehouseParts

    return ledger(words[1:], lambda: WarehouseParts(os.environ, boto3.Session()))


if __name__ == "__main__":
    sys.exit(main())
