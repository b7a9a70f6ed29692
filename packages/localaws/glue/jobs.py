"""Job definitions and the operations on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from moto.glue.exceptions import JobRunNotFoundException
from moto.glue.models import GlueBackend
from moto.utilities.paginator import paginate

from localaws.glue.errors import JobAlreadyExistsError
from localaws.glue.job_rules import complete_job, complete_run
from localaws.glue.job_run import JobRun
from localaws.glue.runs import Runs


@dataclass
class Job:
    """A job as CreateJob or UpdateJob defined it; ``definition`` has Glue's field names and defaults."""

    name: str
    arn: str
    definition: dict[str, Any]
    created_on: datetime = field(default_factory=lambda: datetime.now(UTC))
    last_modified_on: datetime = field(default_factory=lambda: datetime.now(UTC))

    def get_name(self) -> str:
        """The name; moto's ListJobs calls this."""
        return self.name

    def as_dict(self) -> dict[str, Any]:
        """The job as GetJob shows it."""
        return {**self.definition, "CreatedOn": self.created_on, "LastModifiedOn": self.last_modified_on}


class JobOperations(GlueBackend):
    """The operations of a Glue backend on jobs and runs."""

    # Set when the server is composed: moto itself creates one backend per account and region.
    runs: ClassVar[Runs]

    def define_job(self, request: Mapping[str, Any]) -> str:
        """CreateJob; raise InvalidInputException or JobAlreadyExistsError."""
        definition = complete_job(request, "CreateJob")
        name = str(definition["Name"])
        if name in self.jobs:
            raise JobAlreadyExistsError(name)
        self.jobs[name] = Job(name, self._arn(name), definition)
        self.tag_resource(self._arn(name), request.get("Tags") or {})
        return name

    def delete_job(self, name: str) -> None:
        """DeleteJob; also delete its tags, so that a later job with that name does not get them."""
        super().delete_job(name)
        self.tagger.delete_all_tags_for_resource(self._arn(name))

    def redefine_job(self, name: str, update: Mapping[str, Any]) -> str:
        """UpdateJob: the update replaces the whole definition; raise InvalidInputException or JobNotFoundException."""
        job = self.get_job(name)
        job.definition = complete_job({**update, "Name": name}, "UpdateJob")
        job.last_modified_on = datetime.now(UTC)
        return name

    def begin_run(self, name: str, request: Mapping[str, Any]) -> str:
        """StartJobRun; return the new run's ID.

        Raises JobNotFoundException, JobRunNotFoundException (for a ``JobRunId`` to run again), InvalidInputException or
        ConcurrentRunsExceededException.
        """
        definition = self.get_job(name).definition
        previous = request.get("JobRunId") or ""
        if previous:
            again = self.get_job_run(name, previous)
            request = {**request, "Arguments": request.get("Arguments") or again.arguments}
        settings = complete_run(definition, request, "StartJobRun")
        queue = bool(request.get("JobRunQueuingEnabled", definition.get("JobRunQueuingEnabled")))
        return self.runs.begin(self._key(name), settings, previous, queue)

    def stop_runs(self, name: str, run_ids: list[str]) -> dict[str, list[dict[str, Any]]]:
        """BatchStopJobRun; return before the processes have ended: until then the runs are STOPPING."""
        stopped, errors = [], []
        for run_id in run_ids:
            error = self.runs.stop_run(self._key(name), run_id)
            answer: dict[str, Any] = {"JobName": name, "JobRunId": run_id}
            if error:
                errors.append(answer | {"ErrorDetail": error})
            else:
                stopped.append(answer)
        return {"SuccessfulSubmissions": stopped, "Errors": errors}

    def get_job_run(self, name: str, run_id: str) -> JobRun:
        """One run; raise JobNotFoundException or JobRunNotFoundException."""
        run = self.runs.history.find(self._key(name), run_id)
        if run:
            return run
        self.get_job(name)
        raise JobRunNotFoundException(run_id)

    @paginate(pagination_model=GlueBackend.PAGINATION_MODEL)  # type: ignore[untyped-decorator]
    def get_job_runs(self, job_name: str) -> list[JobRun]:
        """The runs of a job, newest first; they are kept when the job is deleted. Raises JobNotFoundException."""
        runs = self.runs.history.of_job(self._key(job_name))
        if not runs:
            self.get_job(job_name)
        return runs

    def _arn(self, name: str) -> str:
        return f"arn:{self.partition}:glue:{self.region_name}:{self.account_id}:job/{name}"

    def _key(self, name: str) -> tuple[str, str, str]:
        return self.account_id, self.region_name, name
