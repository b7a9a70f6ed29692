"""Redshift Serverless: namespaces and workgroups, as a client set them."""
