# Files that arrive: feeds with their ledger, DataHarvest, and the PostgreSQL of both. Nothing of it is made unless a flag
# asks for it.
locals {
  has_warehouse = var.feeds || var.dataharvest
  roles         = toset(concat(var.feeds ? ["warehouse"] : [], var.dataharvest ? ["dataharvest"] : []))
  warehouse_groups = !local.has_warehouse ? {} : merge(
    { warehouse = "PostgreSQL of the warehouse", warehouse-rotation = "Makes the roles of the warehouse" },
    var.feeds ? { feeds = "Functions of the feeds" } : {},
    var.dataharvest ? { dataharvest = "Functions of DataHarvest" } : {},
    var.redshift ? { redshift = "Redshift Serverless" } : {},
    var.example_source ? { example-source = "Aurora, an example of a source" } : {},
  )
  warehouse_connections = !local.has_warehouse ? {} : merge(
    { "Roles of the warehouse" = { from = "warehouse-rotation", to = "warehouse", port = 5432 } },
    var.feeds ? { "Ledger of the feeds" = { from = "feeds", to = "warehouse", port = 5432 } } : {},
    var.dataharvest ? { "Deliveries of DataHarvest" = { from = "dataharvest", to = "warehouse", port = 5432 } } : {},
    { for client in local.feed_clients : "Ledger for ${client}" => { from = client, to = "warehouse", port = 5432 } },
  )
  # The tasks of a feed's DAG ask the ledger: packages/estrela/airflow/feed_tasks.py.
  feed_clients    = !var.feeds ? [] : local.on_ecs ? ["airflow-worker"] : local.on_mwaa ? ["mwaa"] : []
  feed_statements = !var.feeds ? {} : { Ledger = { actions = ["secretsmanager:GetSecretValue"], resources = [module.warehouse[0].secret_arns["warehouse"]] } }
  # Each part of the functions has a layer with its libraries.
  layers = toset(local.has_warehouse ? concat(["estrela"], var.dataharvest ? ["dataharvest"] : []) : [])
  code = {
    for layer in local.layers : layer => {
      runtime          = var.functions.runtime
      folder           = var.functions.folder
      layer            = module.layer[layer].arn
      root_certificate = var.functions.root_certificate
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
  landing_bucket  = local.buckets.landing
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
