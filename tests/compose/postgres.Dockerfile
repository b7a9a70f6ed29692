# Debian's PostgreSQL with the manners of the official image that docker-compose.yml relies on.
FROM python:3.11-slim-bookworm
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-15 \
    && rm -rf /var/lib/apt/lists/*
ENV PATH=/usr/lib/postgresql/15/bin:$PATH \
    PGDATA=/var/lib/postgresql/data
RUN install --directory --owner postgres --group postgres --mode 0700 "$PGDATA"
COPY postgres.sh /usr/local/bin/
# hadolint ignore=DL3066
USER postgres
ENTRYPOINT ["bash", "/usr/local/bin/postgres.sh"]
