#!/usr/bin/env bash
# Deploys Estrela to an AWS account, or to a local AWS: ./deploy.sh -h
#
# Sourced or run. A sourced script runs itself under bash and returns its status: neither options, such as set -e, nor
# credentials that were typed in stay behind in the shell of its user.
if [ -n "${ZSH_VERSION:-}" ]; then
  eval 'bash "${(%):-%x}" "$@"'
  return $?
elif [ "${BASH_SOURCE[0]}" != "$0" ]; then
  bash "${BASH_SOURCE[0]}" "$@"
  return $?
fi
set -euo pipefail

readonly USAGE="usage: deploy.sh [plan | apply | destroy | outputs | dags] [options]

  plan     show what would change (the default)
  apply    show it, ask, and apply exactly that
  destroy  show what would go, ask for the name of the environment, and remove it
  outputs  print what was deployed
  dags     release the DAGs of this commit, and nothing else

  --env NAME      environment: terraform/environments/NAME.tfvars (default: dev; local with --target local)
  --target local  deploy to localaws on this machine instead of AWS; it is started if it does not run
  --region NAME   AWS region (default: AWS_REGION, else us-east-1)
  --image TAG     deploy the image of another commit, and build none; current: the one that runs
  --release SHA   with dags: switch back to the release of that commit
  --dry-run       only say which commands would change anything
  --yes           do not ask before an apply; a destroy asks all the same, unless
  --destroy NAME  names the environment that is to go
  -h, --help      this text

Credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else what the AWS command line finds (AWS_PROFILE, SSO, a
role), else they are asked for. AWS_ACCOUNT_ID, if set, is the only account that is deployed to.

exit status: 0 done, 1 declined, 2 wrong usage or no credentials, 3 a tool is missing, 4 another account,
  5 no plan could be made, 6 the apply failed, 7 uncommitted changes in prod, 8 a task, service or function failed,
  130 interrupted"

readonly WRONG_USAGE=2 NO_TOOL=3 OTHER_ACCOUNT=4 NO_PLAN=5 NOT_APPLIED=6 NOT_COMMITTED=7 NOT_RUNNING=8 DECLINED=1
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly ROOT

# shellcheck source=terraform/deploy/account.sh
. "$ROOT/terraform/deploy/account.sh"
# shellcheck source=terraform/deploy/platform.sh
. "$ROOT/terraform/deploy/platform.sh"

say() { printf '%s\n' "$*" >&2; }

fail() { # status message
  say "deploy.sh: $2"
  exit "$1"
}

# What changes anything goes through here: a dry run only prints it.
change() {
  if [ "$dry_run" = yes ]; then
    say "would run: $*"
  else
    "$@"
  fi
}

parse() {
  command=plan environment="" target=aws region=${AWS_REGION:-${AWS_DEFAULT_REGION:-us-east-1}}
  dry_run=no yes=no destroyed="" image="" release=""
  while [ $# -gt 0 ]; do
    case $1 in
      plan | apply | destroy | outputs | dags) command=$1 ;;
      --env | --target | --region | --destroy | --image | --release)
        [ $# -ge 2 ] || fail $WRONG_USAGE "$1 needs a value; see deploy.sh -h"
        case $1 in
          --env) environment=$2 ;;
          --target) target=$2 ;;
          --region) region=$2 ;;
          --destroy) destroyed=$2 ;;
          --image) image=$2 ;;
          --release) release=$2 ;;
        esac
        shift
        ;;
      --dry-run) dry_run=yes ;;
      --yes) yes=yes ;;
      -h | --help) printf '%s\n' "$USAGE" && exit 0 ;;
      *) fail $WRONG_USAGE "'$1' is neither a command nor an option; see deploy.sh -h" ;;
    esac
    shift
  done
  case $target in
    aws) environment=${environment:-dev} ;;
    local) environment=${environment:-local} ;;
    *) fail $WRONG_USAGE "--target is '$target'; allowed: aws, local" ;;
  esac
  settings=$ROOT/terraform/environments/$environment.tfvars
  [ -f "$settings" ] || fail $WRONG_USAGE "--env is '$environment', but there is no $settings"
}

confirm() { # question expected
  local answer
  [ -t 0 ] || fail $DECLINED "nobody to ask '$1'; pass --yes (for a destroy: --destroy $environment)"
  read -rp "$1 " answer
  [ "$answer" = "$2" ] || fail $DECLINED "declined: nothing was changed"
}

initialise() {
  export TF_IN_AUTOMATION=1 TF_INPUT=0 TF_VAR_account_id=$account TF_VAR_region=$region TF_VAR_git_sha=$sha
  export TF_DATA_DIR=$ROOT/.deploy/$target-$environment-$account
  mkdir -p "$TF_DATA_DIR"
  plan_file=$TF_DATA_DIR/plan
  local path_style=false
  [ "$target" = aws ] || path_style=true
  change terraform -chdir="$ROOT/terraform" init -reconfigure -lockfile=readonly \
    -backend-config="bucket=$state_bucket" -backend-config="key=$environment.tfstate" \
    -backend-config="region=$region" -backend-config=encrypt=true -backend-config=use_lockfile=true \
    -backend-config="use_path_style=$path_style" >&2 || fail $NO_PLAN "terraform init failed"
}

build_package() {
  change make --no-print-directory -C "$ROOT" package >&2 || fail $NO_PLAN "the package of the Glue job was not built"
  if [ "$target" = aws ] && { has_functions || has_cluster; }; then
    change make --no-print-directory -C "$ROOT" certificates >&2 || fail $NO_PLAN "there are no certificates of Amazon RDS"
  fi
  if has_functions; then
    local here=""
    [ "$target" = aws ] || here=--here
    change make --no-print-directory -C "$ROOT" functions HERE="$here" >&2 || fail $NO_PLAN "the functions were not built"
  fi
}

make_plan() { # further options of terraform plan
  change terraform -chdir="$ROOT/terraform" plan -var-file="$settings" -out="$plan_file" "$@" >&2 ||
    fail $NO_PLAN "terraform plan failed"
}

# What is applied is the plan that was shown.
apply_plan() {
  local status=0 interrupted=no
  trap 'interrupted=yes' INT TERM # Terraform hears it too, ends what it has begun and keeps its state
  change terraform -chdir="$ROOT/terraform" apply "$plan_file" >&2 || status=$?
  rm -f "$plan_file"
  [ $interrupted = no ] || fail 130 "interrupted: run the same command again, it goes on from what is there"
  [ $status -eq 0 ] || fail $NOT_APPLIED "the apply failed; mend the cause and run the same command again"
}

airflow_runs_on() { # ecs | mwaa
  [[ $'\n'$(<"$settings") =~ $'\n'\ *airflow\ *=\ *\"$1\" ]]
}

has_metabase() {
  [[ $'\n'$(<"$settings") =~ $'\n'\ *metabase\ *=\ *true ]]
}

has_functions() {
  [[ $'\n'$(<"$settings") =~ $'\n'\ *(feeds|dataharvest)\ *=\ *true ]]
}

has_cluster() {
  airflow_runs_on ecs || has_metabase
}

output() { # name
  terraform -chdir="$ROOT/terraform" output -raw "$1"
}

choose_image() {
  [ -n "$image" ] || return 0
  [ "$image" != current ] || image=$(output image_tag) || fail $NO_PLAN "nothing is deployed whose image could be kept"
  export TF_VAR_image_tag=$image
}

ask_to_apply() {
  [ "$yes" = yes ] || [ "$dry_run" = yes ] || confirm "Apply this to account $account? Type its number:" "$account"
}

# Of a plan, or of what is deployed. Python is there: make package has installed it.
print_cost() { # plan, or nothing
  [ "$dry_run" = no ] && [ -x "$ROOT/.venv/bin/python" ] || return 0
  terraform -chdir="$ROOT/terraform" show -json "$@" | "$ROOT/.venv/bin/python" "$ROOT/terraform/cost.py"
}

say_first_run() {
  airflow_runs_on ecs || airflow_runs_on mwaa || return 0
  say "First run: open Airflow (urls above), switch the DAG star_banking on. On ECS the user is admin, the password in"
  say "the secret estrela-$environment/airflow/admin; Metabase's is estrela-$environment/metabase/admin."
}

print_outputs() {
  change terraform -chdir="$ROOT/terraform" output
}

main() {
  parse "$@"
  require_tools
  if [ "$target" = local ]; then use_localaws; fi
  identify
  commit
  ensure_state_bucket
  initialise
  choose_image
  case $command in
    plan)
      build_package
      make_plan
      print_cost "$plan_file"
      ;;
    apply)
      build_package
      if has_cluster; then
        lay_foundation
        fill_secrets
      fi
      make_plan
      ask_to_apply
      if has_cluster; then push_images; fi
      apply_plan
      if has_functions; then
        fill_secrets
        migrate_schemas
      fi
      if has_cluster; then start_services; fi
      if airflow_runs_on mwaa; then release_dags; fi
      print_outputs
      print_cost
      say_first_run
      ;;
    dags)
      airflow_runs_on ecs || airflow_runs_on mwaa || fail $WRONG_USAGE "the environment $environment has no Airflow"
      release_dags
      ;;
    destroy)
      [ -z "$destroyed" ] || [ "$destroyed" = "$environment" ] ||
        fail $WRONG_USAGE "--destroy is '$destroyed', but the environment is '$environment'"
      # What goes is what the state names. To look at each resource first would need the files that it was made of, and
      # so a build.
      make_plan -destroy -refresh=false
      [ -n "$destroyed" ] || [ "$dry_run" = yes ] ||
        confirm "Remove all of this, its data included? Type the name of the environment:" "$environment"
      apply_plan
      ;;
    outputs) print_outputs ;;
  esac
}

main "$@"
