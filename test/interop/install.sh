#!/usr/bin/env bash
# Installs the clients that the interop tests run, as far as the machine lacks them: kcat, and Kafka's Java client in
# .jars/. kafkajs comes with `npm ci`. Quick when all is there.
set -euo pipefail
cd "$(dirname "$0")"

has() { command -v "$1" >/dev/null; }

packages=()
has kcat || packages+=(kcat)
# Single-file launch compiles: the JDK, and not only the runtime.
has javac || packages+=(default-jdk-headless)
has mvn || packages+=(maven)
if ((${#packages[@]} > 0)); then
  as_root=()
  if ((EUID != 0)); then as_root=(sudo); fi
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" </dev/null
fi

# The copy of the pom is written last: it stands for a folder that is whole and up to date.
if ! cmp -s pom.xml .jars/pom.xml; then
  rm -rf .jars
  mvn -B -q -f pom.xml dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$PWD/.jars" </dev/null
  cp pom.xml .jars/pom.xml
fi

kcat -V | grep Version
java -version 2>&1 | head -n 1
ls .jars/*.jar
