"""Faults that break promises about memory, processes, inputs and GPUs: 8, 10 to 13, 17, 19."""

from __future__ import annotations

from .fault import Fault

FAULTS = [
    Fault(
        8,
        "layer normalization: lanes behind the end of a row count in the variance",
        "csrc/ops/norm/norm_rows_simd.cpp",
        "const V d = present(load_lanes<V>(x + k * C + i, lanes) - centre[k], lanes);",
        "const V d = load_lanes<V>(x + k * C + i, lanes) - centre[k];",
        "tests/ops/test_norm.py",
    ),
    Fault(
        8,
        "softmax: the maximum of a row reads a whole vector at its end",
        "csrc/ops/softmax/softmax_rows.h",
        "a = max(a, load_row<V>(x + i, n - i < V::width ? n - i : V::width));",
        "a = max(a, V::load(x + i));",
        "tests/ops/test_bounds.py tests/ops/test_softmax.py",
    ),
    Fault(
        10,
        "a forked child uses its parent's pool of threads",
        "csrc/base/thread_pool.cpp",
        "return pool && pool->generation_ == fork_generation();",
        "return pool != nullptr;",
        "tests/runtime/test_fork.py",
    ),
    Fault(
        10,
        "one native call makes all steps, and Ctrl-C waits",
        "python/netlet/training/loop.py",
        "SLICE_SECONDS = 0.05\n_FEWEST = 256",
        "SLICE_SECONDS = 1e9\n_FEWEST = 1 << 30",
        "tests/training/test_interrupt.py",
    ),
    Fault(
        11,
        "big-endian arrays are read as little-endian ones",
        "csrc/bindings/array_view.cpp",
        "    if (d.byteorder() == '>') return std::nullopt;",
        "    if (d.byteorder() == '?') return std::nullopt;",
        "tests/test_any_input.py",
    ),
    Fault(
        12,
        "take: rows beyond 2^31 wrap around",
        "csrc/ops/index/take_simd.cpp",
        "const Bits* from = x + row * s.inner;",
        "const Bits* from = x + (row & 0x7fffffff) * s.inner;",
        "tests/runtime/test_huge_arrays.py",
    ),
    Fault(
        13,
        "a change that fails is undone only for ordinary errors",
        "python/netlet/base/all_or_nothing.py",
        "    except BaseException:\n",
        "    except ValueError:\n",
        "tests/layers/test_building.py tests/runtime/test_out_of_memory.py",
    ),
    Fault(
        17,
        "importing netlet takes Ctrl-C's handler",
        "python/netlet/__init__.py",
        "from .version import __version__\n",
        'from .version import __version__\n\nimportlib.import_module("signal").signal(2, lambda *_: None)\n',
        "tests/runtime/test_import.py",
    ),
    Fault(
        19,
        "running sums on a GPU: a warp leaves out one addition of each step",
        "csrc/ops/scan/scan_cuda.cu",
        "if (lane >= step) sum += before;",
        "if (lane > step) sum += before;",
        "tests/devices/test_reductions.py",
    ),
]
