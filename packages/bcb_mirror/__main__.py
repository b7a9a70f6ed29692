"""``python -m bcb_mirror``."""

from bcb_mirror.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
