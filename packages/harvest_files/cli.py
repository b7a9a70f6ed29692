"""``harvest-files FOLDER``: write the files of one day of an invented external client into a folder."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from harvest_files.day import Day
from harvest_files.files import files


def main() -> None:
    """Read the arguments and write the files."""
    parser = argparse.ArgumentParser(description="Write the files of an invented external client's day.")
    parser.add_argument("folder", type=Path)
    for option in fields(Day):
        name = f"--{option.name.replace('_', '-')}"
        if option.default is False:
            parser.add_argument(name, action="store_true")
        else:
            parser.add_argument(name, type=type(option.default), default=option.default)
    options = vars(parser.parse_args())
    folder = options.pop("folder")
    for key, parts in files(Day(**options)):
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.writelines(parts)


if __name__ == "__main__":
    main()
