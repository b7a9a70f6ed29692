"""``backoffice-parties FOLDER``: write the parties' files into a folder, one of them damaged if requested."""

from __future__ import annotations

import argparse
from pathlib import Path

from backoffice_parties.company import Company
from backoffice_parties.files import branch_file, damaged, rate_file, settlement_files


def main() -> None:
    """Read the arguments and write the files."""
    parser = argparse.ArgumentParser(description="Write the files of invented parties of a back office.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--seed", type=int, default=Company.seed)
    parser.add_argument("--settlements", type=int, default=Company.settlements, help="of each file")
    parser.add_argument("--damage", action="store_true", help="break off the settlements of the last day")
    given = parser.parse_args()
    company = Company(seed=given.seed, settlements=given.settlements)
    for day in range(given.days):
        name, rates = rate_file(company, day)
        for key, content in (*settlement_files(company, day), branch_file(company, day), (f"rates/{name}", rates)):
            is_damaged = given.damage and day == given.days - 1 and key.startswith("card_settlements/")
            path = given.folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(damaged(content) if is_damaged else content)


if __name__ == "__main__":
    main()
