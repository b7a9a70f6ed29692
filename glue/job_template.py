"""The script of every Glue job: read the arguments, build the step, run it, commit last.

Arguments: --JOB_NAME (set by Glue), --star, --entity, --phase, --lake, --run_key, and optionally --params,
--full_refresh, --source_host and --athena_workgroup; or, for a feed, --feed, --phase, --run_key, --landing, --archive,
--warehouse_secret and optionally --pii_secret and --root_certificate. `estrela.settings` and `estrela.feed_settings`
parse and check them, and `ETLFactory` builds the requested step. Spark is imported and started only if the step needs
it. Settings that depend on the AWS account (the catalog named `lake`, the libraries) are in the job's configuration.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from awsglue.utils import getResolvedOptions

from estrela.etl_factory import ETLFactory

if TYPE_CHECKING:
    from awsglue.job import Job
    from pyspark.sql import SparkSession


def main() -> None:
    """Run the step that the arguments describe."""
    options = getResolvedOptions(sys.argv, ["JOB_NAME"])
    job: list[Job] = []

    def spark() -> SparkSession:
        from awsglue.context import GlueContext
        from awsglue.job import Job
        from pyspark.context import SparkContext

        context = GlueContext(SparkContext.getOrCreate())
        job.append(Job(context))
        job[0].init(options["JOB_NAME"], options)
        session: SparkSession = context.spark_session
        session.conf.set("spark.sql.ansi.enabled", "true")
        session.conf.set("spark.sql.session.timeZone", "UTC")
        # Otherwise Spark 4 ends the step at windows-1252 and at bytes that are not text; the readers refuse their row.
        session.conf.set("spark.sql.legacy.javaCharsets", "true")
        session.conf.set("spark.sql.legacy.codingErrorAction", "true")
        return session

    ETLFactory.run(sys.argv[1:], spark, options["JOB_NAME"])
    if job:
        job[0].commit()


if __name__ == "__main__":
    main()
