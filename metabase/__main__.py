"""``python -m metabase``."""

import sys

from metabase.cli import main

if __name__ == "__main__":
    sys.exit(main())
