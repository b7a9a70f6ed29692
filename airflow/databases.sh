#!/usr/bin/env bash
# The databases of Airflow and of Metabase, each with an owner of its own. PostgreSQL's image runs it on an empty volume.
psql --username postgres --set ON_ERROR_STOP=1 \
  --set airflow="$AIRFLOW_DB_PASSWORD" --set metabase="$METABASE_DB_PASSWORD" <<'SQL'
CREATE ROLE airflow LOGIN PASSWORD :'airflow';
CREATE DATABASE airflow OWNER airflow;
CREATE ROLE metabase LOGIN PASSWORD :'metabase';
CREATE DATABASE metabase OWNER metabase;
SQL
