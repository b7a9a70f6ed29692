"""Redshift Serverless: namespaces and workgroups, as a client defined them."""
