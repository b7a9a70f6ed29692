"""The pictures: an overview, and one per part.

Each node names the types of the Terraform resources that it represents. A test compares the nodes with the plans: every
node needs a resource, and every resource a node or a reason why it is not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Node:
    """A node: ``icon`` is a class of the library diagrams, such as ``aws.storage.S3``; ``kinds`` are resource types."""

    icon: str
    label: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A picture: groups of nodes by key, and labelled edges between keys."""

    title: str
    groups: Mapping[str, Mapping[str, Node]]
    edges: tuple[tuple[str, str, str], ...] = field(default=())


GLUE = Node("aws.analytics.Glue", "Glue job", ("aws_glue_job", "aws_glue_security_configuration"))
LAKE = Node("aws.storage.S3", "lake: raw, Iceberg", ("aws_s3_bucket",))
CODE = Node("aws.storage.S3", "code", ("aws_s3_bucket", "aws_s3_object"))
CATALOG = Node(
    "aws.analytics.GlueDataCatalog",
    "catalog",
    ("aws_glue_catalog_database", "aws_glue_data_catalog_encryption_settings"),
)
ATHENA = Node("aws.analytics.Athena", "workgroups", ("aws_athena_workgroup",))
KEY = Node("aws.security.KMS", "one key for everything", ("aws_kms_key", "aws_kms_alias"))
SECRETS = Node(
    "aws.security.SecretsManager", "secrets", ("aws_secretsmanager_secret", "aws_secretsmanager_secret_version")
)
TOPIC = Node("aws.integration.SNS", "alarms", ("aws_sns_topic", "aws_sns_topic_subscription"))
BALANCER = Node(
    "aws.network.ALB", "HTTPS", ("aws_lb", "aws_lb_listener", "aws_lb_listener_rule", "aws_lb_target_group")
)
WAF = Node("aws.security.WAF", "AWS WAF (option)", ("aws_wafv2_web_acl",))
DNS = Node("aws.network.Route53", "names, certificate", ("aws_route53_record", "aws_acm_certificate"))
DATABASE = Node("aws.database.RDS", "PostgreSQL", ("aws_db_instance",))
FILES = Node("aws.storage.EFS", "DAG releases", ("aws_efs_file_system", "aws_efs_access_point", "aws_efs_mount_target"))
QUEUE = Node("aws.integration.SQS", "broker", ("aws_sqs_queue",))
IMAGES = Node("aws.compute.ECR", "images", ("aws_ecr_repository",))
FUNCTION = ("aws_lambda_function", "aws_lambda_event_source_mapping")
ARRIVALS = Node("aws.integration.SQS", "arrivals,\ndead letters", ("aws_sqs_queue",))
WAREHOUSE = Node("aws.database.RDS", "PostgreSQL: ledger,\nwarehouse, DataHarvest", ("aws_db_instance",))
SERVICES = ("aws_ecs_service", "aws_ecs_task_definition")
PEOPLE = Node("onprem.client.Users", "people")
SOURCES = Node("generic.place.Datacenter", "sources: REST, CSV")

PICTURES: Mapping[str, Picture] = {
    "overview": Picture(
        "Estrela on AWS",
        {
            "": {"sources": SOURCES, "people": PEOPLE},
            "Platform": {
                "airflow": Node("aws.compute.ECS", "Airflow on ECS", SERVICES),
                "mwaa": Node(
                    "aws.management.AmazonManagedWorkflowsApacheAirflow", "or Amazon MWAA", ("aws_mwaa_environment",)
                ),
                "metabase": Node("onprem.analytics.Metabase", "Metabase on ECS", SERVICES),
            },
            "Star": {"glue": GLUE, "lake": LAKE, "catalog": CATALOG, "athena": ATHENA},
            "Operations": {"topic": TOPIC, "key": KEY},
        },
        (
            ("airflow", "glue", "starts and polls"),
            ("mwaa", "glue", ""),
            ("sources", "glue", "https"),
            ("glue", "lake", "raw, trusted, refined"),
            ("glue", "catalog", ""),
            ("athena", "lake", "reads"),
            ("athena", "catalog", ""),
            ("metabase", "athena", "asks"),
            ("people", "metabase", "dashboards"),
            ("airflow", "topic", "a task failed"),
        ),
    ),
    "star": Picture(
        "Star: from the sources to Athena",
        {
            "": {"sources": SOURCES, "airflow": Node("onprem.workflow.Airflow", "Airflow")},
            "Glue": {"glue": GLUE, "code": CODE},
            "Lake": {"lake": LAKE, "catalog": CATALOG, "athena": ATHENA},
            "Security": {"key": KEY, "secrets": SECRETS},
        },
        (
            ("airflow", "glue", "one run per step"),
            ("airflow", "secrets", "Variables"),
            ("code", "glue", "wheel and its wheels"),
            ("sources", "glue", ""),
            ("glue", "lake", "branch, check, publish"),
            ("glue", "catalog", ""),
            ("athena", "lake", ""),
            ("key", "lake", "encrypts"),
        ),
    ),
    "airflow": Picture(
        "Airflow on ECS",
        {
            "": {"people": PEOPLE},
            "Edge": {"dns": DNS, "waf": WAF, "balancer": BALANCER},
            "Private subnets": {
                "api": Node(
                    "aws.compute.ECS",
                    "API server",
                    (*SERVICES, "aws_ecs_cluster", "aws_service_discovery_http_namespace"),
                ),
                "scheduler": Node("aws.compute.ECS", "scheduler, triggerer,\nDAG processor, metrics", SERVICES),
                "worker": Node("aws.compute.ECS", "workers on Spot", (*SERVICES, "aws_appautoscaling_policy")),
                "database": DATABASE,
                "files": FILES,
                "endpoints": Node(
                    "aws.network.Endpoint", "endpoints (or NAT)", ("aws_vpc_endpoint", "aws_nat_gateway")
                ),
            },
            "AWS": {"queue": QUEUE, "images": IMAGES, "glue": GLUE, "secrets": SECRETS},
        },
        (
            ("people", "dns", ""),
            ("dns", "balancer", ""),
            ("waf", "balancer", ""),
            ("balancer", "api", "pages only"),
            ("worker", "api", "execution API"),
            ("scheduler", "queue", "tasks"),
            ("queue", "worker", ""),
            ("scheduler", "database", "metadata"),
            ("api", "database", ""),
            ("files", "worker", "read-only"),
            ("files", "scheduler", "read-only"),
            ("worker", "endpoints", ""),
            ("endpoints", "glue", ""),
            ("endpoints", "secrets", ""),
            ("images", "api", ""),
        ),
    ),
    "metabase": Picture(
        "Metabase on ECS",
        {
            "": {"people": PEOPLE},
            "Edge": {"dns": DNS, "balancer": BALANCER},
            "Private subnets": {
                "metabase": Node("onprem.analytics.Metabase", "Metabase", SERVICES),
                "provision": Node("aws.compute.ECS", "provisioner, runs once", ("aws_ecs_task_definition",)),
                "names": Node("aws.network.CloudMap", "private name", ("aws_service_discovery_service",)),
                "database": DATABASE,
            },
            "Lake": {"athena": ATHENA, "lake": LAKE},
        },
        (
            ("people", "dns", ""),
            ("dns", "balancer", ""),
            ("balancer", "metabase", ""),
            ("provision", "names", "dashboards"),
            ("names", "metabase", ""),
            ("metabase", "database", "its own data"),
            ("metabase", "athena", "by its role"),
            ("athena", "lake", ""),
        ),
    ),
    "feeds": Picture(
        "Feeds: from files to the warehouse",
        {
            "": {"parties": Node("onprem.client.Users", "other parties")},
            "Files": {
                "landing": Node("aws.storage.S3", "landing", ("aws_s3_bucket", "aws_s3_bucket_notification")),
                "archive": Node("aws.storage.S3", "archive", ("aws_s3_bucket",)),
                "arrivals": ARRIVALS,
            },
            "Functions": {
                "register": Node("aws.compute.Lambda", "register_file", FUNCTION),
                "metrics": Node("aws.compute.Lambda", "ledger_metrics,\nledger_schema", FUNCTION),
                "rotation": Node("aws.compute.Lambda", "rotate_database_secret", FUNCTION),
            },
            "Warehouse": {
                "runs": Node("aws.analytics.Glue", "Glue job of the feeds", ("aws_glue_job", "aws_glue_connection")),
                "warehouse": WAREHOUSE,
                "redshift": Node(
                    "aws.analytics.Redshift",
                    "Redshift Serverless (option)",
                    ("aws_redshiftserverless_workgroup", "aws_redshiftserverless_namespace"),
                ),
                "source": Node(
                    "aws.database.Aurora", "example source (option)", ("aws_rds_cluster", "aws_rds_cluster_instance")
                ),
            },
            "Operations": {
                "secrets": Node(
                    "aws.security.SecretsManager",
                    "logins",
                    ("aws_secretsmanager_secret", "aws_secretsmanager_secret_rotation"),
                ),
                "alarms": Node("aws.management.Cloudwatch", "late feed, oldest New", ("aws_cloudwatch_metric_alarm",)),
                "mail": Node("aws.engagement.SimpleEmailServiceSes", "sender", ("aws_sesv2_email_identity",)),
            },
        },
        (
            ("parties", "landing", "drop files"),
            ("landing", "arrivals", "created"),
            ("arrivals", "register", ""),
            ("register", "warehouse", "ledger"),
            ("landing", "runs", "started by a DAG"),
            ("runs", "warehouse", "loads"),
            ("runs", "redshift", "COPY"),
            ("runs", "archive", "after the commit"),
            ("source", "runs", "extracted"),
            ("secrets", "rotation", "every 30 days"),
            ("rotation", "warehouse", "new password"),
            ("metrics", "alarms", "every 5 minutes"),
        ),
    ),
    "dataharvest": Picture(
        "DataHarvest: one message per client and portfolio",
        {
            "": {
                "clients": Node("onprem.client.Users", "external clients"),
                "consumers": Node("generic.place.Datacenter", "consumers"),
            },
            "Deliveries": {
                "bucket": Node("aws.storage.S3", "deliveries", ("aws_s3_bucket", "aws_s3_bucket_notification")),
                "arrivals": ARRIVALS,
                "persistence": Node("aws.compute.Lambda", "persistence", FUNCTION),
            },
            "Choreography": {
                "metastore": Node("aws.database.Dynamodb", "metastore: flags", ("aws_dynamodb_table",)),
                "dispatcher": Node("aws.compute.Lambda", "dispatcher", FUNCTION),
                "stages": Node("aws.integration.SQS", "a queue per stage", ("aws_sqs_queue",)),
                "transformers": Node("aws.compute.Lambda", "relationship, deposits,\ntax, transactions", FUNCTION),
                "catapult": Node("aws.compute.Lambda", "catapult", FUNCTION),
                "failed": Node("aws.storage.S3", "failed batches", ("aws_s3_bucket",)),
                "metrics": Node("aws.compute.Lambda", "metrics", FUNCTION),
            },
            "Data": {
                "warehouse": WAREHOUSE,
                "key": Node("aws.security.KMS", "key of names", ("aws_kms_key", "aws_kms_alias")),
                "messages": Node("aws.integration.SQS", "messages (FIFO)", ("aws_sqs_queue",)),
            },
        },
        (
            ("clients", "bucket", "four files a day"),
            ("bucket", "arrivals", "created"),
            ("arrivals", "persistence", ""),
            ("persistence", "warehouse", "rows"),
            ("persistence", "metastore", "flag"),
            ("metastore", "dispatcher", "stream"),
            ("dispatcher", "stages", "what is ready"),
            ("dispatcher", "failed", "given up"),
            ("stages", "transformers", ""),
            ("stages", "catapult", ""),
            ("transformers", "warehouse", "set-based SQL"),
            ("transformers", "metastore", "flag"),
            ("catapult", "messages", "from the outbox"),
            ("key", "persistence", "data keys"),
            ("messages", "consumers", ""),
        ),
    ),
    "large_deliveries": Picture(
        "DataHarvest: large deliveries (option)",
        {
            "": {"deliveries": Node("aws.storage.S3", "deliveries", ("aws_s3_bucket",))},
            "Chunks": {
                "persistence": Node("aws.compute.Lambda", "persistence", FUNCTION),
                "splitter": Node("aws.compute.Lambda", "splitter", FUNCTION),
                "loader": Node("aws.compute.Lambda", "chunk persistence", FUNCTION),
                "chunks": Node("aws.database.Dynamodb", "chunks, progress", ("aws_dynamodb_table",)),
            },
            "Portfolios": {
                "announcer": Node("aws.compute.Lambda", "announcer", FUNCTION),
                "bus": Node("aws.integration.Eventbridge", "bus", ("aws_cloudwatch_event_bus",)),
                "streams": Node("aws.analytics.KinesisDataStreams", "deposits, transactions", ("aws_kinesis_stream",)),
                "transformers": Node("aws.compute.Lambda", "deposits, transactions", FUNCTION),
            },
            "Data": {"warehouse": WAREHOUSE},
        },
        (
            ("deliveries", "persistence", "more than 64 MiB"),
            ("persistence", "splitter", "by a queue"),
            ("splitter", "loader", "a message per chunk"),
            ("splitter", "chunks", "plan"),
            ("loader", "warehouse", "rows"),
            ("loader", "chunks", "progress"),
            ("announcer", "bus", "an event per portfolio"),
            ("bus", "streams", "a rule each"),
            ("streams", "transformers", "batches"),
            ("transformers", "warehouse", "each portfolio once"),
            ("transformers", "announcer", "next wave"),
        ),
    ),
    "operations": Picture(
        "Operations: CI, alarms, backups",
        {
            "CI": {
                "github": Node("onprem.ci.GithubActions", "GitHub Actions"),
                "roles": Node(
                    "aws.security.IAMRole", "plan, deploy, dags", ("aws_iam_openid_connect_provider", "aws_iam_role")
                ),
                "images": IMAGES,
                "code": CODE,
                "sync": Node("aws.compute.ECS", "dag-sync, runs once", ("aws_ecs_task_definition",)),
                "files": FILES,
            },
            "Alarms": {
                "events": Node(
                    "aws.integration.Eventbridge",
                    "Glue runs",
                    ("aws_cloudwatch_event_rule", "aws_cloudwatch_event_target"),
                ),
                "metrics": Node(
                    "aws.management.Cloudwatch",
                    "alarms, dashboard, logs",
                    ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_dashboard", "aws_cloudwatch_log_group"),
                ),
                "budget": Node("aws.cost.Budgets", "budget", ("aws_budgets_budget",)),
                "topic": TOPIC,
            },
            "Backups": {
                "backup": Node(
                    "aws.storage.Backup",
                    "daily, restored monthly",
                    ("aws_backup_plan", "aws_backup_vault", "aws_backup_restore_testing_plan"),
                ),
                "database": DATABASE,
            },
        },
        (
            ("github", "roles", "token of the job"),
            ("roles", "images", "deploy"),
            ("roles", "code", "dags"),
            ("code", "sync", ""),
            ("sync", "files", "switches a link"),
            ("events", "topic", "failed"),
            ("events", "metrics", "none succeeded: late"),
            ("metrics", "topic", ""),
            ("budget", "topic", ""),
            ("database", "backup", ""),
        ),
    ),
}
