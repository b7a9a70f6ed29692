"""Redshift's SQL translated to PostgreSQL's, limited to constructs that are known to have Redshift's result."""
