"""Do the tests find faults? Plants small ones in a copy of the last commit, one at a time, and runs the tests for each.

    python tools/planted_faults.py [arguments of `cmake --preset dev`, e.g. -DCMAKE_CXX_COMPILER_LAUNCHER=ccache]

It needs an environment with the dev extra, and prints a table: fault, first test that fails. A test counts if it passes
again without the fault. The exit status is 1 if a fault survives, or if a text to replace does not occur exactly once
(then the fault must be written anew).
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / "build" / "planted-faults"


@dataclasses.dataclass(frozen=True)
class Fault:
    what: str
    file: str
    old: str
    new: str
    tests: str


FAULTS = [
    Fault(
        "layer normalization: lanes behind the end of a row count in the variance",
        "csrc/ops/norm/norm_rows_simd.cpp",
        "const V d = present(load_lanes<V>(x + k * C + i, lanes) - centre[k], lanes);",
        "const V d = load_lanes<V>(x + k * C + i, lanes) - centre[k];",
        "tests/ops/test_norm.py",
    ),
    Fault(
        "max pooling: the last of equal values takes the gradient",
        "csrc/ops/pool/pool_fwd_simd.cpp",
        "const auto beats = gt(x, best) | is_nan(x);",
        "const auto beats = gt(x, best) | eq(x, best) | is_nan(x);",
        "tests/ops/test_pool.py",
    ),
    Fault(
        "running sum: the gradient replaces what is there",
        "csrc/ops/scan/scan_simd.cpp",
        "a.y[at] = a.accumulate ? (T)(a.y[at] + (T)total) : (T)total;",
        "a.y[at] = (T)total;",
        "tests/ops/test_scan.py",
    ),
    Fault(
        "BatchNormalization: masked steps count in the variance",
        "python/netlet/layers/normalization/batch_normalization.py",
        "ops.square(ops.where(there, ops.subtract(x, mean), 0.0))",
        "ops.square(ops.subtract(ops.where(there, x, 0.0), mean))",
        "tests/layers/test_normalization.py tests/layers/test_against_keras.py",
    ),
    Fault(
        "Bidirectional: the layers get each other's initial states",
        "python/netlet/layers/rnn/bidirectional.py",
        "return given[:half], given[half:]",
        "return given[half:], given[:half]",
        "tests/layers/test_rnn_wrappers.py",
    ),
    Fault(
        "losses: masked values count in the number of samples",
        "python/netlet/losses/masked.py",
        'if reduction in ("mean", "sum_over_batch_size"):',
        'if reduction in ("mean",):',
        "tests/losses",
    ),
    Fault(
        "categorical cross-entropy: no label smoothing",
        "python/netlet/losses/crossentropy.py",
        "bool(from_logits), float(label_smoothing or 0.0), config.epsilon()",
        "bool(from_logits), 0.0, config.epsilon()",
        "tests/losses",
    ),
    Fault(
        "optimizers: `clipnorm` clips the norm of all gradients together",
        "python/netlet/optimizers/base/gradients.py",
        "_core.clip_gradient_norm(each, each, float(optimizer.clipnorm), False)",
        "_core.clip_gradient_norm(each, each, float(optimizer.clipnorm), True)",
        "tests/optimizers",
    ),
    Fault(
        "CosineDecay: the warm-up shortens the decay",
        "python/netlet/optimizers/schedules/cosine_schedules.py",
        "at = np.minimum(as_steps(step), self.decay_steps + warmup)",
        "at = np.minimum(as_steps(step), self.decay_steps)",
        "tests/optimizers",
    ),
    Fault(
        "saving: `load_weights` forgets the optimizer's state",
        "python/netlet/saving/netlet_file/weights_file.py",
        "assign(file, [*chosen, *slots])",
        "assign(file, chosen)",
        "tests/saving/test_weights.py tests/saving/test_resume.py",
    ),
]


def environment() -> dict[str, str]:
    """Where `import netlet` finds the copy, also if an editable install has registered itself (see nightly.sh), and
    where no byte code of a file outlives its change."""
    path = os.pathsep.join([str(COPY / "python"), str(COPY / "build")])
    return {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def run(*command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=COPY, env=environment(), text=True, **options)


def build() -> None:
    result = run("cmake", "--build", "--preset", "dev", "-j2", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        sys.exit(f"the build failed:\n{result.stdout[-4000:]}")


def first_failure(*tests: str) -> str | None:
    """The first of these tests that fails, None if all pass."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", *tests]
    result = run(*command, capture_output=True)
    if result.returncode == 0:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", result.stdout, re.MULTILINE)
    if failed is None:
        sys.exit(f"pytest ended with {result.returncode}:\n{result.stdout[-4000:]}{result.stderr[-4000:]}")
    return failed[1]


def plant(fault: Fault) -> str | None:
    """The test that finds the fault, None if it survives."""
    path = COPY / fault.file
    text = path.read_text(encoding="utf-8")
    native = path.suffix == ".cpp"
    path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    if native:
        build()
    found = first_failure(*fault.tests.split())
    path.write_text(text, encoding="utf-8")
    if native:
        build()
    if found is not None and first_failure(found) is not None:
        sys.exit(f"{found} fails without the fault, too")
    return found


def main() -> int:
    if COPY.exists():  # of a run that was killed
        subprocess.run(["git", "worktree", "remove", "--force", str(COPY)], cwd=ROOT, check=True)
    subprocess.run(["git", "worktree", "add", "--force", "--detach", str(COPY), "HEAD"], cwd=ROOT, check=True)
    try:
        lost = [f for f in FAULTS if (COPY / f.file).read_text(encoding="utf-8").count(f.old) != 1]
        for fault in lost:
            print(f"not exactly once in {fault.file}: {fault.old}")
        if lost:
            return 1
        run("cmake", "--preset", "dev", *sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
        build()
        (COPY / "build" / "_editable_skbc_netlet.py").touch()
        core = run(sys.executable, "-c", "from netlet import _core; print(_core.__file__)", capture_output=True).stdout
        if not core.startswith(str(COPY)):
            sys.exit(f"expected the netlet of {COPY}, imported {core or 'none'}")
        survivors = 0
        for fault in FAULTS:
            found = plant(fault)
            survivors += found is None
            print(f"{fault.what:75} | {found or 'SURVIVES ' + fault.tests}", flush=True)
        print(f"{len(FAULTS) - survivors} of {len(FAULTS)} faults are found")
        return 1 if survivors else 0
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(COPY)], cwd=ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main())
