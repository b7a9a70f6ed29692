variable "environment" {
  description = "Name of the environment; part of every resource's name. prod is protected against deletion."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.environment))
    error_message = "environment must be 2 to 10 lower-case letters and digits, the first a letter, such as dev or prod."
  }
}

variable "account_id" {
  description = "AWS account to deploy to. Terraform refuses credentials of any other."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be the 12 digits of an AWS account."
  }
}

variable "region" {
  description = "AWS region to deploy to."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the code of an AWS region, such as us-east-1."
  }
}

variable "s3_path_style" {
  description = "Address buckets by path. Needed for a local AWS, which has no host name per bucket."
  type        = bool
  default     = false
}

variable "git_sha" {
  description = "Commit that is deployed: a tag of every resource, and the version of the Airflow image and of the DAG release."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{7,40}$", var.git_sha))
    error_message = "git_sha must be 7 to 40 hexadecimal digits, as git rev-parse HEAD prints them."
  }
}

variable "repository" {
  description = "Repository that the deployment comes from, a tag of every resource."
  type        = string
  default     = "estrela"

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]{1,128}$", var.repository))
    error_message = "repository must be 1 to 128 letters, digits and any of . _ / -."
  }
}

variable "package" {
  description = "Files built by glue/package.py that the Glue job runs: its script, the wheel of the platform, the zip of wheels with its dependencies."
  type = object({
    script    = string
    wheel     = string
    libraries = string
  })
  default = {
    script    = "../glue/job_template.py"
    wheel     = "../dist/estrela-0.1.0-py3-none-any.whl"
    libraries = "../dist/estrela.gluewheels.zip"
  }

  validation {
    condition     = endswith(var.package.libraries, ".gluewheels.zip") && endswith(var.package.wheel, ".whl")
    error_message = "package.wheel must end in .whl and package.libraries in .gluewheels.zip: AWS Glue tells a zip of wheels by that name."
  }
}

variable "stars" {
  description = "Names of the stars whose databases are made; each is a package in packages/estrela/stars."
  type        = set(string)
  default     = ["banking", "retail"]

  validation {
    condition     = alltrue([for star in var.stars : can(regex("^[a-z][a-z0-9_]*$", star))])
    error_message = "stars must be lower-case names of letters, digits and underscores."
  }
}

variable "source_host" {
  description = "Address that stands in for the hosts of all sources, such as http://bcb:8088; empty: the sources themselves."
  type        = string
  default     = ""

  validation {
    condition     = var.source_host == "" || can(regex("^https?://", var.source_host))
    error_message = "source_host must be empty or start with http:// or https://."
  }
}

variable "glue" {
  description = "Size of a Glue run: version, worker type, number of workers, minutes until it is stopped, and how many may run at once."
  type = object({
    version         = optional(string, "5.1")
    worker_type     = optional(string, "G.1X")
    workers         = optional(number, 2)
    timeout_minutes = optional(number, 60)
    concurrent_runs = optional(number, 10)
  })
  default = {}

  validation {
    condition     = contains(["5.1", "6.0"], var.glue.version)
    error_message = "glue.version must be 5.1 or 6.0."
  }

  validation {
    condition     = contains(["G.1X", "G.2X", "G.4X", "G.8X"], var.glue.worker_type) && var.glue.workers >= 2
    error_message = "glue.worker_type must be G.1X, G.2X, G.4X or G.8X, and glue.workers at least 2."
  }

  validation {
    condition     = var.glue.timeout_minutes >= 1 && var.glue.timeout_minutes <= 480 && var.glue.concurrent_runs >= 1
    error_message = "glue.timeout_minutes must be 1 to 480, and glue.concurrent_runs at least 1."
  }
}

variable "athena_scan_limit_gb" {
  description = "Gigabytes that one query may scan, by workgroup; a query that scans more is cancelled."
  type = object({
    pipelines = optional(number, 100)
    metabase  = optional(number, 10)
    people    = optional(number, 50)
  })
  default = {}

  validation {
    condition     = alltrue([for limit in values(var.athena_scan_limit_gb) : limit >= 1 && limit <= 10000])
    error_message = "athena_scan_limit_gb must be 1 to 10000 for each workgroup."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827], var.log_retention_days)
    error_message = "log_retention_days must be a period that CloudWatch Logs has, of 30 days or more, such as 90 or 365."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete what holds data. Null: only in prod."
  type        = bool
  default     = null
}

variable "manage_catalog_encryption" {
  description = "Encrypt the Glue catalog with this environment's key. It is one setting per account and region: true for one environment only."
  type        = bool
  default     = true
}

variable "alarm_emails" {
  description = "Addresses that hear of alarms; each confirms by a link."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "alarm_emails must be addresses such as data@example.com."
  }
}

variable "monthly_budget_usd" {
  description = "Cost per month in US dollars, of which the budget tells at 80 percent, and when it will be exceeded."
  type        = number
  default     = 100

  validation {
    condition     = var.monthly_budget_usd >= 1
    error_message = "monthly_budget_usd must be at least 1."
  }
}

variable "airflow" {
  description = "Where Airflow runs: ecs, mwaa, or none."
  type        = string
  default     = "none"

  validation {
    condition     = contains(["ecs", "mwaa", "none"], var.airflow)
    error_message = "airflow must be ecs, mwaa or none."
  }
}

variable "airflow_workers" {
  description = "Workers of Airflow: smallest and largest number, tasks that one runs at a time, and whether they run on Fargate Spot. Amazon MWAA uses the numbers only."
  type = object({
    min         = optional(number, 1)
    max         = optional(number, 4)
    concurrency = optional(number, 8)
    spot        = optional(bool, true)
  })
  default = {}

  validation {
    condition     = var.airflow_workers.min >= 1 && var.airflow_workers.max >= var.airflow_workers.min && var.airflow_workers.concurrency >= 1
    error_message = "airflow_workers.min must be at least 1, as a task waits for a worker only as long as its token lives; max at least min, concurrency at least 1."
  }
}

variable "mwaa" {
  description = "Amazon MWAA: version of Airflow, size, and the file of the Python packages that the DAGs need."
  type = object({
    version      = optional(string, "3.0.6")
    class        = optional(string, "mw1.small")
    requirements = optional(string, "../airflow/mwaa_requirements.txt")
  })
  default = {}

  validation {
    condition     = can(regex("^3[.][0-9]+[.][0-9]+$", var.mwaa.version)) && startswith(var.mwaa.class, "mw1.")
    error_message = "mwaa.version must be a version of Airflow 3, such as 3.0.6, and mwaa.class a size such as mw1.small."
  }
}

variable "image_tag" {
  description = "Tag of the images. Null: git_sha. Set it to roll back, or to apply without a new image."
  type        = string
  default     = null

  validation {
    condition     = var.image_tag == null || can(regex("^[0-9a-f]{7,40}$", var.image_tag))
    error_message = "image_tag must be the commit that the image was built from, 7 to 40 hexadecimal digits."
  }
}

variable "network_cidr" {
  description = "Addresses of the network, of which each subnet gets a sixteenth."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrsubnet(var.network_cidr, 4, 15)) && try(tonumber(split("/", var.network_cidr)[1]) <= 20, false)
    error_message = "network_cidr must be a range of addresses of /16 to /20, such as 10.20.0.0/16."
  }
}

variable "multi_az" {
  description = "Run database, endpoints and NAT in two availability zones. Null: only in prod."
  type        = bool
  default     = null
}

variable "enable_nat" {
  description = "Reach AWS and the internet through NAT. Otherwise through endpoints of the AWS services that are used, and nothing else is reached."
  type        = bool
  default     = false
}

variable "enable_waf" {
  description = "Put AWS WAF in front of the load balancer."
  type        = bool
  default     = false
}

variable "public_ui" {
  description = "Give the load balancer addresses that the internet reaches; else it is reached from inside the network only."
  type        = bool
  default     = false
}

variable "user_cidrs" {
  description = "Addresses of the people who may reach the load balancer."
  type        = set(string)
  default     = ["10.0.0.0/8"]

  validation {
    condition     = alltrue([for range in var.user_cidrs : can(cidrhost(range, 0))])
    error_message = "user_cidrs must be ranges of addresses, such as 203.0.113.0/24."
  }
}

variable "domain" {
  description = "Domain of the pages: airflow.DOMAIN and metabase.DOMAIN. Needed where either runs on ECS."
  type        = string
  default     = null

  validation {
    condition     = (var.airflow != "ecs" && !var.metabase) || can(regex("^[a-z0-9-]+([.][a-z0-9-]+)+$", var.domain))
    error_message = "domain must be set to a domain such as data.example.com, as HTTPS needs a certificate of it."
  }
}

variable "zone_id" {
  description = "Route 53 hosted zone of the domain."
  type        = string
  default     = null

  validation {
    condition     = (var.airflow != "ecs" && !var.metabase) || can(regex("^Z[A-Z0-9]+$", var.zone_id))
    error_message = "zone_id must be set to the ID of the domain's hosted zone in Route 53, such as Z0123456789ABC."
  }
}

variable "admin_email" {
  description = "Address of the first administrator of Airflow and of Metabase."
  type        = string
  default     = "admin@example.com"

  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+$", var.admin_email))
    error_message = "admin_email must be an address such as data@example.com."
  }
}

variable "oidc" {
  description = "Identity provider that people sign in with at the load balancer, before any request reaches Airflow. Null: Airflow's own sign-in only."
  type = object({
    issuer                 = string
    authorization_endpoint = string
    token_endpoint         = string
    user_info_endpoint     = string
    client_id              = string
  })
  default = null

  validation {
    condition     = var.oidc == null || alltrue([for name, value in coalesce(var.oidc, {}) : name == "client_id" || startswith(value, "https://")])
    error_message = "The addresses of oidc must start with https://."
  }

  validation {
    condition     = var.oidc == null || var.public_ui || var.enable_nat
    error_message = "oidc needs public_ui or enable_nat: the load balancer asks the identity provider over the internet."
  }
}

variable "oidc_client_secret" {
  description = "Client secret at the identity provider. AWS keeps it in the listener and Terraform in its encrypted state."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = (var.oidc == null) == (var.oidc_client_secret == null)
    error_message = "oidc and oidc_client_secret belong together: set both or none."
  }
}

variable "database_instance_class" {
  description = "Size of the PostgreSQL instance."
  type        = string
  default     = "db.t4g.small"

  validation {
    condition     = can(regex("^db[.][a-z0-9]+[.][a-z0-9]+$", var.database_instance_class))
    error_message = "database_instance_class must be a size such as db.t4g.small."
  }
}

variable "metabase" {
  description = "Run Metabase on ECS."
  type        = bool
  default     = false
}

variable "late_after_hours" {
  description = "Hours without any run that succeeded, after which the alarm of late data goes off."
  type        = number
  default     = 26

  validation {
    condition     = var.late_after_hours >= 1 && var.late_after_hours <= 168
    error_message = "late_after_hours must be 1 to 168: CloudWatch looks back at most a week."
  }
}

variable "ci_issuers" {
  description = "Issuers of the tokens of CI jobs, by host, such as token.actions.githubusercontent.com: the audience, and the exact subjects that get each of the roles plan, deploy and dags. Empty: there are no roles for CI. An account has one provider per issuer."
  type = map(object({
    audience = string
    subjects = map(list(string))
  }))
  default = {}

  validation {
    condition = alltrue(flatten([
      for issuer in values(var.ci_issuers) : concat(
        [sort(keys(issuer.subjects)) == tolist(["dags", "deploy", "plan"])],
        [for subject in flatten(values(issuer.subjects)) : !can(regex("[*?]", subject))],
      )
    ]))
    error_message = "ci_issuers needs subjects for plan, deploy and dags, each written out: a wildcard would let other repositories in."
  }
}

variable "feeds" {
  description = "Take in files that land in S3: landing and archive buckets, the ledger's functions, and the warehouse on PostgreSQL."
  type        = bool
  default     = false
}

variable "dataharvest" {
  description = "Run DataHarvest: its bucket, metastore, queues, functions, and a database beside the warehouse."
  type        = bool
  default     = false
}

variable "functions" {
  description = "Lambda runtime, and the folder of what lambdas/package.py builds for it."
  type = object({
    runtime = optional(string, "python3.13")
    folder  = optional(string, "../dist")
  })
  default = {}

  validation {
    condition     = can(regex("^python3[.]1[1-9]$", var.functions.runtime))
    error_message = "functions.runtime must be python3.11 or newer, such as python3.13."
  }
}

variable "rds_certificates" {
  description = "File with the certificates of the authorities of Amazon RDS, as make certificates downloads it, by which databases are verified; null: they are not."
  type        = string
  default     = "../dist/rds.pem"

  validation {
    condition     = var.environment != "prod" || var.rds_certificates != null
    error_message = "rds_certificates must not be null in prod: passwords and rows would go to whoever answers for the database."
  }
}

variable "warehouse_instance_class" {
  description = "Size of the warehouse's PostgreSQL instance."
  type        = string
  default     = "db.t4g.medium"

  validation {
    condition     = can(regex("^db[.][a-z0-9]+[.][a-z0-9]+$", var.warehouse_instance_class))
    error_message = "warehouse_instance_class must be a size such as db.t4g.medium."
  }
}

variable "rotation_days" {
  description = "Days after which the passwords of the warehouse are replaced; 0: never, and nobody makes its roles, as on a local AWS, whose database is a record only."
  type        = number
  default     = 30

  validation {
    condition     = var.rotation_days >= 0 && var.rotation_days <= 90
    error_message = "rotation_days must be 0 to 90."
  }
}

variable "large_deliveries" {
  description = "Cut large files of DataHarvest into chunks, and calculate large deliveries in batches: two Kinesis streams, billed by the hour."
  type        = bool
  default     = false
}

variable "feed_sources" {
  description = "What Glue runs of the feeds may reach outside of the network, by what it is for: a range of addresses and a port, or a range of ports. FTPS: the server's port, and its ports for data. The way there is NAT, or a route of yours."
  type = map(object({
    cidr      = string
    port      = number
    last_port = optional(number)
  }))
  default = {}

  validation {
    condition     = alltrue([for found in values(var.feed_sources) : can(cidrhost(found.cidr, 0)) && !endswith(found.cidr, "/0")])
    error_message = "feed_sources needs ranges of addresses, such as 203.0.113.7/32, and not all there are."
  }

  validation {
    condition     = var.feeds || length(var.feed_sources) == 0
    error_message = "feed_sources is for feeds: set feeds = true."
  }
}

variable "redshift" {
  description = "Redshift Serverless as a second target of feeds."
  type        = bool
  default     = false

  validation {
    condition     = !var.redshift || var.feeds
    error_message = "redshift is a target of feeds: set feeds = true."
  }
}

variable "example_source" {
  description = "An Aurora cluster as an example of a source."
  type        = bool
  default     = false

  validation {
    condition     = !var.example_source || var.feeds
    error_message = "example_source is a source of feeds: set feeds = true."
  }
}

variable "sender" {
  description = "E-mail address that messages about files come from; null: none."
  type        = string
  default     = null

  validation {
    condition     = var.sender == null || can(regex("^[^@ ]+@[^@ ]+$", var.sender))
    error_message = "sender must be an address such as data@example.com."
  }
}

variable "late_feeds" {
  description = "Hours without a file after which a feed is late, by the name of the feed."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for feed, hours in var.late_feeds : can(regex("^[a-z][a-z0-9_]*$", feed)) && hours > 0])
    error_message = "late_feeds must be hours above 0 by the name of a feed, such as { card_settlements = 26 }."
  }
}

variable "oldest_new_hours" {
  description = "Hours after which a file that waits to be loaded sets off an alarm."
  type        = number
  default     = 6

  validation {
    condition     = var.oldest_new_hours > 0 && var.oldest_new_hours <= 168
    error_message = "oldest_new_hours must be above 0 and at most 168."
  }
}

variable "due_hours" {
  description = "Hours after the beginning of a business date (UTC) at which DataHarvest must have sent its messages; an alarm goes off then."
  type        = number
  default     = 30

  validation {
    condition     = var.due_hours == floor(var.due_hours) && var.due_hours > 0 && var.due_hours <= 240
    error_message = "due_hours must be a whole number above 0 and at most 240."
  }
}

variable "backups" {
  description = "Daily backups of the databases in a vault, and a restore that is tried every month."
  type        = bool
  default     = true
}
