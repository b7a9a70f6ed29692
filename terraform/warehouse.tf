# Files that arrive: feeds with their ledger, DataHarvest, and the PostgreSQL of both. Nothing of it is made unless a flag
# asks for it.
locals {
  has_warehouse = var.feeds || var.dataharvest
  roles         = toset(concat(var.feeds ? ["warehouse"] : [], var.dataharvest ? ["dataharvest"] : []))
  warehouse_groups = !local.has_warehouse ? {} : merge(
    { warehouse = "PostgreSQL of the warehouse", warehouse-rotation = "Makes the roles of the warehouse" },
    var.feeds ? { feeds = "Functions of the feeds", feed-runs = "Glue runs of the feeds" } : {},
    var.dataharvest ? { dataharvest = "Functions of DataHarvest" } : {},
    var.redshift ? { redshift = "Redshift Serverless" } : {},
    var.example_source ? { example-source = "Aurora, an example of a source" } : {},
  )
  warehouse_connections = !local.has_warehouse ? {} : merge(
    { "Roles of the warehouse" = { from = "warehouse-rotation", to = "warehouse", port = 5432 } },
    var.feeds ? { "Ledger of the feeds" = { from = "feeds", to = "warehouse", port = 5432 } } : {},
    var.dataharvest ? { "Deliveries of DataHarvest" = { from = "dataharvest", to = "warehouse", port = 5432 } } : {},
    { for client in local.feed_clients : "Ledger for ${client}" => { from = client, to = "warehouse", port = 5432 } },
    # driver and workers of a run talk to each other on any port: Glue starts no run without this rule
    var.feeds ? { "Within Glue runs of the feeds" = { from = "feed-runs", to = "feed-runs", port = 0, last_port = 65535 } } : {},
    var.example_source ? { "Source for feed-runs" = { from = "feed-runs", to = "example-source", port = 5432 } } : {},
  )
  feed_sources = { for purpose, found in var.feed_sources : purpose => { from = "feed-runs", cidr = found.cidr, port = found.port, last_port = coalesce(found.last_port, found.port) } }
  # Glue runs load files, and the tasks of a feed's DAG ask the ledger: packages/estrela/airflow/feed_tasks.py.
  feed_clients = !var.feeds ? [] : concat(["feed-runs"], local.on_ecs ? ["airflow-worker"] : local.on_mwaa ? ["mwaa"] : [])
  loader_tags  = merge(concat([{}], module.warehouse[*].loader_tags)...)
  feed_names   = ["warehouse/warehouse", "feeds/pii_key"]
  secret_arn   = "arn:${local.partition}:secretsmanager:${var.region}:${var.account_id}:secret"
  # Secrets Manager adds a hyphen and six characters to a name.
  feed_secrets = [for name in local.feed_names : "${local.secret_arn}:${local.name}/${name}-??????"]
  feed_statements = merge(
    !var.feeds ? {} : { Ledger = { actions = ["secretsmanager:GetSecretValue"], resources = concat(local.feed_secrets, ["${local.secret_arn}:${local.name}/feeds/slack-??????"]) } },
    !local.feeds_by_mail ? {} : { Mail = { actions = ["ses:SendEmail"], resources = ["arn:${local.partition}:ses:${var.region}:${var.account_id}:identity/${var.sender}"] } },
    local.redshift_statements,
  )
  # Airflow reaches Amazon SES by the internet only.
  feeds_by_mail = var.feeds && var.enable_nat && var.sender != null && length(var.alarm_emails) > 0
  redshift_statements = merge(
    !var.redshift ? {} : {
      Redshift      = { actions = ["redshift-data:ExecuteStatement", "redshift-data:BatchExecuteStatement"], resources = [module.warehouse[0].redshift.arn] }
      RedshiftLogin = { actions = ["redshift-serverless:GetCredentials"], resources = [module.warehouse[0].redshift.arn] }
    },
    !var.redshift ? {} : {
      # the actions know no resource; whoever loads a feed sees its own statements only
      RedshiftResults = {
        actions   = ["redshift-data:DescribeStatement", "redshift-data:GetStatementResult", "redshift-data:CancelStatement"]
        resources = ["*"]
        condition = { StringEquals = { "redshift-data:statement-owner-iam-userid" = "$${aws:userid}" } }
      }
    },
  )
  # What packages/estrela/feed_steps.py builds: files go from the landing bucket, version by version, into the archive.
  landing_arn = "arn:${local.partition}:s3:::${local.buckets.landing}"
  archive_arn = "arn:${local.partition}:s3:::${local.buckets.archive}"
  copy_statements = !var.redshift ? {} : {
    CopyFiles = { actions = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], resources = ["${local.archive_arn}/copy/*"] }
  }
  feed_run_statements = merge(local.redshift_statements, local.copy_statements, {
    LandingBucket = { actions = ["s3:ListBucketVersions", "s3:ListBucket"], resources = [local.landing_arn] }
    LandingFiles = {
      actions   = ["s3:GetObjectVersion", "s3:GetObjectVersionTagging", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObjectVersion"]
      resources = ["${local.landing_arn}/*"]
    }
    ArchiveBucket = { actions = ["s3:ListBucket"], resources = [local.archive_arn] }
    ArchiveFiles = {
      actions   = ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload"]
      resources = ["${local.archive_arn}/archive/*"]
    }
    Secrets           = { actions = ["secretsmanager:GetSecretValue"], resources = local.feed_secrets }
    SourceCredentials = { actions = ["secretsmanager:GetSecretValue"], resources = ["${local.secret_arn}:estrela/*"] }
  })
  # Each part of the functions has a layer with its libraries.
  layers = toset(local.has_warehouse ? concat(["estrela"], var.dataharvest ? ["dataharvest"] : []) : [])
  code = {
    for layer in local.layers : layer => {
      runtime          = var.functions.runtime
      folder           = var.functions.folder
      layer            = module.layer[layer].arn
      root_certificate = var.rds_certificates == null ? "" : "/opt/certificates/rds.pem"
    }
  }
}

module "layer" {
  source   = "./modules/layer"
  for_each = local.layers

  name    = local.name
  zip     = "${var.functions.folder}/${each.key}-libraries.zip"
  runtime = var.functions.runtime
}

module "warehouse" {
  source = "./modules/warehouse"
  count  = local.has_warehouse ? 1 : 0

  deployment      = local.deployment
  code            = local.code["estrela"]
  roles           = local.roles
  subnet_ids      = module.network[0].private_subnet_ids
  wide_subnet_ids = module.network[0].wide_subnet_ids
  group_ids       = module.network[0].group_ids
  database        = { instance_class = var.warehouse_instance_class, multi_az = local.multi_az, protected = local.protected }
  rotation_days   = var.rotation_days
  archive_bucket  = local.buckets.archive
  redshift        = var.redshift
  example_source  = var.example_source
}

module "feeds" {
  source = "./modules/feeds"
  count  = var.feeds ? 1 : 0

  deployment          = local.deployment
  code                = local.code["estrela"]
  place               = { subnet_ids = module.network[0].private_subnet_ids, security_group_id = module.network[0].group_ids["feeds"] }
  landing_bucket      = module.bucket["landing"].name
  database_secret_arn = module.warehouse[0].secret_arns["warehouse"]
  sender              = var.sender
  late_feeds          = var.late_feeds
  oldest_new_hours    = var.oldest_new_hours
}

# Beside the job of the stars, which reads public sources: a run of a feed is inside of the network, and has other rights.
module "feed_job" {
  source = "./modules/glue_job"
  count  = var.feeds ? 1 : 0

  deployment             = local.deployment
  name                   = "${local.name}-feeds"
  description            = "One step of a feed; the arguments of a run say which"
  code                   = module.lake.code
  security_configuration = module.lake.security_configuration
  glue                   = var.glue
  place                  = { subnet_ids = module.network[0].private_subnets, security_group_id = module.network[0].group_ids["feed-runs"] }
  certificates           = var.rds_certificates
  role_tags              = local.loader_tags
  statements             = local.feed_run_statements
}

module "dataharvest" {
  source = "./modules/dataharvest"
  count  = var.dataharvest ? 1 : 0

  deployment          = local.deployment
  code                = local.code["dataharvest"]
  place               = { subnet_ids = module.network[0].private_subnet_ids, security_group_id = module.network[0].group_ids["dataharvest"] }
  bucket              = module.bucket["deliveries"].name
  failed_bucket       = module.bucket["failed"].name
  database_secret_arn = module.warehouse[0].secret_arns["dataharvest"]
  protected           = local.protected
  large               = var.large_deliveries
  due_hours           = var.due_hours
}

module "dataharvest_large" {
  source = "./modules/dataharvest_large"
  count  = var.dataharvest && var.large_deliveries ? 1 : 0

  deployment = local.deployment
  code       = local.code["dataharvest"]
  place      = { subnet_ids = module.network[0].private_subnet_ids, security_group_id = module.network[0].group_ids["dataharvest"] }
  base       = module.dataharvest[0].base
  streams    = module.dataharvest[0].stream_functions
  failed_arn = module.bucket["failed"].arn
  protected  = local.protected
}

module "dataharvest_operator" {
  source = "./modules/dataharvest_operator"
  count  = var.dataharvest ? 1 : 0

  deployment          = local.deployment
  base                = module.dataharvest[0].base
  buckets             = { deliveries = module.bucket["deliveries"].name, failed = module.bucket["failed"].name }
  database_secret_arn = module.warehouse[0].secret_arns["dataharvest"]
  large               = var.large_deliveries
  streams             = keys(module.dataharvest[0].stream_functions)
}
