"""The script of every Glue job: read the arguments, build the step, run it, commit last.

Arguments: --JOB_NAME (Glue gives it), --star, --entity, --phase, --lake, --run_key, and optionally --params,
--full_refresh, --source_host and --athena_workgroup; `estrela.settings` reads and checks them, `ETLFactory` builds the
step they ask for.
What is particular to an account (the catalog behind the name `lake`, the libraries) is configuration of the job.
"""

import sys

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import SparkSession

from estrela.etl_factory import ETLFactory


def main() -> None:
    """Run the step that the arguments name."""
    options = getResolvedOptions(sys.argv, ["JOB_NAME"])
    job: list[Job] = []

    def spark() -> SparkSession:
        context = GlueContext(SparkContext.getOrCreate())
        job.append(Job(context))
        job[0].init(options["JOB_NAME"], options)
        session: SparkSession = context.spark_session
        session.conf.set("spark.sql.ansi.enabled", "true")
        session.conf.set("spark.sql.session.timeZone", "UTC")
        return session

    ETLFactory.run(sys.argv[1:], spark, options["JOB_NAME"])
    if job:
        job[0].commit()


if __name__ == "__main__":
    main()
