#!/usr/bin/env bash
# Usage: tools/debian_packages.sh SUITE ARCHITECTURE FOLDER PACKAGE...
# Unpacks Debian's packages and what they need into a folder, such as those of another release (sid) or for another CPU
# (arm64), and installs nothing. The downloads stay in FOLDER/packages. Needs apt-get and dpkg.
set -euo pipefail
suite=$1 architecture=$2 root=$(realpath -m "$3")
shift 3
packages="$root/packages"

mkdir -p "$packages"/{lists,cache,cache/archives}/partial
: >"$packages/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main" >"$packages/sources.list"
apt() {
    apt-get -qq -o APT::Architecture="$architecture" -o APT::Architectures::="$architecture" \
        -o Dir::Etc::sourcelist="$packages/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::lists="$packages/lists" -o Dir::State::status="$packages/status" -o Dir::Cache="$packages/cache" \
        -o APT::Sandbox::User=root -o Debug::NoLocking=1 "$@"
}
apt update
apt -y --no-install-recommends --download-only install "$@"
for package in "$packages"/cache/archives/*.deb; do dpkg -x "$package" "$root"; done
