#!/usr/bin/env bash
# Usage: tools/aarch64_check.sh [TEST ...]
# Compiles netlet for AArch64 on another machine and runs its tests under QEMU: by default those of the kernels on every
# instruction set (scalar, neon, neon_dot). Before them it prints how many kernels of its own each instruction set has.
# Needs Debian's g++-aarch64-linux-gnu and qemu-user-static. Everything goes into build/aarch64: an arm64 Python 3.11 with
# NumPy and pytest (35 MB of Debian's packages, unpacked and not installed), and the objects, compiled at -O1.
set -euo pipefail
cd "$(dirname "$0")/.."
work="$PWD/build/aarch64" root="$PWD/build/aarch64/root"
python=${PYTHON:-python3}

if [ ! -e "$root/usr/bin/python3.11" ]; then
    packages="$work/packages"
    mkdir -p "$packages"/{lists,cache,cache/archives}/partial
    : >"$packages/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main" >"$packages/sources.list"
    apt() {
        apt-get -q -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o Dir::Etc::sourcelist="$packages/sources.list" \
            -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$packages/lists" -o Dir::State::status="$packages/status" \
            -o Dir::Cache="$packages/cache" -o APT::Sandbox::User=root -o Debug::NoLocking=1 "$@"
    }
    apt update
    apt -y --no-install-recommends --download-only install libpython3.11-dev python3.11 python3-numpy python3-pytest python3-hypothesis
    for package in "$packages"/cache/archives/*.deb; do dpkg -x "$package" "$root"; done
    "$python" -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.11 --platform manylinux2014_aarch64 \
        --dest "$packages" safetensors
    "$python" -m zipfile -e "$packages"/safetensors-*.whl "$root/usr/lib/python3/dist-packages"
fi

# -fno-tree-sra: that pass of GCC 12.2 ends with an internal error in gemm_skinny_simd.cpp at -O1 (at -O2 and -O3 it does not).
cmake -G Ninja -S . -B "$work/objects" -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64.cmake -DNETLET_AARCH64_ROOT="$root" \
    -DCMAKE_BUILD_TYPE=Check -DCMAKE_CXX_FLAGS_CHECK="-O1 -fno-tree-sra -DNDEBUG" -DNETLET_WERROR=ON \
    -DPython_EXECUTABLE="$(command -v "$python")" >"$work/cmake.log"
cmake --build "$work/objects" ${JOBS:+-j "$JOBS"}
mkdir -p "$work/site"
rm -rf "$work/site/netlet"
cp -r python/netlet "$work/site/"
rm -f "$work"/site/netlet/*.so
cp "$work"/objects/_core.*.so "$work/site/netlet/"

# A program of this machine that is an arm64 Python, so that tests can start sys.executable again.
libraries="$root/usr/lib/aarch64-linux-gnu"
cat >"$work/python" <<END
#!/bin/sh
exec qemu-aarch64-static -L "$root" -0 "$work/python" -E "LD_LIBRARY_PATH=$libraries/blas:$libraries/lapack" "$root/usr/bin/python3.11" "\$@"
END
chmod +x "$work/python"
export PYTHONHOME="$root/usr" PYTHONPATH="$work/site" OPENBLAS_NUM_THREADS=1
tests=("$@")
if [ ${#tests[@]} = 0 ]; then
    tests=(tests/structure/test_kernel_list.py tests/ops/test_{dense,gemm,gemm_bf16,gemm_int8,norm,pool,rnn,optim,loss,dropout,shape,reduce}.py)
fi
"$work/python" -m netlet info
"$work/python" - <<'END'
from netlet import _core

others = set()
for isa in reversed(_core.supported_isas()):
    table = set(_core.kernel_addresses(isa))
    print(f"{isa}: {len(table)} kernels, {len(table - others)} of its own")
    others |= table
END
"$work/python" -m pytest -q -p no:cacheprovider -o addopts="--import-mode=importlib --strict-markers" "${tests[@]}"
