"""Glue operations that moto lacks, or answers without effect."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult
from moto.glue.exceptions import JsonRESTError

from localaws.glue.catalog_responses import CatalogResponses
from localaws.glue.column_statistics import ColumnStatisticsResponses
from localaws.glue.table_search import TableSearchResponses


class LocalGlueResponse(CatalogResponses, ColumnStatisticsResponses, TableSearchResponses):
    """moto's Glue API, with job runs that really run and a catalog with pages, optimistic locks and filters."""

    def create_job(self) -> ActionResult:
        """CreateJob."""
        return ActionResult({"Name": self.glue_backend.define_job(self.parameters)})

    def update_job(self) -> ActionResult:
        """UpdateJob."""
        name = self.glue_backend.redefine_job(self.parameters["JobName"], self.parameters["JobUpdate"])
        return ActionResult({"JobName": name})

    def start_job_run(self) -> ActionResult:
        """StartJobRun."""
        return ActionResult({"JobRunId": self.glue_backend.begin_run(self.parameters["JobName"], self.parameters)})

    def batch_stop_job_run(self) -> ActionResult:
        """BatchStopJobRun."""
        return ActionResult(self.glue_backend.stop_runs(self.parameters["JobName"], self.parameters["JobRunIds"]))

    def update_connection(self) -> EmptyResult:
        """UpdateConnection."""
        self.glue_backend.update_connection(self.parameters["Name"], self.parameters["ConnectionInput"])
        return EmptyResult()

    def delete_connection(self) -> EmptyResult:
        """DeleteConnection."""
        self.glue_backend.delete_connection(self.parameters["ConnectionName"])
        return EmptyResult()

    def batch_delete_connection(self) -> ActionResult:
        """BatchDeleteConnection."""
        succeeded, errors = [], {}
        for name in self.parameters["ConnectionNameList"]:
            try:
                self.glue_backend.delete_connection(name)
            except JsonRESTError as error:
                errors[name] = {"ErrorCode": error.relative_error_type, "ErrorMessage": error.message}
            else:
                succeeded.append(name)
        return ActionResult({"Succeeded": succeeded, "Errors": errors})
