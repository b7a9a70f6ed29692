"""Bringing the declared questions and dashboards to a Metabase, and keeping them as declared."""
