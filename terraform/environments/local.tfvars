environment        = "local"
log_retention_days = 30
