"""What the parties of the back office deliver on a day: files into S3 and onto the share, rows of the core system."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL

from backoffice_parties.company import Company
from backoffice_parties.core import Core
from backoffice_parties.files import rate_file
from demo.warehouse_deployment import LANDING


def drop_files(s3: Any, files: Mapping[str, bytes]) -> None:
    """Put ``files`` by their keys into the landing bucket."""
    for key, content in files.items():
        s3.put_object(Bucket=LANDING, Key=key, Body=content)


def share_rates(company: Company, day: int, folder: Path) -> None:
    """Put the exchange rates of a day into the folder of the share, once."""
    name, rates = rate_file(company, day)
    path = folder / "out" / "rates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(rates)


def change_core(company: Company, day: int, core: URL) -> None:
    """Make the tables of the core system if they are missing, and do what happens on a day after the first."""
    with psycopg.connect(core.set(drivername="postgresql").render_as_string(False)) as connection:
        system = Core(company, connection)
        system.begin()
        if day:
            system.change(day)
