output "target_group_arns" {
  description = "ARNs of the target groups, by app, once the listener forwards to them."
  value       = { for app, group in aws_lb_target_group.app : app => group.arn }

  depends_on = [aws_lb_listener_rule.app]
}

output "address" {
  description = "DNS name and zone of the load balancer."
  value = {
    dns_name = aws_lb.this.dns_name
    zone_id  = aws_lb.this.zone_id
  }
}

output "arn_suffix" {
  description = "What CloudWatch calls the load balancer."
  value       = aws_lb.this.arn_suffix
}
