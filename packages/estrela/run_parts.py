"""Components of the steps of a run: the lake's layers, each with its own client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from estrela.errors import SettingsError
from estrela.etl.accounts.quarantine import Quarantine
from estrela.etl.raw.layer import RawLayer
from estrela.etl.raw.world_record import WorldRecord
from estrela.etl.releases.claim import Claim
from estrela.etl.releases.manifests import Manifests
from estrela.etl.releases.switch import Switch
from estrela.etl.releases.views import AthenaViews
from estrela.hooks.athena import AthenaQueries
from estrela.hooks.json_objects import S3JsonObjects
from estrela.model.star import Star
from estrela.settings import Settings

if TYPE_CHECKING:
    import boto3
    from pyspark.sql import SparkSession

    from estrela.etl.loaders.lake import LakeLoader

WAREHOUSE = "spark.sql.catalog.lake.warehouse"
"""Root of the catalog's tables, derived only from ``--lake``."""


@dataclass(frozen=True)
class RunParts:
    """The components of one run, built from its settings. ``spark`` is called only by :meth:`lake`.

    ``job`` is the Glue job that the run belongs to; "" outside of Glue.
    """

    settings: Settings
    spark: Callable[[], SparkSession]
    session: boto3.Session
    job: str = ""

    @property
    def root(self) -> str:
        """Root of the lake; tables are below ``warehouse``, received files below ``raw``."""
        return f"s3://{self.settings.lake}"

    def switch(self, star: Star) -> Switch:
        """Return the switch that moves readers from one release to another."""
        manifests = self.manifests(star)
        client, place = self.session.client("athena"), f"{self.root}/athena/"
        views = AthenaViews(AthenaQueries(client, workgroup=self.settings.workgroup, output=place))
        claim = Claim(manifests.objects, star.name, self.settings.run_key, self._active_branches)
        return Switch(manifests, views, claim, f"{self.root}/{manifests.pointer_prefix}")

    def world(self) -> WorldRecord:
        """Return the record of the world from which the lake takes its data."""
        return WorldRecord(self.session.client("s3"), self.settings.lake)

    def manifests(self, star: Star) -> Manifests:
        """Return the manifests of the star's releases."""
        return Manifests(self._objects(), star.name)

    def quarantine(self) -> Quarantine:
        """Return the operators' decisions on files of the star."""
        return Quarantine(self._objects(), self.settings.star)

    def _objects(self) -> S3JsonObjects:
        return S3JsonObjects(self.session.client("s3"), self.settings.lake)

    def _active_branches(self) -> set[str]:
        """Return the branches of runs that are active now; empty if this is not a Glue job."""
        from estrela.etl.run_key import branch_of
        from estrela.hooks.glue_runs import active_run_keys

        if not self.job:
            return set()
        return {branch_of(key) for key in active_run_keys(self.session.client("glue"), self.job)}

    def raw(self) -> RawLayer:
        """Return the raw layer of the star."""
        return RawLayer(self.session.client("s3"), self.settings.lake, f"raw/{self.settings.star}")

    def lake(self) -> LakeLoader:
        """Return the star's tables as this run sees them; starts Spark.

        Raises SettingsError if the job's ``--conf`` places the tables elsewhere.
        """
        from estrela.etl.loaders.lake import LakeLoader

        session = self.spark()
        session.conf.set(WAREHOUSE, self._warehouse(session.conf.get(WAREHOUSE, "")))
        return LakeLoader(session, self.settings.star, self.settings.run_key)

    def _warehouse(self, configured: str) -> str:
        """Return the folder of the lake's tables. Raises SettingsError if the job's ``--conf`` names another."""
        warehouse = f"{self.root}/warehouse"
        if configured.rstrip("/") not in ("", warehouse):
            problem = f"{WAREHOUSE} is {configured!r}, but --lake {self.settings.lake} requires {warehouse!r}"
            raise SettingsError("--conf", f"{problem}; remove it from --conf")
        return warehouse
