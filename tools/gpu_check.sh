#!/usr/bin/env bash
# All that needs a GPU, in eight minutes or less, with its results in a folder:
#
#     tools/gpu_check.sh OUTDIR [build] [tests] [sanitize] [bench]
#
# build     the module and the kernels for this GPU, without the simulation; BUILD=no uses what lies in python/netlet
# tests     tests/devices on cuda:0
# sanitize  compute-sanitizer's memcheck, racecheck, initcheck and synccheck on a few of those tests
# bench     bench/gpu.py: kernels and training steps beside PyTorch, where it is installed
#
# Each section has a time limit, a log in OUTDIR and a line in OUTDIR/summary.txt; a section that fails does not stop the
# next. It needs nvcc, CMake, ninja, NumPy, safetensors, pybind11 and pytest; `python` is the one first on PATH, or $PYTHON.
# Without a GPU it says so and exits with 2: then nothing was checked.
set -uo pipefail
[[ $# -ge 1 ]] || { sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/.."
python=${PYTHON:-$(command -v python3 || command -v python)}
summary="$out/summary.txt"
export PYTHONUNBUFFERED=1 NETLET_TEST_DEVICE=cuda:0
# An editable install would come before PYTHONPATH: an empty module takes the place of the one that registers it.
mkdir -p build/gpu && : >build/gpu/_editable_skbc_netlet.py
export PYTHONPATH="$PWD/python:$PWD/build/gpu"

say() { echo "$*" | tee -a "$summary"; }
: >"$summary"
if ! gpu=$(nvidia-smi --query-gpu=name,driver_version,compute_cap,memory.total --format=csv,noheader 2>/dev/null | head -n 1) || [[ -z $gpu ]]; then
    say "gpu_check: there is no GPU here (nvidia-smi lists none): nothing was checked"
    exit 2
fi
say "gpu_check: $gpu; $(date -u '+%Y-%m-%d %H:%M') UTC; commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
say "gpu_check: $(nvcc --version 2>/dev/null | sed -n 's/^Cuda compilation tools, //p' || true)"
capability=$(sed 's/.*, \([0-9]*\)\.\([0-9]*\), .*/\1\2/' <<<"$gpu")

section_build() {
    [[ ${BUILD:-yes} != no ]] || { echo "BUILD=no: the modules in python/netlet are used"; ls -l python/netlet/*.so; return; }
    rm -f python/netlet/_core*.so python/netlet/_netlet_cuda*.so
    # Only this GPU, and the instruction sets of the host that a test may meet; the optimizer's time is the host's.
    cmake -G Ninja -S . -B build/gpu -DCMAKE_BUILD_TYPE=Release -DNETLET_DEV=ON -DNETLET_CUDA=ON -DNETLET_CUDA_SIM=OFF \
        -DNETLET_CUDA_ARCHITECTURES="$capability-real" -DPython_EXECUTABLE="$("$python" -c 'import sys; print(sys.executable)')" &&
        cmake --build build/gpu -j "$(nproc)"
}

section_tests() {
    "$python" -c "import netlet; d = netlet.devices(); print(d); assert 'cuda:0' in d, 'netlet does not see the GPU'" &&
        "$python" -m pytest -q -p no:cacheprovider -n 4 -x --maxfail=25 tests/devices
}

# A short selection: the checkers slow a kernel down ten to a hundred times, and each process loads all kernels once.
section_sanitize() {
    local tool failed=0
    command -v compute-sanitizer >/dev/null || { echo "compute-sanitizer is not installed: left out"; return 77; }
    for tool in memcheck racecheck initcheck synccheck; do
        echo "== $tool"
        timeout 32 compute-sanitizer --tool "$tool" --error-exitcode 9 --print-limit 20 --target-processes all \
            "$python" -m pytest -q -p no:cacheprovider -p no:xdist ${SANITIZE:-tests/devices/test_workloads.py -k 'LeNet or LSTM or transformer or 784-16'} \
            >"build/gpu/$tool.log" 2>&1
        local status=$?
        tail -n 200 "build/gpu/$tool.log"
        say "gpu_check:   $tool: exit status $status; $(grep -m1 -o 'ERROR SUMMARY.*\|RACECHECK SUMMARY.*' "build/gpu/$tool.log" || echo 'no summary')"
        [[ $status -eq 0 ]] || failed=1
    done
    return "$failed"
}

section_bench() {
    "$python" bench/gpu.py --json "$out/gpu.json" --compile-seconds "${COMPILE_SECONDS:-60}"
}

all=(build tests sanitize bench)
declare -A limit=([build]=120 [tests]=80 [sanitize]=130 [bench]=150) # 8 minutes in all
[[ $# -gt 0 ]] || set -- "${all[@]}"
worst=0
for name in "$@"; do
    [[ " ${all[*]} " == *" $name "* ]] || { echo "no section is called '$name'; there are: ${all[*]}" >&2; exit 2; }
    started=$SECONDS
    export -f say "section_$name"
    export python out summary capability
    timeout --foreground "${limit[$name]}" bash -c "set -o pipefail; section_$name" >"$out/$name.log" 2>&1
    status=$?
    case $status in
        0) result=passed ;;
        77) result="left out" ;;
        124) result="STOPPED at its limit of ${limit[$name]} s" worst=1 ;;
        *) result="FAILED (exit status $status)" worst=1 ;;
    esac
    tail -n 3 "$out/$name.log" | sed 's/^/    /'
    say "gpu_check: $name: $result after $((SECONDS - started)) s"
    [[ $name != build || $status -eq 0 ]] || break
done
exit "$worst"
