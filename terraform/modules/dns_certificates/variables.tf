variable "zone_id" {
  description = "Route 53 hosted zone of the names."
  type        = string
}

variable "hosts" {
  description = "Names of the certificate, each of which leads to the load balancer."
  type        = set(string)
}

variable "load_balancer" {
  description = "DNS name and zone of the load balancer."
  type = object({
    dns_name = string
    zone_id  = string
  })
}
