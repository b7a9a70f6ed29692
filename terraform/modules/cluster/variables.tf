variable "name" {
  description = "Name of the cluster and of its namespace."
  type        = string
}
