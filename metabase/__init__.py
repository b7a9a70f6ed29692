"""Dashboards as code: one SQL file a question, one TOML file a dashboard, and what brings them to Metabase."""
