environment        = "prod"
log_retention_days = 365
# dev is in an account of its own
manage_catalog_encryption = true
