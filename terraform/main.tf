locals {
  name      = "estrela-${var.environment}"
  protected = coalesce(var.deletion_protection, var.environment == "prod")
  tags = {
    project     = "estrela"
    environment = var.environment
    git_sha     = var.git_sha
    repository  = var.repository
    managed_by  = "terraform"
  }
  partition = data.aws_partition.current.partition
  # what most modules are told of where they are
  deployment = {
    name               = local.name
    partition          = local.partition
    account_id         = var.account_id
    region             = var.region
    kms_key_arn        = module.kms.key_arn
    log_retention_days = var.log_retention_days
  }
  # MWAA reads its DAGs from a bucket
  data_buckets = concat(
    ["lake", "code"],
    local.on_mwaa ? ["dags"] : [],
    var.feeds ? ["landing", "archive"] : [],
    var.dataharvest ? ["deliveries", "failed"] : [],
  )
  buckets = {
    for purpose in ["lake", "code", "logs", "dags", "landing", "archive", "deliveries", "failed"] : purpose => "${local.name}-${purpose}-${var.account_id}"
  }
}

data "aws_partition" "current" {}

module "kms" {
  source = "./modules/kms"

  name        = local.name
  account_id  = var.account_id
  region      = var.region
  partition   = local.partition
  window_days = local.protected ? 30 : 7
}

module "log_bucket" {
  source = "./modules/bucket"

  name          = local.buckets.logs
  partition     = local.partition
  account_id    = var.account_id
  force_destroy = !local.protected
  expire_days   = { "" = var.log_retention_days }
  log_sources   = [for purpose in local.data_buckets : local.buckets[purpose]]
  load_balancer = local.on_cluster ? local.name : null
}

module "bucket" {
  source   = "./modules/bucket"
  for_each = { for purpose in local.data_buckets : purpose => local.buckets[purpose] }

  name          = each.value
  partition     = local.partition
  account_id    = var.account_id
  kms_key_arn   = module.kms.key_arn
  force_destroy = !local.protected
  log_bucket    = module.log_bucket.name
  # results of queries can be had again; batches that failed are taken up again, or nobody misses them: whom DataHarvest
  # forgot, noted beside them, stays; what waits for COPY is made again by the next load
  expire_days = lookup({ lake = { "athena/" = 30 }, failed = { "aws/lambda/" = 90 }, archive = { "copy/" = 7 } }, each.key, {})
}

module "athena" {
  source = "./modules/athena"

  name          = local.name
  result_bucket = module.bucket["lake"].name
  kms_key_arn   = module.kms.key_arn
  force_destroy = !local.protected
  scan_limit_gb = {
    pipelines = var.athena_scan_limit_gb.pipelines
    metabase  = var.athena_scan_limit_gb.metabase
    people    = var.athena_scan_limit_gb.people
  }
}

module "lake" {
  source = "./modules/lake"

  deployment                = local.deployment
  stars                     = var.stars
  lake_bucket               = module.bucket["lake"].name
  code_bucket               = module.bucket["code"].name
  workgroup                 = module.athena.workgroups.pipelines
  package                   = var.package
  glue                      = var.glue
  source_host               = var.source_host
  manage_catalog_encryption = var.manage_catalog_encryption
}

module "airflow_settings" {
  source = "./modules/airflow_settings"

  name        = local.name
  kms_key_arn = module.kms.key_arn
  window_days = local.protected ? 30 : 0
  variables = merge(
    {
      estrela_alert_topic       = module.monitoring.topic_arn
      estrela_lake              = module.bucket["lake"].name
      estrela_glue_job          = module.lake.job_name
      estrela_athena_workgroups = join(",", values(module.athena.workgroups))
    },
    !var.feeds ? {} : {
      estrela_feed_glue_job    = module.feed_job[0].name
      estrela_landing          = module.bucket["landing"].name
      estrela_archive          = module.bucket["archive"].name
      estrela_warehouse_secret = module.warehouse[0].secret_arns["warehouse"]
      estrela_pii_secret       = module.secrets[0].arns["feeds/pii_key"]
    },
    !local.feeds_by_mail ? {} : {
      estrela_alert_sender     = var.sender
      estrela_alert_recipients = join(",", var.alarm_emails)
    },
    !var.redshift ? {} : {
      estrela_redshift_workgroup = module.warehouse[0].redshift.workgroup
      estrela_redshift_database  = module.warehouse[0].redshift.database
    },
  )
}

module "monitoring" {
  source = "./modules/monitoring"

  deployment         = local.deployment
  emails             = var.alarm_emails
  monthly_budget_usd = var.monthly_budget_usd
  glue_job           = module.lake.job_name
  feed_job           = one(module.feed_job[*].name)
  workgroups         = values(module.athena.workgroups)
  late_after_hours   = var.late_after_hours
  airflow            = var.airflow
  dead_letter_queues = concat(
    local.on_ecs ? [module.airflow_ecs[0].dead_letter_queue] : [],
    var.feeds ? [module.feeds[0].dead_letter_queue] : [],
    var.dataharvest ? module.dataharvest[0].dead_letter_queues : [],
    flatten(module.dataharvest_large[*].dead_letter_queues),
  )
  databases = concat(local.on_cluster ? [local.name] : [], local.has_warehouse ? [module.warehouse[0].database_name] : [])
  alarms    = merge(concat([{}], module.feeds[*].alarms, module.dataharvest[*].alarms, module.dataharvest_large[*].alarms)...)
}
