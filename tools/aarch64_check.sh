#!/usr/bin/env bash
# Usage: tools/aarch64_check.sh [TEST ...]
# Compiles netlet for AArch64 on another machine and runs its tests under QEMU: by default those of the kernels, one case
# of each test for each instruction set (scalar, neon, neon_dot) and dtype; CASES=all runs all cases. After them it prints
# how many kernels each instruction set has, how many of them ran, and the names of the others.
# Needs Debian's g++-aarch64-linux-gnu and qemu-user-static. Everything goes into build/aarch64: an arm64 Python 3.11
# (Debian's packages, unpacked and not installed) with the tests' libraries (1 GB), and the objects, compiled at -O1.
set -euo pipefail
cd "$(dirname "$0")/.."
work="$PWD/build/aarch64" root="$PWD/build/aarch64/root"
python=${PYTHON:-python3}

if [ ! -e "$root/usr/bin/python3.11" ]; then
    tools/debian_packages.sh bookworm arm64 "$root" libpython3.11-dev python3.11 libstdc++6
    "$python" -m pip install --quiet --only-binary=:all: --python-version 3.11 --platform manylinux_2_28_aarch64 \
        --platform manylinux2014_aarch64 --platform manylinux_2_27_aarch64 --target "$root/usr/lib/python3/dist-packages" \
        numpy safetensors pytest hypothesis scipy ml_dtypes keras jax
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
cat >"$work/python" <<END
#!/bin/sh
exec qemu-aarch64-static -L "$root" -0 "$work/python" "$root/usr/bin/python3.11" "\$@"
END
chmod +x "$work/python"
export PYTHONHOME="$root/usr" PYTHONPATH="$work/site" OPENBLAS_NUM_THREADS=1
tests=("$@")
if [ ${#tests[@]} = 0 ]; then
    tests=(tests/structure/test_kernel_list.py tests/ops)
fi
"$work/python" -m netlet info
rm -f "$work"/blocks.*
status=0
QEMU_LOG=in_asm QEMU_LOG_FILENAME="$work/blocks.%d" "$work/python" - "$work/tables" "${tests[@]}" <<'END' || status=$?
import json
import os
import pathlib
import sys

import hypothesis
import pytest
from netlet import _core


class SomeCases:
    """Leaves one case of each test for each instruction set and dtype; CASES=all in the environment leaves all."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        groups = {}
        for item in items:
            values = item.callspec.params if hasattr(item, "callspec") else {}
            key = item.originalname, str(item.path), *(str(values.get(name)) for name in ("isa", "dot_isa", "dtype"))
            groups.setdefault(key, []).append(item)
        left = {cases[len(cases) // 2] for cases in groups.values()}
        if os.environ.get("CASES") != "all":
            config.hook.pytest_deselected(items=[item for item in items if item not in left])
            items[:] = [item for item in items if item in left]


# QEMU is slow: Hypothesis is not to take that for a fault of the tests.
hypothesis.settings.register_profile("slow", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("slow")
tables = {isa: _core.kernel_addresses(isa) for isa in reversed(_core.supported_isas())}
pathlib.Path(sys.argv[1]).write_text(json.dumps([os.getpid(), _core.kernel_names(), tables]))
options = ["-q", "--continue-on-collection-errors", "-p", "no:cacheprovider"]
options += ["-o", "addopts=--import-mode=importlib --strict-markers"]
raise SystemExit(pytest.main([*options, *sys.argv[2:]], plugins=[SomeCases()]))
END
# QEMU names each block of code when it first runs it: a kernel has run if a block begins where it begins.
"$python" - "$work" <<'END'
import json
import pathlib
import sys

work = pathlib.Path(sys.argv[1])
process, names, tables = json.loads((work / "tables").read_text())
began, others = set(), set()
with open(work / f"blocks.{process}") as log:
    for line in log:
        if line.startswith("IN:"):
            began.add(int(next(log).partition(":")[0], 16))
for isa, table in tables.items():
    own = {name: address for name, address in zip(names, table) if address not in others}
    missed = [name for name, address in own.items() if address not in began]
    print(f"{isa}: {len(own)} kernels of its own, {len(own) - len(missed)} ran", *(["without", *missed] if missed else []))
    others.update(table)
END
exit $status
