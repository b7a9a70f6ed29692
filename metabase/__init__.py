"""Dashboards as code: one SQL file per question, one TOML file per dashboard, and their provisioning in Metabase."""
