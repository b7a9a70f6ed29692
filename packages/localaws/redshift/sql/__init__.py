"""Redshift's SQL as PostgreSQL's: what is known to give Redshift's answer, and nothing else."""
