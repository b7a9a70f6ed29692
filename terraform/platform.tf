# What runs all the time: network, database, Airflow. Nothing of it is made unless a flag asks for it.
locals {
  on_ecs      = var.airflow == "ecs"
  on_mwaa     = var.airflow == "mwaa"
  on_cluster  = local.on_ecs || var.metabase
  has_network = local.on_cluster || local.on_mwaa || local.has_warehouse
  multi_az    = coalesce(var.multi_az, var.environment == "prod")
  apps        = concat(local.on_ecs ? ["airflow"] : [], var.metabase ? ["metabase"] : [])
  hosts       = { for app in local.apps : app => "${app}.${var.domain}" }

  # The file is in Airflow's image.
  database_tls = var.rds_certificates == null ? {} : { PGSSLMODE = "verify-full", PGSSLROOTCERT = "/app/rds.pem" }

  airflow_parts = ["api-server", "scheduler", "dag-processor", "triggerer", "worker", "metrics"]
  groups = merge(
    { endpoints = "Endpoints of AWS services" },
    !local.on_cluster ? {} : {
      load-balancer  = "HTTPS for people"
      database       = "PostgreSQL"
      database-roles = "Makes the roles of the database"
    },
    !local.on_ecs ? {} : merge(
      { for part in local.airflow_parts : "airflow-${part}" => "Airflow, ${part}" },
      { airflow-setup = "Schema of the metadata of Airflow", dag-sync = "Brings DAG releases to EFS", files = "EFS with the DAG releases" },
    ),
    local.on_mwaa ? { mwaa = "Amazon MWAA" } : {},
    var.metabase ? { metabase = "Metabase", metabase-provision = "Brings dashboards to Metabase" } : {},
    local.warehouse_groups,
  )
  # what calls AWS
  clients = setsubtract(keys(local.groups), ["load-balancer", "database", "files", "endpoints", "warehouse", "redshift", "example-source"])
  connections = merge(
    var.enable_nat ? {} : { for client in local.clients : "${client} calls AWS" => { from = client, to = "endpoints", port = 443 } },
    local.on_mwaa ? { for port in [443, 5432] : "Within Amazon MWAA, port ${port}" => { from = "mwaa", to = "mwaa", port = port } } : {},
    local.on_ecs ? merge(
      { for part in concat(local.airflow_parts, ["setup"]) : "Metadata for airflow-${part}" => { from = "airflow-${part}", to = "database", port = 5432 } },
      { for client in ["airflow-dag-processor", "airflow-worker", "dag-sync"] : "DAG releases for ${client}" => { from = client, to = "files", port = 2049 } },
      { for part in ["worker", "triggerer"] : "Execution API for airflow-${part}" => { from = "airflow-${part}", to = "airflow-api-server", port = 8080 } },
      { "Pages of Airflow" = { from = "load-balancer", to = "airflow-api-server", port = 8080 } },
    ) : {},
    local.on_cluster ? { "Roles of the database" = { from = "database-roles", to = "database", port = 5432 } } : {},
    var.metabase ? {
      "Pages of Metabase"      = { from = "load-balancer", to = "metabase", port = 3000 }
      "Dashboards of Metabase" = { from = "metabase-provision", to = "metabase", port = 3000 }
      "Own data of Metabase"   = { from = "metabase", to = "database", port = 5432 }
    } : {},
    local.warehouse_connections,
  )
  endpoints = toset(concat(
    ["kms", "secretsmanager", "sqs"],
    local.on_cluster || local.on_mwaa ? ["athena", "glue", "logs", "monitoring", "sns", "sts"] : [],
    local.on_cluster ? ["ecr.api", "ecr.dkr", "ecs", "elasticfilesystem"] : [],
    local.on_mwaa ? ["airflow.api", "airflow.env", "airflow.ops"] : [],
    var.dataharvest && var.large_deliveries ? ["events"] : [],
    var.feeds ? ["glue", "logs"] : [],
    var.redshift ? ["redshift-data"] : [],
  ))

  # Families of the tasks that run once; each has the security group of its name.
  families = merge(
    local.on_cluster ? { database_roles = module.database_roles[0].family } : {},
    local.on_ecs ? module.airflow_ecs[0].families : {},
    var.metabase ? { metabase_provision = module.metabase[0].provision_family } : {},
  )
  # What deploy.sh gives to aws ecs run-task. No value has a space.
  run_task = {
    for task, family in local.families : task => join(" ", [
      "--launch-type FARGATE --cluster ${module.cluster[0].name} --task-definition ${family} --network-configuration",
      "awsvpcConfiguration={assignPublicIp=DISABLED,subnets=[${join(",", module.network[0].private_subnet_ids)}],securityGroups=[${module.network[0].group_ids[replace(task, "_", "-")]}]}",
    ])
  }
  services = concat(local.on_ecs ? module.airflow_ecs[0].services : [], var.metabase ? [module.metabase[0].service] : [])

  # The task that makes the database's roles is in Airflow's image.
  images = toset(concat(["airflow"], var.metabase ? ["metabase", "tools"] : []))
  image = local.on_cluster ? {
    for name, repository in module.registry[0].repositories : name => {
      url            = "${repository.url}:${coalesce(var.image_tag, var.git_sha)}"
      repository_arn = repository.arn
    }
  } : null

  glue_jobs  = concat([module.lake.job_name], module.feed_job[*].name)
  lake_arn   = module.bucket["lake"].arn
  glue_arn   = "arn:${local.partition}:glue:${var.region}:${var.account_id}"
  athena_arn = "arn:${local.partition}:athena:${var.region}:${var.account_id}:workgroup"
  # What the code of a DAG's task calls: packages/estrela/airflow. The lake itself is worked on by Glue.
  task_statements = merge(local.feed_statements, {
    Runs     = { actions = ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"], resources = [for job in local.glue_jobs : "${local.glue_arn}:job/${job}"] }
    Lake     = { actions = ["s3:ListBucket"], resources = [local.lake_arn] }
    LakeRead = { actions = ["s3:GetObject"], resources = ["${local.lake_arn}/*"] }
    OpsWrite = { actions = ["s3:PutObject"], resources = ["${local.lake_arn}/ops/*"] }
    OpsTables = {
      actions   = ["glue:GetTable", "glue:CreateTable", "glue:UpdateTable", "glue:CreateDatabase"]
      resources = ["${local.glue_arn}:catalog", "${local.glue_arn}:database/estrela_ops", "${local.glue_arn}:table/estrela_ops/*"]
    }
    Queries = { actions = ["athena:ListQueryExecutions", "athena:BatchGetQueryExecution"], resources = [for workgroup in values(module.athena.workgroups) : "${local.athena_arn}/${workgroup}"] }
    RunLogs = { actions = ["logs:GetLogEvents"], resources = concat([module.lake.output_arn], module.feed_job[*].output_arn) }
    Alerts  = { actions = ["sns:Publish"], resources = [module.monitoring.topic_arn] }
  })
}

module "network" {
  source = "./modules/network"
  count  = local.has_network ? 1 : 0

  deployment       = local.deployment
  cidr             = var.network_cidr
  multi_az         = local.multi_az
  enable_nat       = var.enable_nat
  public           = local.on_cluster && var.public_ui
  endpoints        = var.enable_nat ? [] : local.endpoints
  groups           = local.groups
  connections      = local.connections
  s3_clients       = local.clients
  dynamodb_clients = var.dataharvest ? ["dataharvest"] : []
  zones            = var.redshift ? 3 : 2
  outside          = local.feed_sources
  internet_clients = setunion(var.enable_nat ? local.clients : [], local.on_cluster && var.oidc != null ? ["load-balancer"] : [])
  user_cidrs       = local.on_cluster ? var.user_cidrs : []
}

module "registry" {
  source = "./modules/registry"
  count  = local.on_cluster ? 1 : 0

  name          = local.name
  images        = local.images
  kms_key_arn   = module.kms.key_arn
  force_destroy = !local.protected
}

module "secrets" {
  source = "./modules/secrets"
  count  = local.on_cluster || var.feeds ? 1 : 0

  name        = local.name
  kms_key_arn = module.kms.key_arn
  window_days = local.protected ? 30 : 0
  secrets = merge(!local.on_ecs ? {} : {
    "airflow/admin"      = "Password of Airflow's first administrator"
    "airflow/database"   = "Password of the database role airflow"
    "airflow/fernet_key" = "32 characters that encrypt connections in Airflow's metadata"
    "airflow/jwt_secret" = "Signs the tokens between Airflow's services"
    "airflow/secret_key" = "Signs the sessions of Airflow's pages"
    }, !var.metabase ? {} : {
    "metabase/admin"          = "Password of Metabase's first administrator"
    "metabase/database"       = "Password of the database role metabase"
    "metabase/encryption_key" = "Encrypts what Metabase stores of its databases"
    "metabase/setup_token"    = "Whoever has it makes the first administrator of Metabase"
    }, !var.feeds ? {} : {
    "feeds/pii_key" = "Key of the hashes of personal values"
    "feeds/slack"   = "Address of the Slack channel that hears of files; deploy.sh gives it no value"
  })
}

module "cluster" {
  source = "./modules/cluster"
  count  = local.on_cluster ? 1 : 0

  name = local.name
}

module "database" {
  source = "./modules/database"
  count  = local.on_cluster ? 1 : 0

  name                = local.name
  subnet_ids          = module.network[0].private_subnet_ids
  security_group_id   = module.network[0].group_ids["database"]
  kms_key_arn         = module.kms.key_arn
  instance_class      = var.database_instance_class
  multi_az            = local.multi_az
  deletion_protection = local.protected
  backup_days         = local.protected ? 35 : 7
  log_retention_days  = var.log_retention_days
}

module "database_roles" {
  source = "./modules/database_roles"
  count  = local.on_cluster ? 1 : 0

  deployment        = local.deployment
  database_host     = module.database[0].host
  database_tls      = local.database_tls
  master_secret_arn = module.database[0].master_secret_arn
  roles             = { for app in local.apps : app => module.secrets[0].arns["${app}/database"] }
  image             = local.image["airflow"]
}

module "dns_certificates" {
  source = "./modules/dns_certificates"
  count  = local.on_cluster ? 1 : 0

  zone_id       = var.zone_id
  hosts         = values(local.hosts)
  load_balancer = module.load_balancer[0].address
}

module "load_balancer" {
  source = "./modules/load_balancer"
  count  = local.on_cluster ? 1 : 0

  name                = local.name
  vpc_id              = module.network[0].vpc_id
  subnet_ids          = var.public_ui ? module.network[0].public_subnet_ids : module.network[0].private_subnet_ids
  security_group_id   = module.network[0].group_ids["load-balancer"]
  public              = var.public_ui
  certificate_arn     = module.dns_certificates[0].certificate_arn
  oidc                = var.oidc
  oidc_client_secret  = var.oidc_client_secret
  enable_waf          = var.enable_waf
  deletion_protection = local.protected
  log_bucket          = module.log_bucket.name
  log_retention_days  = var.log_retention_days
  kms_key_arn         = module.kms.key_arn
  apps = { for app, found in {
    # the execution API is for workers, which reach it inside the network
    airflow  = { port = 8080, health_path = "/api/v2/version", closed_paths = ["/execution", "/execution/*"] }
    metabase = { port = 3000, health_path = "/api/health", closed_paths = [] }
  } : app => merge(found, { host = local.hosts[app] }) if contains(local.apps, app) }
}

module "dag_files" {
  source = "./modules/dag_files"
  count  = local.on_ecs ? 1 : 0

  name              = local.name
  partition         = local.partition
  account_id        = var.account_id
  kms_key_arn       = module.kms.key_arn
  subnet_ids        = module.network[0].private_subnet_ids
  subnet_count      = 2
  security_group_id = module.network[0].group_ids["files"]
}

module "airflow_ecs" {
  source = "./modules/airflow_ecs"
  count  = local.on_ecs ? 1 : 0

  deployment       = local.deployment
  host             = local.hosts.airflow
  admin_email      = var.admin_email
  subnet_ids       = module.network[0].private_subnet_ids
  group_ids        = module.network[0].group_ids
  target_group_arn = module.load_balancer[0].target_group_arns["airflow"]
  database_host    = module.database[0].host
  database_tls     = local.database_tls
  secret_arns      = module.secrets[0].arns
  log_bucket       = module.log_bucket.name
  code_bucket      = module.bucket["code"].name
  task_statements  = local.task_statements
  task_tags        = local.loader_tags
  workers          = var.airflow_workers
  image            = local.image["airflow"]
  cluster          = module.cluster[0]
  dag_files        = module.dag_files[0]
}

module "airflow_mwaa" {
  source = "./modules/airflow_mwaa"
  count  = local.on_mwaa ? 1 : 0

  deployment        = local.deployment
  airflow_version   = var.mwaa.version
  environment_class = var.mwaa.class
  workers           = { min = var.airflow_workers.min, max = var.airflow_workers.max }
  dag_bucket        = module.bucket["dags"].name
  requirements      = var.mwaa.requirements
  subnet_ids        = module.network[0].private_subnet_ids
  security_group_id = module.network[0].group_ids["mwaa"]
  task_statements   = local.task_statements
  role_tags         = local.loader_tags
}

module "metabase" {
  source = "./modules/metabase"
  count  = var.metabase ? 1 : 0

  deployment       = local.deployment
  images           = { for name in ["metabase", "tools"] : name => local.image[name] }
  host             = local.hosts.metabase
  admin_email      = var.admin_email
  cluster          = module.cluster[0]
  vpc_id           = module.network[0].vpc_id
  dns_zone         = "${local.name}.internal"
  subnet_ids       = module.network[0].private_subnet_ids
  group_ids        = module.network[0].group_ids
  target_group_arn = module.load_balancer[0].target_group_arns["metabase"]
  database_host    = module.database[0].host
  secret_arns      = module.secrets[0].arns
  workgroup        = module.athena.workgroups.metabase
  lake_bucket      = module.bucket["lake"].name
  databases        = module.lake.databases
}

module "backup" {
  source = "./modules/backup"
  count  = var.backups && (local.on_cluster || local.has_warehouse) ? 1 : 0

  name          = local.name
  partition     = local.partition
  account_id    = var.account_id
  kms_key_arn   = module.kms.key_arn
  database_arns = concat(local.on_cluster ? [module.database[0].arn] : [], local.has_warehouse ? [module.warehouse[0].database_arn] : [])
  subnet_group  = local.on_cluster ? local.name : "${local.name}-warehouse"
  keep_days     = 35
  force_destroy = !local.protected
}

module "cicd_oidc" {
  source = "./modules/cicd_oidc"
  count  = length(var.ci_issuers) > 0 ? 1 : 0

  deployment   = local.deployment
  environment  = var.environment
  issuers      = var.ci_issuers
  state_bucket = "estrela-state-${var.account_id}-${var.region}"
  dag_bucket   = module.bucket[local.on_mwaa ? "dags" : "code"].name
  dag_sync     = local.on_ecs ? module.airflow_ecs[0].dag_sync : null
  passed_to = [
    "airflow.amazonaws.com", "airflow-env.amazonaws.com", "backup.amazonaws.com", "ecs-tasks.amazonaws.com",
    "glue.amazonaws.com", "lambda.amazonaws.com", "redshift-serverless.amazonaws.com", "vpc-flow-logs.amazonaws.com",
  ]
}
