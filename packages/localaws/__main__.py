"""``python -m localaws`` is the command line."""

import sys

from localaws.cli import main

sys.exit(main())
