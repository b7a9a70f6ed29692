#!/usr/bin/env bash
# First start: make the cluster and run /docker-entrypoint-initdb.d/*.sh on a server that only the socket reaches.
set -euo pipefail
shopt -s nullglob
if [[ ! -s $PGDATA/PG_VERSION ]]; then
  initdb --username postgres --pwfile <(echo "$POSTGRES_PASSWORD") --auth-local trust --auth-host scram-sha-256
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  pg_ctl --wait start --options "-c listen_addresses=''"
  for file in /docker-entrypoint-initdb.d/*.sh; do bash "$file"; done
  pg_ctl --wait stop
fi
exec postgres -c listen_addresses='*' "$@"
