#!/usr/bin/env bash
# Step of action.yml: annotations on standard output, a SARIF log beside them. Environment: PATHS, FAIL_ON, SARIF_FILE, CATEGORY,
# ARGS, and what every runner sets.
set -euo pipefail
args=(--format github --fail-on "$FAIL_ON")
if [ -n "$SARIF_FILE" ]; then
    args+=(--format "sarif=$SARIF_FILE" --sarif-category "$CATEGORY")
    echo "sarif-file=$SARIF_FILE" >>"$GITHUB_OUTPUT"
fi
while IFS= read -r arg; do
    [ -z "$arg" ] || args+=("$arg")
done <<<"$ARGS"
args+=(--)
while IFS= read -r path; do
    [ -z "$path" ] || args+=("$path")
done <<<"$PATHS"
status=0
grpc-guard check "${args[@]}" || status=$?
echo "status=$status" >>"$GITHUB_OUTPUT"
exit "$status"
