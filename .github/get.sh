#!/usr/bin/env bash
# Step of action.yml: puts grpc-guard on the PATH. Downloads the release and checks its sum, or builds it where there is none for
# this machine. Environment: VERSION, RELEASES, ACTION_PATH, and what every runner sets.
set -euo pipefail
if [ "$VERSION" = path ]; then
    grpc-guard --version
    exit 0
fi
version=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' "$ACTION_PATH/Cargo.toml" | head -1)}
case "$RUNNER_OS-$RUNNER_ARCH" in
Linux-X64) target=x86_64-unknown-linux-gnu ;;
Linux-ARM64) target=aarch64-unknown-linux-gnu ;;
macOS-ARM64) target=aarch64-apple-darwin ;;
macOS-X64) target=x86_64-apple-darwin ;;
*) target= ;;
esac
bin=$RUNNER_TEMP/grpc-guard-$version
mkdir -p "$bin"
archive=grpc-guard-$target-v$version.tar.gz
if [ -n "$target" ] && curl --fail --silent --show-error --location --retry 3 --output "$bin/$archive" "$RELEASES/v$version/$archive"; then
    curl --fail --silent --show-error --location --retry 3 --output "$bin/$archive.sha256" "$RELEASES/v$version/$archive.sha256"
    (cd "$bin" && shasum --algorithm 256 --check "$archive.sha256")
    tar -xzf "$bin/$archive" -C "$bin"
else
    echo "there is no release of $version for $RUNNER_OS-$RUNNER_ARCH; building it"
    cargo install --locked --path "$ACTION_PATH" --root "$bin"
    mv "$bin"/bin/grpc-guard* "$bin"
fi
"$bin/grpc-guard" --version
echo "$bin" >>"$GITHUB_PATH"
