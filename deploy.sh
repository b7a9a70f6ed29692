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

# All that are missing are named at once.
require_tools() {
  local missing=() tool
  for tool in terraform aws git make; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  [ ${#missing[@]} -eq 0 ] || fail $NO_TOOL "not on the PATH: ${missing[*]}; install them (aws: pip install awscli)"
}

use_localaws() {
  local home=${LOCALAWS_HOME:-$ROOT/.localaws} localaws=$ROOT/.venv/bin/localaws
  [ -x "$localaws" ] || fail $NO_TOOL "localaws is not installed; run: make setup"
  "$localaws" status --home "$home" >/dev/null || change "$localaws" up --home "$home" --port "${LOCALAWS_PORT:-4566}"
  [ "$dry_run" = yes ] && ! "$localaws" status --home "$home" >/dev/null && return
  unset AWS_PROFILE AWS_SESSION_TOKEN
  eval "$("$localaws" env --home "$home")"
  # a call that fails there fails for good: localaws is neither throttled nor eventually consistent
  export AWS_MAX_ATTEMPTS=2 TF_VAR_s3_path_style=true
}

ask_for_credentials() {
  [ -t 0 ] || fail $WRONG_USAGE \
    "no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE (no terminal to ask on)"
  read -rp "AWS access key ID: " AWS_ACCESS_KEY_ID
  read -rsp "AWS secret access key: " AWS_SECRET_ACCESS_KEY && say ""
  read -rsp "AWS session token (empty if none): " AWS_SESSION_TOKEN && say ""
  [ -n "$AWS_SESSION_TOKEN" ] || unset AWS_SESSION_TOKEN
  export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY ${AWS_SESSION_TOKEN:+AWS_SESSION_TOKEN}
}

identify() {
  local expected=${AWS_ACCOUNT_ID:-}
  export AWS_REGION=$region AWS_DEFAULT_REGION=$region AWS_PAGER=""
  if ! account=$(aws sts get-caller-identity --query Account --output text 2>/dev/null); then
    ask_for_credentials
    account=$(aws sts get-caller-identity --query Account --output text) ||
      fail $WRONG_USAGE "AWS does not accept these credentials"
  fi
  [ -z "$expected" ] || [ "$expected" = "$account" ] ||
    fail $OTHER_ACCOUNT "the credentials are of account $account, but AWS_ACCOUNT_ID is $expected"
  say "Environment $environment, account $account, region $region, target $target"
}

confirm() { # question expected
  local answer
  [ -t 0 ] || fail $DECLINED "nobody to ask '$1'; pass --yes (for a destroy: --destroy $environment)"
  read -rp "$1 " answer
  [ "$answer" = "$2" ] || fail $DECLINED "declined: nothing was changed"
}

commit() {
  sha=$(git -C "$ROOT" rev-parse HEAD)
  [ -z "$(git -C "$ROOT" status --porcelain)" ] && return
  [ "$environment" != prod ] || fail $NOT_COMMITTED "there are uncommitted changes; prod is deployed from a commit"
  say "warning: uncommitted changes are deployed under the name of commit ${sha:0:12}"
}

ensure_state_bucket() {
  state_bucket=estrela-state-$account-$region
  # The policy is set last: where it is, an earlier run was not interrupted half way.
  aws s3api get-bucket-policy --bucket "$state_bucket" >/dev/null 2>&1 && return
  local place=()
  [ "$region" = us-east-1 ] || place=(--create-bucket-configuration "LocationConstraint=$region")
  aws s3api head-bucket --bucket "$state_bucket" >/dev/null 2>&1 ||
    change aws s3api create-bucket --bucket "$state_bucket" "${place[@]}" >/dev/null
  change aws s3api put-bucket-versioning --bucket "$state_bucket" --versioning-configuration Status=Enabled
  change aws s3api put-public-access-block --bucket "$state_bucket" --public-access-block-configuration \
    BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
  change aws s3api put-bucket-encryption --bucket "$state_bucket" --server-side-encryption-configuration \
    '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms"},"BucketKeyEnabled":true}]}'
  change aws s3api put-bucket-policy --bucket "$state_bucket" --policy \
    '{"Version":"2012-10-17","Statement":[{"Sid":"TlsOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::'"$state_bucket"'","arn:aws:s3:::'"$state_bucket"'/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}'
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

make_plan() { # further options of terraform plan
  change make --no-print-directory -C "$ROOT" package >&2 || fail $NO_PLAN "the package of the Glue job was not built"
  if has_functions; then
    local here=""
    [ "$target" = aws ] || here=--here
    change make --no-print-directory -C "$ROOT" functions HERE="$here" >&2 || fail $NO_PLAN "the functions were not built"
  fi
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

# The registry and the secrets come first: no container starts without an image and their values.
lay_foundation() {
  local images=("estrela-$environment/airflow")
  if has_metabase; then images+=("estrela-$environment/metabase" "estrela-$environment/tools"); fi
  aws ecr describe-repositories --repository-names "${images[@]}" >/dev/null 2>&1 && return
  say "First the image registry and the empty secrets, then everything else"
  make_plan -target=module.registry -target=module.secrets
  ask_to_apply
  apply_plan
}

# A secret without a value gets a random one, once. It goes from AWS to AWS and is no argument of any command. Slack's
# address is for its owner to put there.
fill_secrets() {
  local name
  for name in $(aws secretsmanager list-secrets --filters "Key=name,Values=estrela-$environment/" \
    --query "SecretList[?SecretVersionsToStages==null && !ends_with(Name, '/slack')].Name" --output text); do
    if [ "$dry_run" = yes ]; then
      say "would run: aws secretsmanager put-secret-value --secret-id $name"
    else
      aws secretsmanager get-random-password --password-length 32 --exclude-punctuation \
        --query RandomPassword --output text | tr -d '\n' |
        aws secretsmanager put-secret-value --secret-id "$name" --secret-string file:///dev/stdin >/dev/null
    fi
  done
}

push_images() {
  push_image airflow --file "$ROOT/airflow/Dockerfile"
  if has_metabase; then
    push_image metabase --file "$ROOT/metabase/Dockerfile" --build-arg "IMAGE=$(metabase_image)"
    push_image tools --file "$ROOT/packages/Dockerfile" --target tools
  fi
}

metabase_image() {
  [[ $(<"$ROOT/docker-compose.yml") =~ image:\ (metabase/metabase[^[:space:]]+) ]] && echo "${BASH_REMATCH[1]}"
}

push_image() { # name, and options of docker build
  local tag=${image:-$sha} repository=estrela-$environment/$1
  local registry=$account.dkr.ecr.$region.amazonaws.com
  shift
  aws ecr describe-images --repository-name "$repository" --image-ids "imageTag=$tag" >/dev/null 2>&1 && return
  [ -z "$image" ] || fail $WRONG_USAGE "--image is '$image', but $repository has no such image"
  command -v docker >/dev/null || fail $NO_TOOL "not on the PATH: docker; it builds the images"
  change docker build --quiet --platform linux/amd64 "$@" --tag "$registry/$repository:$tag" "$ROOT" >&2 ||
    fail $NO_PLAN "the image $repository was not built"
  if [ "$dry_run" = no ]; then
    aws ecr get-login-password | docker login --username AWS --password-stdin "$registry" >&2
  fi
  change docker push --quiet "$registry/$repository:$tag" >&2 || fail $NO_PLAN "the image $repository was not pushed"
}

run_task() { # name, and the container's command as words
  local place task status name=$1 words overrides=()
  shift
  if [ "$dry_run" = yes ]; then
    say "would run: the ECS task $name $*"
    return
  fi
  read -ra place <<<"$(output "task_$name")"
  if [ $# -gt 0 ]; then
    words=$(printf '"%s",' "$@")
    overrides=(--overrides "{\"containerOverrides\":[{\"name\":\"${name//_/-}\",\"command\":[${words%,}]}]}")
  fi
  say "Running the ECS task $name $*"
  task=$(aws ecs run-task "${place[@]}" "${overrides[@]}" \
    --query 'tasks[0].taskArn' --output text)
  aws ecs wait tasks-stopped --cluster "estrela-$environment" --tasks "$task"
  status=$(aws ecs describe-tasks --cluster "estrela-$environment" --tasks "$task" \
    --query 'tasks[0].containers[0].exitCode' --output text)
  [ "$status" = 0 ] || fail $NOT_RUNNING "the ECS task $name ended with $status; its log: /estrela-$environment/${name//_/-}"
}

# From the commit itself: what is not committed is not released.
release_dags() {
  local folder=$TF_DATA_DIR/dags bucket
  if [ -n "$release" ]; then
    airflow_runs_on ecs || fail $WRONG_USAGE "--release is for Airflow on ECS; with MWAA: git switch --detach $release, then dags"
    run_task dag_sync switch "$release"
    return
  fi
  bucket=$(output dag_bucket) || [ "$dry_run" = yes ] || fail $NO_PLAN "nothing is deployed that DAGs could be released to"
  rm -rf "$folder" && mkdir -p "$folder"
  if airflow_runs_on ecs; then
    git -C "$ROOT" archive --format zip --output "$folder/release.zip" HEAD dags packages/estrela
    change aws s3 cp --only-show-errors "$folder/release.zip" "s3://${bucket:-}/dags/$sha.zip"
    run_task dag_sync sync "$sha"
  else
    git -C "$ROOT" archive --format tar HEAD dags packages/estrela | tar -x -C "$folder"
    mv "$folder/packages/estrela" "$folder/dags/"
    echo "estrela/" >"$folder/dags/.airflowignore"
    change aws s3 sync --only-show-errors --delete "$folder/dags/" "s3://${bucket:-}/dags/"
  fi
}

start_services() {
  run_task database_roles
  if airflow_runs_on ecs; then
    run_task airflow_setup
    release_dags
  fi
  [ "$dry_run" = yes ] || wait_for_services
  if has_metabase; then run_task metabase_provision; fi
}

# The schemas of the warehouse. Its passwords come with the first rotation, some seconds after the apply.
migrate_schemas() {
  local name names answer attempt
  if [ "$dry_run" = yes ]; then
    say "would run: aws lambda invoke, for each function that migrates a schema"
    return
  fi
  names=$(output schema_functions)
  if [ "$target" = local ]; then
    say "make run-local puts a PostgreSQL behind the secrets of the warehouse, and calls: $names"
    return
  fi
  for name in $names; do
    say "Calling the function $name"
    for attempt in 1 2 3 4 5 6 7 8; do
      answer=$(aws lambda invoke --function-name "$name" --query FunctionError --output text "$TF_DATA_DIR/answer.json")
      [ "$answer" != None ] || break
      [ "$attempt" -lt 8 ] || fail $NOT_RUNNING "the function $name failed: $(<"$TF_DATA_DIR/answer.json")"
      sleep "${DEPLOY_PAUSE:-15}"
    done
  done
}

wait_for_services() {
  local failed services cluster=estrela-$environment
  # Services that were made before their database was ready may have been given up.
  read -ra services <<<"$(output services)"
  for failed in $(aws ecs describe-services --cluster "$cluster" --services "${services[@]}" \
    --query "services[?deployments[0].rolloutState=='FAILED'].serviceName" --output text); do
    aws ecs update-service --cluster "$cluster" --service "$failed" --force-new-deployment >/dev/null
  done
  say "Waiting until all services are stable"
  aws ecs wait services-stable --cluster "$cluster" --services "${services[@]}" ||
    fail $NOT_RUNNING "a service on ECS is not stable; its events: aws ecs describe-services --cluster $cluster"
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
      make_plan
      print_cost "$plan_file"
      ;;
    apply)
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
      make_plan -destroy
      [ -n "$destroyed" ] || [ "$dry_run" = yes ] ||
        confirm "Remove all of this, its data included? Type the name of the environment:" "$environment"
      apply_plan
      ;;
    outputs) print_outputs ;;
  esac
}

main "$@"
