output "vpc_id" {
  description = "ID of the network."
  value       = aws_vpc.this.id
}

output "private_subnet_ids" {
  description = "IDs of the private subnets of the first two availability zones, once what is in them reaches AWS."
  value       = [for zone in local.zones : aws_subnet.private[zone].id]

  depends_on = [aws_vpc_endpoint.interface, aws_vpc_endpoint.gateway, aws_route.nat, aws_route_table_association.private]
}

output "private_subnets" {
  description = "IDs of the same subnets, by availability zone."
  value       = { for zone in local.zones : zone => aws_subnet.private[zone].id }

  depends_on = [aws_vpc_endpoint.interface, aws_vpc_endpoint.gateway, aws_route.nat, aws_route_table_association.private]
}

output "wide_subnet_ids" {
  description = "IDs of all private subnets, once what is in them reaches AWS."
  value       = [for subnet in aws_subnet.private : subnet.id]

  depends_on = [aws_vpc_endpoint.interface, aws_vpc_endpoint.gateway, aws_route.nat, aws_route_table_association.private]
}

output "public_subnet_ids" {
  description = "IDs of the public subnets; none where nothing needs the internet."
  value       = [for subnet in aws_subnet.public : subnet.id]
}

output "group_ids" {
  description = "IDs of the security groups, by name, once their rules are in place."
  value       = { for name, group in aws_security_group.this : name => group.id }

  depends_on = [aws_vpc_security_group_ingress_rule.service, aws_vpc_security_group_egress_rule.service]
}
