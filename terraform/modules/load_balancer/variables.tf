variable "name" {
  description = "Name of the load balancer."
  type        = string
}

variable "vpc_id" {
  description = "Network of the load balancer."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the load balancer: private ones unless it is public."
  type        = list(string)
}

variable "security_group_id" {
  description = "Security group of the load balancer."
  type        = string
}

variable "public" {
  description = "Give the load balancer addresses that the internet reaches."
  type        = bool
}

variable "certificate_arn" {
  description = "Certificate of the hosts."
  type        = string
}

variable "apps" {
  description = "What is served, by name: the host, the port of its tasks, a path that answers 200 while it is healthy, and path patterns that are not served."
  type = map(object({
    host         = string
    port         = number
    health_path  = string
    closed_paths = optional(list(string), [])
  }))
}

variable "oidc" {
  description = "Identity provider that people sign in with before any request reaches an app; null: the apps' own sign-in only."
  type = object({
    issuer                 = string
    authorization_endpoint = string
    token_endpoint         = string
    user_info_endpoint     = string
    client_id              = string
  })
}

variable "oidc_client_secret" {
  description = "Client secret at the identity provider. The listener keeps it, and so does the state."
  type        = string
  sensitive   = true
}

variable "enable_waf" {
  description = "Put AWS WAF in front: known bad inputs, bad addresses, a rate per address."
  type        = bool
}

variable "deletion_protection" {
  description = "Refuse to delete the load balancer."
  type        = bool
}

variable "log_bucket" {
  description = "Bucket that gets the access logs, below alb/."
  type        = string
}

variable "log_retention_days" {
  description = "Days that the log of AWS WAF is kept."
  type        = number
}

variable "kms_key_arn" {
  description = "Key of the log of AWS WAF."
  type        = string
}
