"""Turn a run's settings into a worker's order: fetch files, install modules, configure Spark."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import SubprocessError
from typing import Any

from localaws.errors import JavaMissingError
from localaws.glue import spark_settings
from localaws.glue.class_archive import ClassArchive, archive_of, folder_of
from localaws.glue.errors import PreparationError
from localaws.glue.iceberg_settings import use_local_catalog
from localaws.glue.job_run import JobRun, new_run_id
from localaws.glue.process import JobProcess, caller, environment
from localaws.glue.python_modules import install_modules
from localaws.glue.run_files import fetch, jars, listed, python_libraries
from localaws.home import Home
from localaws.java import java_home
from localaws.s3.store import ObjectStore
from localaws.settings import Settings

# Arguments that Glue evaluates before the script starts and does not pass to it.
# https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
_CONSUMED = frozenset(
    {
        "--additional-python-modules",
        "--class",
        "--conf",
        "--datalake-formats",
        "--extra-files",
        "--extra-jars",
        "--extra-py-files",
        "--job-language",
        "--python-modules-installer-option",
        "--scriptLocation",
        "--user-jars-first",
    }
)

_ARCHIVE_DEADLINE, _PAUSE = 300.0, 0.1


@dataclass(frozen=True)
class Preparation:
    """Prepares the runs of one server."""

    settings: Settings
    home: Home
    store: ObjectStore
    endpoint: str

    def order(self, run: JobRun, folder: Path) -> dict[str, Any]:
        """Fetch and install what ``run`` needs into ``folder``, and return its order; raise PreparationError."""
        arguments = run.arguments
        script = fetch(self.store, run.settings["Command"].get("ScriptLocation") or "", folder / "script")
        for uri in listed(arguments.get("--extra-files", "")):
            fetch(self.store, uri, folder / "work")
        modules = install_modules(
            self.store,
            arguments.get("--additional-python-modules", ""),
            arguments.get("--python-modules-installer-option", ""),
            self.home.root / "modules",
        )
        libraries = python_libraries(self.store, arguments.get("--extra-py-files", ""), folder / "libraries")
        python_path = [*libraries, *([str(modules)] if modules else [])]
        return {
            "script": str(script),
            "arguments": script_arguments(run),
            "python_path": python_path,
            "environment": {"AWS_ACCESS_KEY_ID": caller(run.role)},
            "properties": self._properties(run, python_path) if run.kind == "glueetl" else {},
            "notes": self._notes(run),
        }

    def can_run_warm(self, run: JobRun) -> bool:
        """Return whether a process that was started before the run was known can serve it.

        A FLEX run does not use a warm process: on Glue, too, it waits for spare capacity.
        """
        if run.settings.get("ExecutionClass") == "FLEX":
            return False
        try:
            conf = spark_settings.parse_conf(run.arguments.get("--conf", ""))
        except ValueError:
            return False
        fits = run.kind == "glueetl" and run.region == self.settings.region
        return fits and spark_settings.can_run_warm(conf, run.settings["WorkerType"], "--extra-jars" in run.arguments)

    def start_warm(self, run_id: str, folder: Path) -> JobProcess:
        """A process that waits for a run; raise PreparationError if Java is missing."""
        return self._start_for_any(run_id, folder, "warm", self._archive().options())

    def make_archive(self, is_stopped: Callable[[], bool]) -> None:
        """Create the class archive of warm processes if it does not exist; return early if ``is_stopped``.

        Raises PreparationError if Java is missing or cannot create the archive.
        """
        archive = self._archive()
        try:
            archive.make(lambda options: self._warm_up_succeeds(options, is_stopped), is_stopped)
        except (OSError, SubprocessError) as error:
            raise PreparationError(f"Java could not create the class archive: {error}") from error
        if not archive.options() and not is_stopped():
            raise PreparationError(
                "the JVM that was started to write the class archive ended with an error, or not within "
                f"{_ARCHIVE_DEADLINE:.0f} seconds"
            )

    def _archive(self) -> ClassArchive:
        return archive_of(folder_of(self.home.root), self._java())

    def _warm_up_succeeds(self, archive_options: str, is_stopped: Callable[[], bool]) -> bool:
        """Return whether a JVM with these options completed the warm-up and ended by itself."""
        run_id = new_run_id()
        folder = self.home.runs / run_id
        process = self._start_for_any(run_id, folder, "archive", archive_options)
        deadline = time.monotonic() + _ARCHIVE_DEADLINE
        try:
            while (status := process.wait(_PAUSE)) is None and time.monotonic() < deadline and not is_stopped():
                pass
        finally:
            process.stop()
            shutil.rmtree(folder, ignore_errors=True)
        return status == 0

    def start_cold(self, run: JobRun, folder: Path, order: Mapping[str, Any]) -> JobProcess:
        """A process for this run only; raise PreparationError if Java is missing."""
        if run.kind == "pythonshell":
            return JobProcess(run.job_run_id, folder, "cold", self._environment(folder, run.region))
        extra = jars(self.store, run.arguments.get("--extra-jars", ""), folder / "jars")
        at_start = spark_settings.at_start(folder, run.settings["WorkerType"], extra, self.settings.java_options)
        properties = _merged(at_start, order["properties"])
        return self._start(run.job_run_id, folder, "cold", properties, run.region, self._archive().options())

    def _start_for_any(self, run_id: str, folder: Path, kind: str, java_options: str) -> JobProcess:
        """Start a process that is not bound to a run."""
        at_start = spark_settings.at_start(folder, java_options=self.settings.java_options)
        return self._start(run_id, folder, kind, at_start, self.settings.region, java_options)

    def _start(
        self, run_id: str, folder: Path, kind: str, properties: Mapping[str, str], region: str, java_options: str
    ) -> JobProcess:
        java = self._java()
        folder.mkdir(parents=True, exist_ok=True)
        settings = spark_settings.with_collector(properties)
        (folder / "spark.conf").write_text(spark_settings.as_properties_file(settings))
        log = folder / "log4j2.properties"
        log.write_text(spark_settings.LOG4J2)
        java_options = f"-Dlog4j2.configurationFile={log.as_uri()} {java_options}"
        for_java = {"JAVA_HOME": str(java), "SPARK_SUBMIT_OPTS": java_options}
        return JobProcess(run_id, folder, kind, self._environment(folder, region) | for_java)

    def _java(self) -> Path:
        try:
            return java_home(os.environ)
        except JavaMissingError as error:
            raise PreparationError(str(error)) from error

    def _environment(self, folder: Path, region: str) -> dict[str, str]:
        return environment(self.endpoint, region, folder)

    def _notes(self, run: JobRun) -> list[str]:
        """Return the differences from Glue that affect this run, for its error log."""
        conf = spark_settings.parse_conf(run.arguments.get("--conf", ""))
        _, redirected = use_local_catalog(conf, self.endpoint)
        notes = [f"Iceberg catalog {name!r} uses the local REST catalog {self.endpoint}/iceberg" for name in redirected]
        if run.arguments.get("--job-bookmark-option", "job-bookmark-disable") != "job-bookmark-disable":
            notes.append("job bookmarks are not kept: every run sees all its input")
        named = "iceberg" in run.arguments.get("--datalake-formats", "") or "--extra-jars" in run.arguments
        if not named and any("org.apache.iceberg" in value for value in conf.values()):
            notes.append("Iceberg works here, but on Glue this job needs --datalake-formats iceberg")
        return notes

    def _properties(self, run: JobRun, python_path: list[str]) -> dict[str, str]:
        """Return the settings that depend on the run: cores, buckets, path of Python workers, the job's ``--conf``."""
        try:
            conf = spark_settings.parse_conf(run.arguments.get("--conf", ""))
        except ValueError as error:
            raise PreparationError(str(error)) from error
        conf, _ = use_local_catalog(conf, self.endpoint)
        buckets = {bucket: self.store.buckets.folder(bucket) for bucket in self.store.buckets.names()}
        properties = {
            "spark.app.name": run.job_name,
            "spark.master": f"local[{spark_settings.cores(run.settings['NumberOfWorkers'])}]",
            "spark.executorEnv.PYTHONPATH": os.pathsep.join(python_path),
            "spark.executorEnv.AWS_ACCESS_KEY_ID": caller(run.role),
            **spark_settings.mounts(buckets),
        }
        return properties | conf


def script_arguments(run: JobRun) -> list[str]:
    """``sys.argv[1:]`` of the script."""
    passed = {name: value for name, value in run.arguments.items() if name not in _CONSUMED}
    passed |= {"--JOB_ID": run.job_name, "--JOB_RUN_ID": run.job_run_id, "--JOB_NAME": run.job_name}
    return [word for pair in passed.items() for word in pair]


def _merged(below: Mapping[str, str], above: Mapping[str, str]) -> dict[str, str]:
    """Merge two sets of settings: ``above`` wins, but a class path or Java options that both contain are joined."""
    joined = {**below, **above}
    for name, separator in (("spark.driver.extraClassPath", os.pathsep), ("spark.driver.extraJavaOptions", " ")):
        if name in below and name in above:
            joined[name] = below[name] + separator + above[name]
    return joined
