variable "name" {
  description = "Name of the role."
  type        = string
}

variable "description" {
  description = "What the role is for."
  type        = string
}

variable "account_id" {
  description = "Account for whose resources the services take on the role."
  type        = string
}

variable "services" {
  description = "Services of AWS that take on the role, such as [\"lambda.amazonaws.com\"]."
  type        = list(string)
}

variable "statements" {
  description = "What the role may do, by the statement's ID: actions, ARNs, and a condition."
  type = map(object({
    actions   = list(string)
    resources = list(string)
    condition = optional(map(map(string)))
  }))
}

variable "has_rights" {
  description = "Whether there are statements: how many there are may be known only after an apply."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of the role, beside those of every resource."
  type        = map(string)
  default     = {}
}
