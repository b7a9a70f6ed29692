"""``retail-files FOLDER``: write the files of the shop into a folder."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from retail_files.files import files
from retail_files.shop import Shop


def main() -> None:
    """Read the arguments and write the files."""
    parser = argparse.ArgumentParser(description="Write the files of an invented shop, of any size.")
    parser.add_argument("folder", type=Path)
    for field in fields(Shop):
        if field.name != "first_day":
            parser.add_argument(f"--{field.name.replace('_', '-')}", type=int, default=field.default)
    options = vars(parser.parse_args())
    folder = options.pop("folder")
    for key, content in files(Shop(**options)):
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
