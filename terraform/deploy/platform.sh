# shellcheck shell=bash
# Part of deploy.sh, which sources it: what is deployed beside Terraform's plan: secrets, images, tasks that run once, DAG
# releases, schemas.

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
