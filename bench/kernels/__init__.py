"""Every kernel compared with NumPy, PyTorch, ONNX Runtime and the machine's limit.

    python -m bench.kernels                      every group of rows: each file in this folder is a group
    python -m bench.kernels gemm reduce          some of them
    python -m bench.kernels gemm --only 1024     rows whose name matches a regular expression
    python -m bench.kernels gemm --threads 2 --isa avx2
    python -m bench.kernels gemm gemm_formats --plot docs/benchmarks/images/zen4-products.svg

To add rows, write a file here with a function `rows()` that yields them. The file is found by itself:

    def exponential(n: int) -> Case:
        x = uniform(n)
        return Case(
            ours=ops.exp, on=[x], truth=np.exp(x.astype("f8")), bytes=2 * x.nbytes,
            peers={
                "numpy": partial(np.exp, x, np.empty_like(x)),
                **torch_peer("exp", x, out=True),
                **onnx_peer("Exp", x),
            },
        )

    def rows() -> Iterator[Row]:
        for label, n in SIZES.items():
            yield Row(f"exp {label}", partial(exponential, n))

bench/harness/row.py explains the fields. A name gives the function, the shape, and the type where it is not float32.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from bench.harness.row import Row

# Elements: arrays that fit the L1 cache, the L2 cache, and neither.
SIZES = {"4k": 1 << 12, "64k": 1 << 16, "1M": 1 << 20}


def groups() -> list[str]:
    return [m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")]


def rows(group: str) -> Iterator[Row]:
    return importlib.import_module(f"{__name__}.{group}").rows()
