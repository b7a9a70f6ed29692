environment        = "files"
log_retention_days = 30
feeds              = true
dataharvest        = true
# the Python of this machine, see make functions
functions = { runtime = "python3.11" }
# databases and backups of a local AWS are records only
rotation_days = 0
backups       = false
