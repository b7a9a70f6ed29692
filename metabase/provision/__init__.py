"""Creates the declared questions and dashboards in a Metabase, and keeps them as declared."""
