"""The deployed Glue job of the platform, run by the Spark of a Glue version with Iceberg's and Hadoop's own classes."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from client_environments import Environment
from deployed_platform import DeployedPlatform
from iceberg_jars import java_settings, local_settings

import localaws
from demo.deployment import JOB, LAKE
from estrela.model import plan
from localaws.glue.spark_settings import as_properties_file, parse_conf
from localaws.java import java_home

STAR = "banking"
SECONDS = 3600.0
SHIM = Path(localaws.__file__).parent / "glue" / "shim"


@dataclass(frozen=True)
class GlueStar:
    """Runs the script of the job that is deployed on ``platform``, in the environment of a Glue version.

    The job's own ``--conf`` selects the catalog; only the local endpoints are added.
    """

    name: str
    environment: Environment
    platform: DeployedPlatform
    folder: Path

    def run(self, step: plan.Step, run: str, **arguments: str) -> str:
        """Run one step of the DAG run ``run``, as Glue would, and return the output of its process."""
        given = {
            "JOB_NAME": JOB,
            "star": STAR,
            "entity": step.entity,
            "phase": step.phase,
            "lake": LAKE,
            "run_key": f"{run}/{step.name}",
            **arguments,
        }
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        script = str(self._fetch(self._job["Command"]["ScriptLocation"]))
        variables = self._variables()
        return self.environment.run("python", script, *words, folder=self.folder, variables=variables, seconds=SECONDS)

    def settings(self) -> dict[str, str]:
        """Return the settings of Spark: the job's ``--conf``, the jars and the local endpoints."""
        aws = self.platform.aws
        return {
            "spark.master": "local[2]",
            "spark.sql.shuffle.partitions": "4",
            "spark.sql.warehouse.dir": str(self.folder / "warehouse"),
            **java_settings(self.name),
            **local_settings(aws.endpoint, aws.region),
            **parse_conf(self._job["DefaultArguments"]["--conf"]),
        }

    def _variables(self) -> dict[str, str]:
        wheel = self._fetch(self._job["DefaultArguments"]["--extra-py-files"])
        properties = self.folder / "spark.conf"
        properties.write_text(as_properties_file(self.settings()))
        return self.platform.aws.env | {
            "JAVA_HOME": str(java_home(os.environ)),
            "PYTHONPATH": os.pathsep.join([str(wheel), str(SHIM)]),
            "PYSPARK_PYTHON": str(self.environment.programs / "python"),
            "PYSPARK_SUBMIT_ARGS": f"--properties-file {shlex.quote(str(properties))} pyspark-shell",
            "SPARK_LOCAL_DIRS": str(self.folder / "spark"),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
        }

    @cached_property
    def _job(self) -> dict[str, Any]:
        return dict(self.platform.aws.client("glue").get_job(JobName=JOB)["Job"])

    def _fetch(self, uri: str) -> Path:
        """Copy an object of the lake's bucket into the folder, once."""
        key = uri.removeprefix(f"s3://{LAKE}/")
        file = self.folder / Path(key).name
        if not file.exists():
            self.platform.aws.client("s3").download_file(LAKE, key, str(file))
        return file
