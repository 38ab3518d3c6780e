"""Tests the netlet that is installed in this Python's environment, in a minute or two.

    python tools/test_wheel.py

It needs pytest and hypothesis, and none of the libraries that the whole suite compares netlet with. It imports every
module that needs no optional package, runs the first example of README.md in an empty folder where scikit-learn is
installed, checks vector functions, and runs the tests of products, convolution, normalization, recurrent layers, plans
and files. cibuildwheel runs it for each wheel (pyproject.toml), tools/build_wheels.py --test for each Python and NumPy.
"""

from __future__ import annotations

import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Fast, and without the reference libraries. Tests of every instruction set that this CPU has, each for some cases.
TESTS = (
    "tests/structure/test_kernel_list.py",
    "tests/ops/test_dense.py",
    "tests/ops/test_gemm_int8.py",
    "tests/ops/test_norm.py",
    "tests/ops/test_pool.py",
    "tests/ops/test_getitem.py",
    "tests/plan/test_plan.py",
    "tests/plan/test_tape.py",
    "tests/saving/test_weights.py",
    "tests/test_tensor.py",
    "tests/test_gradient_tape.py",
)


def run(*arguments: str, cwd: pathlib.Path | str = ROOT) -> None:
    print("$ python", *(a if "\n" not in a else "..." for a in arguments), flush=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([sys.executable, *arguments], cwd=cwd, env=environment, check=True)


def readme_example() -> str:
    return re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]


def main() -> None:
    where = pathlib.Path(importlib.util.find_spec("netlet").origin)
    if ROOT / "python" in where.parents:
        raise SystemExit(f"expected an installed netlet, found the source tree's: {where}")
    with tempfile.TemporaryDirectory() as empty:
        run("-m", "netlet", "info", cwd=empty)
        if importlib.util.find_spec("sklearn"):  # it reads the digits
            run("-c", readme_example(), cwd=empty)
        run("-m", "netlet", "verify", "--functions", "exp,tanh", cwd=empty)
    options = ("-q", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib --strict-markers")
    run("-m", "pytest", *options, *TESTS)


if __name__ == "__main__":
    main()
