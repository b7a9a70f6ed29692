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
