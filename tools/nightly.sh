#!/usr/bin/env bash
# The checks that take too long for every change. All sections, or those that are named:
#
#     tools/nightly.sh [tests] [guard] [differential] [fuzz] [faults] [soak] [asan] [lsan] [tsan] [random] [coverage] [cuda]
#         [docs]
#
# tests         the whole suite, with the tests that are marked slow
# guard         tests of ops and plans, with every kernel between inaccessible pages (NETLET_GUARD_PAGES=1)
# differential  generated ops, layers, losses and gradients against Keras on NumPy, and on PyTorch where it is installed
# fuzz          every reader of files and the bindings, 10 minutes each, or until tools/fuzz/executions.txt counts RUNS of
#               each; needs the fuzz extra too
# faults        SIGKILL, Ctrl-C, full disks, memory that ends: the long forms
# soak          models are built, trained, saved, quantized and exported for 24 minutes of CPU time: nothing may grow
# asan          the whole suite with AddressSanitizer and UBSan; reports in build/asan/report.<pid>
# lsan          LeakSanitizer on 200 models, or MODELS of them (tools/leaks.py)
# tsan          ThreadSanitizer; reports in build/tsan/report.<pid>
# random        twenty random orders of a random tenth of the suite; SEEDS="1 2" repeats those that were printed, SHARE=1
#               runs the whole suite in each order
# coverage      the lines that the suite runs, of Python and of C++
# cuda          every CUDA kernel compiles for all GPUs without warnings and spills, and the wheel netlet-cuda13 builds and
#               loads without a GPU; without nvcc nothing is done
# docs          the site with the gallery's scripts; needs the docs extra too
#
# It needs an environment with the dev extra (CONTRIBUTING.md), its `python` first on PATH, and GCC. JOBS=8 uses eight
# cores, FILES="tests/saving tests/plan" runs those tests in place of a section's own, LEVELS=avx2 builds the scalar and
# AVX2 kernels alone, which takes a quarter less time. Each section ends with one line of result; the exit status is 1 if
# one failed.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-2}

# An editable install would come before PYTHONPATH: an empty module takes the place of the one that registers it.
mkdir -p build/nightly
: >build/nightly/_editable_skbc_netlet.py
export PYTHONPATH="$PWD/python:$PWD/build/nightly"

# build PRESET: the module of that preset, and no other, lies in python/netlet.
build() {
    rm -f python/netlet/_core*.so
    cmake --preset "$1" -DNETLET_LEVELS="${LEVELS:-}" >/dev/null
    cmake --build --preset "$1" -j "$jobs"
}

# suite ARGUMENTS...: pytest, on the module that was built. With PRELOAD, a sanitizer's runtime comes first in the process,
# in that of the tests only.
suite() {
    local module run=(env ${PRELOAD:+LD_PRELOAD="$PRELOAD"} python)
    module=$("${run[@]}" -c 'from netlet import _core; print(_core.__file__)')
    [[ $module == "$PWD"/python/netlet/* ]] || { echo "imported $module, expected that of $PWD/python"; return 1; }
    "${run[@]}" -m pytest -q -p no:cacheprovider "$@"
}

# no_reports PRESET: a process that a test starts, or a worker of pytest-xdist, may end with a report that nobody reads.
no_reports() {
    local found
    found=$(grep -lE 'SUMMARY: |runtime error: ' build/"$1"/report.* 2>/dev/null || true)
    [[ -z $found ]] || { head -n 40 $found; return 1; }
}

section_tests() {
    build dev
    suite -p no:randomly -n "$jobs" --run-slow ${FILES:-}
}

section_guard() {
    build dev
    NETLET_GUARD_PAGES=1 suite -p no:randomly -n "$jobs" ${FILES:-tests/ops tests/plan}
}

# Hypothesis draws new cases each night and prints how to repeat the ones that fail.
section_differential() {
    local backends=(numpy)
    build dev
    suite -p no:randomly --hypothesis-profile=nightly tests/gradients
    if python -c 'import torch' 2>/dev/null; then backends+=(torch); fi
    for backend in "${backends[@]}"; do
        KERAS_BACKEND=$backend suite -p no:randomly --hypothesis-profile=nightly tests/differential/{ops,layers}.py
    done
}

section_fuzz() {
    build dev
    if [[ -n ${RUNS:-} ]]; then
        python -m tools.fuzz --engine plain --total "$RUNS" --table tools/fuzz/executions.txt
    else
        python -m tools.fuzz --seconds 600
    fi
}

section_faults() {
    build dev
    suite -p no:randomly --run-slow tests/faults tests/threads tests/reproducibility tests/saving/test_replacing.py
}

section_soak() {
    build dev
    python tools/soak.py --minutes "${MINUTES:-24}"
}

# Leaks are looked for by the section lsan. The second call: all other tests. Tests that need a library of their own first
# in the process leave themselves out (support/preload.py), and the simulated GPU is not part of the preset.
section_asan() {
    local first=(tests/ops tests/plan tests/runtime tests/threads tests/saving tests/training)
    build asan
    rm -f build/asan/report.*
    PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libstdc++.so)"
    export ASAN_OPTIONS=detect_leaks=0:log_path=$PWD/build/asan/report:allocator_may_return_null=1:max_allocation_size_mb=6000
    export UBSAN_OPTIONS=print_stacktrace=1:log_path=$PWD/build/asan/report
    suite -p no:randomly -n "$jobs" ${FILES:-"${first[@]}"}
    [[ -n ${FILES:-} ]] || suite -p no:randomly -n "$jobs" "${first[@]/#/--ignore=}"
    no_reports asan
}

section_lsan() {
    build dev
    python tools/leaks.py --models "${MODELS:-200}"
}

# die_after_fork=0: a forked child computes on. The second call: results on several threads.
section_tsan() {
    build tsan
    rm -f build/tsan/report.*
    PRELOAD="$(gcc -print-file-name=libtsan.so)"
    export TSAN_OPTIONS=die_after_fork=0:log_path=$PWD/build/tsan/report
    suite -p no:randomly ${FILES:-tests/runtime tests/plan tests/threads}
    [[ -n ${FILES:-} ]] || suite -p no:randomly -n "$jobs" -k "thread or bits" \
        tests/ops tests/training/test_determinism.py tests/test_config_random_utils.py
    no_reports tsan
}

# What depends on the order of tests shows in orders of a tenth, too: twenty of them cost two suites. SHARE=1 runs all.
section_random() {
    local seeds=() failed=()
    build dev
    read -ra seeds <<<"${SEEDS:-$(python -c 'import random; print(*random.sample(range(1 << 31), 20))')}"
    for seed in "${seeds[@]}"; do
        echo "random: seed $seed"
        suite --randomly-seed="$seed" --share="${SHARE:-10}" -n "$jobs" ${FILES:-} || failed+=("$seed")
    done
    echo "random: ${#seeds[@]} orders, failed with the seeds: ${failed[*]:-none}"
    [[ ${#failed[@]} -eq 0 ]]
}

section_coverage() {
    local filter="$PWD/csrc/" totals=build/coverage/totals.txt
    export COVERAGE_FILE="$PWD/build/coverage/python.data"
    build coverage
    find build/coverage -name '*.gcda' -delete
    suite -p no:randomly -n "$jobs" --cov=netlet --cov-report= ${FILES:-}
    python -m coverage report --skip-covered --sort=cover
    # A line counts once, however many instances of its template and instruction sets there are.
    python -m gcovr -j "$jobs" --root . --filter "$filter" --merge-mode-functions=separate --merge-lines \
        --sort uncovered-percent --print-summary build/coverage | tee "$totals"
    echo "coverage: Python $(python -m coverage report --format=total) %, C++ $(sed -n 's/^lines: \([0-9.]*\)%.*/\1/p' "$totals") %"
}

section_cuda() {
    local library
    python tools/cuda_compile.py --all --quiet -j "$jobs"
    command -v nvcc >/dev/null || return 0
    rm -rf build/nightly/cuda13 && mkdir -p build/nightly/cuda13
    python -m pip wheel -q --no-deps --no-build-isolation -w build/nightly -C cmake.define.NETLET_CUDA_ARCHITECTURES=90-real \
        ./packaging/netlet-cuda13
    python -m pip install -q --no-deps --target build/nightly/cuda13 build/nightly/netlet_cuda13-*.whl
    library=$(PYTHONPATH=build/nightly/cuda13 python -c 'import netlet_cuda13; print(netlet_cuda13.library())')
    python -c "import ctypes; ctypes.CDLL('$library')" # without a GPU, too
    ls -l build/nightly/netlet_cuda13-*.whl
}

section_docs() {
    build dev
    python tools/build_docs.py --clean --processes "$jobs"
}

all=(tests guard differential fuzz faults soak asan lsan tsan random coverage cuda docs)
[[ $# -gt 0 ]] || set -- "${all[@]}"
for name in "$@"; do
    [[ " ${all[*]} " == *" $name "* ]] || { echo "no section is called '$name'; there are: ${all[*]}" >&2; exit 2; }
done

failed=0
for name in "$@"; do
    printf '\n== %s\n' "$name"
    started=$SECONDS
    set +e # `if (...)` would turn `set -e` off inside of the section
    (
        set -e
        "section_$name"
    )
    status=$?
    set -e
    if [[ $status -eq 0 ]]; then result=passed; else result="FAILED (exit status $status)" failed=1; fi
    echo "nightly: $name: $result after $((SECONDS - started)) s"
done
exit "$failed"
