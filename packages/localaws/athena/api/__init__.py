"""Athena's API: workgroups, queries, their results and their history."""
