environment        = "local"
log_retention_days = 30
feeds              = true
dataharvest        = true
# the Python of this machine, whose PostgreSQL has no certificate of Amazon RDS; see make functions
functions        = { runtime = "python3.11" }
rds_certificates = null
# databases and backups of a local AWS are records only
rotation_days = 0
backups       = false
