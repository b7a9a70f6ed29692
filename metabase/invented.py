"""Marks a site with invented data on every dashboard and in every source line."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import SettingsError
from estrela.etl.raw.world_record import WorldRecord
from estrela.etl.star_tables import StarTables
from estrela.world import DECLARED
from metabase.model import Site

CHOICES = ("lake", "real", "invented")
"""Values of ``--data``: read the origin of the data from the lake's record, or state it."""
NOTE = "Invented data: no name and no figure here is real."
REAL_WORLDS = ("", DECLARED, "real")
"""Worlds in a lake's record that contain real data: the declared hosts, and a folder of real files."""


def marked(site: Site) -> Site:
    """Return ``site`` with a note on its pages, dashboards and sources."""
    questions = tuple(replace(question, source=_source(question.source)) for question in site.questions)
    dashboards = tuple(
        replace(
            dashboard,
            description=f"{NOTE} {dashboard.description}",
            source=_source(dashboard.source) if dashboard.source else "",
        )
        for dashboard in site.dashboards
    )
    return replace(site, note=NOTE, questions=questions, dashboards=dashboards)


def marked_by_lake(site: Site, session: object) -> Site:
    """Return ``site``, marked if the lake's record names a stand-in with invented data. Raises SettingsError.

    ``session`` creates boto3 clients by name: ``session.client("s3")``.
    """
    return marked(site) if _world(site.star, session) not in REAL_WORLDS else site


def _world(star: str, session: object) -> str:
    files = StarTables(star).files
    try:
        glue, s3 = session.client("glue"), session.client("s3")  # type: ignore[attr-defined]
        table = glue.get_table(DatabaseName=files.database, Name=files.name)["Table"]
        return WorldRecord(s3, urlsplit(table["StorageDescriptor"]["Location"]).netloc).name()
    except (BotoCoreError, ClientError) as error:
        problem = f"the lake does not say whether its data is invented ({error}); give --data real or --data invented"
        raise SettingsError("--data", problem) from error


def _source(source: str) -> str:
    own = source.startswith(("Estrela, ", "DataHarvest, "))
    return f"{source}, about invented data" if own else f"Invented data in the form of: {source}"
