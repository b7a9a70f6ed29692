"""Entry point of ``python -m localaws``: the command line."""

import sys

from localaws.cli import main

sys.exit(main())
