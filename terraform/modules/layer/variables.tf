variable "name" {
  description = "Prefix of the layer's name."
  type        = string
}

variable "zip" {
  description = "File with the libraries below python/."
  type        = string
}

variable "runtime" {
  description = "Lambda runtime that the libraries are for."
  type        = string
}
