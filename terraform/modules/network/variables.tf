variable "deployment" {
  description = "What is deployed where: prefix of the names, partition, account, region, the key of what is stored, days that logs are kept."
  type = object({
    name               = string
    partition          = string
    account_id         = string
    region             = string
    kms_key_arn        = string
    log_retention_days = number
  })
}

variable "cidr" {
  description = "Addresses of the network."
  type        = string
}

variable "multi_az" {
  description = "Endpoints and NAT in every availability zone, not only in the first."
  type        = bool
}

variable "enable_nat" {
  description = "Give the private subnets a way to the internet."
  type        = bool
}

variable "public" {
  description = "Make public subnets, for a load balancer that the internet reaches."
  type        = bool
}

variable "endpoints" {
  description = "AWS services that are reached without the internet, by the last part of their endpoint's name."
  type        = set(string)
}

variable "groups" {
  description = "Security groups, one per service: description by name."
  type        = map(string)
}

variable "connections" {
  description = "Who may connect to whom, by what it is for: the only traffic between the groups. One port, or all up to last_port."
  type = map(object({
    from      = string
    to        = string
    port      = number
    last_port = optional(number)
  }))
}

variable "outside" {
  description = "Who may connect to which addresses outside of the network, by what it is for."
  type = map(object({
    from      = string
    cidr      = string
    port      = number
    last_port = number
  }))
}

variable "s3_clients" {
  description = "Groups that reach S3."
  type        = set(string)
}

variable "dynamodb_clients" {
  description = "Groups that reach DynamoDB."
  type        = set(string)
}

variable "zones" {
  description = "Availability zones with a private subnet: 2, or 3 for Redshift Serverless."
  type        = number

  validation {
    condition     = contains([2, 3], var.zones)
    error_message = "zones must be 2 or 3."
  }
}

variable "internet_clients" {
  description = "Groups that reach the internet, by NAT or as a public load balancer."
  type        = set(string)
}

variable "user_cidrs" {
  description = "Addresses of people who reach the load balancer."
  type        = set(string)
}
