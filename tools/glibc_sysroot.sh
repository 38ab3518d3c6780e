#!/usr/bin/env bash
# Usage: tools/glibc_sysroot.sh FOLDER
# Puts glibc 2.31 of Debian 11 into FOLDER, for NETLET_GLIBC_SYSROOT (cmake/static_runtime.cmake): its libraries for
# linking only, no headers. Needs apt-get and dpkg; nothing is installed.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists,cache,packages}/partial
touch "$work/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bullseye main" >"$work/sources.list"
apt() {
    apt-get -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$work/lists" \
        -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root "$@"
}
apt update
(cd "$work/packages" && apt download libc6 libc6-dev)
for package in "$work"/packages/*.deb; do
    dpkg -x "$package" "$folder"
done
# Absolute links would lead to the libraries of this machine.
find "$folder" -type l -lname '/*' | while read -r link; do
    ln -sfr "$folder$(readlink "$link")" "$link"
done
echo "glibc 2.31 is in $folder"
