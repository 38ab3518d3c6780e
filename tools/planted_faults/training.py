"""Faults that break promises about gradients and training: 5, 6, 14."""

from __future__ import annotations

from .fault import Fault

FAULTS = [
    Fault(
        5,
        "max pooling: the last of equal values takes the gradient",
        "csrc/ops/pool/pool_fwd_simd.cpp",
        "const auto beats = gt(x, best) | is_nan(x);",
        "const auto beats = gt(x, best) | eq(x, best) | is_nan(x);",
        "tests/ops/test_pool.py",
    ),
    Fault(
        5,
        "running sum: the gradient replaces what is there",
        "csrc/ops/scan/scan_simd.cpp",
        "a.y[at] = a.accumulate ? (T)(a.y[at] + (T)total) : (T)total;",
        "a.y[at] = (T)total;",
        "tests/ops/test_scan.py",
    ),
    Fault(
        5,
        "dense layers: the gradient of the bias is 0.1 % too large",
        "csrc/ops/gemm/dense_simd.cpp",
        "        s += d;\n    };",
        "        s += d * V::set1((T)1.001);\n    };",
        "tests/ops/test_dense.py",
    ),
    Fault(
        6,
        "the global seeds depend on the number of threads",
        "python/netlet/random/seeds.py",
        "    return hashed_seed(seed, number)\n",
        "    return hashed_seed(seed, number, _core.get_num_threads())\n",
        "tests/training/test_determinism.py",
    ),
    Fault(
        6,
        "prepacked weights are used again after the weights have changed",
        "csrc/plan/plan.cpp",
        "!r.buffer->tracked() || r.buffer->version() != r.version; });",
        "!r.buffer->tracked() || r.version == never; });",
        "tests/plan/test_kept.py",
    ),
    Fault(
        6,
        "weights that are written while a plan packs them count as packed",
        "csrc/plan/plan.cpp",
        "if (!Buffer::being_written(read.found) && read.buffer->version() == read.found) read.version = read.found;",
        "read.version = read.buffer->version() & ~uint64_t{0xffff};",
        "tests/runtime/test_races.py",
        "--run-slow -k address",
        compiled_by_tests=True,
    ),
    Fault(
        6,
        "row chains: a record joins though it needs other rows of a value than the chain has written",
        "csrc/plan/row_chain.cpp",
        "if (!read_only && !found->second.matches(o)) return false;",
        "if (!read_only && !found->second.matches(o) && rows == 1) return false;",
        "tests/plan/test_row_chains.py",
    ),
    Fault(
        6,
        "row chains: the memory of a value is given away while later parts of the batch need it",
        "csrc/plan/plan.cpp",
        "life.last = std::max(life.last, (int)chain.last - 1);",
        "life.last = std::max(life.last, (int)chain.first);",
        "tests/plan/test_row_chains.py",
    ),
    Fault(
        14,
        "a gradient that is not finite is found only together with a loss",
        "python/netlet/optimizers/base/finite.py",
        "            self._look(run.gradient, self._losses.pop(0) if fits else None, ",
        "            fits and self._look(run.gradient, self._losses.pop(0), ",
        "tests/training/test_nonfinite.py",
    ),
    Fault(
        14,
        "the error about NaN does not name the learning rate",
        "python/netlet/training/nonfinite.py",
        'rate = f", with learning rate {float(optimizer.learning_rate):g}"',
        'rate = ""',
        "tests/training/test_nonfinite.py",
    ),
]
