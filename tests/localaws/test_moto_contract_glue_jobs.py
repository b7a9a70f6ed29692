"""Behaviour of moto that job runs need: if a test fails after an upgrade, localaws/glue must be adapted."""

from __future__ import annotations

import inspect

from moto.core.responses import ActionResult
from moto.glue import urls
from moto.glue.exceptions import GlueClientError, InvalidInputException
from moto.glue.models import GlueBackend, glue_backends
from moto.glue.responses import GlueResponse
from moto.logs.models import LogsBackend, logs_backends

from localaws.glue.backend import LocalGlueBackend
from localaws.glue.job_run import JobRun
from localaws.glue.jobs import Job


def test_the_backend_class_can_be_replaced_before_the_first_use() -> None:
    assert isinstance(inspect.getattr_static(GlueBackend, "_url_module"), property)
    assert glue_backends.backend in (GlueBackend, LocalGlueBackend)
    backend = LocalGlueBackend("us-east-1", "123456789012")
    assert backend.url_bases == urls.url_bases
    assert backend.jobs == {}


def test_requests_reach_a_method_named_after_the_operation() -> None:
    assert list(urls.url_paths) == ["{0}/$"]
    assert isinstance(GlueResponse.parameters, property)
    replaced = {"create_job", "start_job_run"}
    assert replaced <= vars(GlueResponse).keys()
    assert not {"update_job", "batch_stop_job_run"} & vars(GlueResponse).keys(), "moto has them now: compare"
    assert inspect.signature(ActionResult).parameters.keys() == {"result"}


def test_motos_answers_read_jobs_and_runs_through_these() -> None:
    source = inspect.getsource(GlueResponse)
    for call in ("glue_backend.get_job_run(", "glue_backend.get_job_runs(", "job_run.as_dict()", "job.get_name()"):
        assert call in source
    assert all(hasattr(Job, name) for name in ("get_name", "as_dict"))
    assert hasattr(JobRun, "as_dict")


def test_pages_are_cut_by_the_runs_id() -> None:
    model = GlueBackend.PAGINATION_MODEL["get_job_runs"]
    assert model["unique_attribute"] == "job_run_id"
    assert "job_run_id" in JobRun.__dataclass_fields__


def test_errors_carry_glues_code() -> None:
    error = InvalidInputException("CreateJob", "wrong")
    assert isinstance(error, GlueClientError)
    assert (error.code, error.error_type, error.message) == (400, "InvalidInputException", "wrong")


def test_logs_are_put_in_process() -> None:
    logs = logs_backends["123456789012"]["eu-west-3"]
    assert isinstance(logs, LogsBackend)
    for _ in range(2):
        logs.ensure_log_group("/group")
        logs.ensure_log_stream("/group", "stream")
    logs.put_log_events("/group", "stream", [{"timestamp": 4102444800000, "message": "too new: rejected"}])
    events, _, _ = logs.get_log_events("/group", "", "stream", "", "", 10, None, "true")
    assert events == []
