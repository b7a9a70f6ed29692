# shellcheck shell=bash
# Part of deploy.sh, which sources it: tools, credentials, the account, the commit, the bucket of the state.

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
