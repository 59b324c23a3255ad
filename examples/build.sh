#!/usr/bin/env bash
# Compiles the guests of examples/ with Debian's Rust 1.63 and its wasm32-wasi target:
#   apt-get install rustc cargo libstd-rust-dev-wasm32 lld
#   examples/build.sh [OUTPUT]      OUTPUT/NAME.wasm; without OUTPUT, examples/NAME/NAME.wasm
# CARGO (a cargo that finds a rustc with that target; /usr/bin/cargo), and FETCH_CARGO (one that fetches the
# locked crates; the first in PATH) may name others.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
output=${1:-}
work=${WASMLET_GUEST_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/wasmlet/guests}
compiler=${CARGO:-/usr/bin/cargo}
fetcher=${FETCH_CARGO:-$(command -v cargo || true)}
export RUSTC=${RUSTC:-$(dirname "$compiler")/rustc}

[ -x "$compiler" ] || {
  echo "examples/build.sh: no $compiler: apt-get install rustc cargo libstd-rust-dev-wasm32 lld, or name one in CARGO" >&2
  exit 1
}

# Crates are fetched by a current cargo and compiled offline by the old one, whose registry protocol is slow.
crates=(hello-wasm cat-facts printer)
for name in "${crates[@]}"; do
  build="$work/$name"
  mkdir -p "$build"
  rm -rf "$build/src"
  cp -r "$here/$name/Cargo.toml" "$here/$name/Cargo.lock" "$here/$name/src" "$build/"
  if ! cmp -s "$build/Cargo.lock" "$build/vendor/.lock"; then
    rm -rf "$build/vendor" "$build/.cargo"
    (cd "$build" && env -u RUSTC "$fetcher" vendor --locked --quiet vendor >/dev/null)
    mkdir -p "$build/vendor" "$build/.cargo" # without dependencies nothing was vendored
    printf '%s\n' '[source.crates-io]' 'replace-with = "vendor"' '[source.vendor]' 'directory = "vendor"' \
      >"$build/.cargo/config.toml"
    cp "$build/Cargo.lock" "$build/vendor/.lock"
  fi
  # Panics name their source files: without where these lay on this machine.
  (cd "$build" && RUSTFLAGS="--remap-path-prefix=$build=/$name" \
    "$compiler" build --quiet --release --offline --locked --target wasm32-wasi)
  module=$(ls "$build"/target/wasm32-wasi/release/*.wasm)
  target="${output:-$here/$name}/$name.wasm"
  mkdir -p "$(dirname "$target")"
  cp "$module" "$target.tmp" && mv "$target.tmp" "$target"
  echo "$target $(stat -c %s "$target") bytes"
done
