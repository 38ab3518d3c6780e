"""Faults that sanitizers, counts of live memory and a random order of the tests find: 9, 20."""

from __future__ import annotations

from .fault import Fault

FAULTS = [
    Fault(
        9,
        "a plan copies one byte more than its arguments have",
        "csrc/plan/plan.cpp",
        "std::memcpy(args_->data(), recording_.args.data(), recording_.args.size());",
        "std::memcpy(args_->data(), recording_.args.data(), recording_.args.size() + 1);",
        "tests/runtime/test_races.py",
        "--run-slow -k address",
        compiled_by_tests=True,
    ),
    Fault(
        9,
        "the number of threads changes while a job runs",
        "csrc/base/thread_pool.cpp",
        "    std::lock_guard lock(mutex_);\n    if (n < threads_.load())",
        "    if (n < threads_.load())",
        "tests/runtime/test_races.py",
        "--run-slow -k thread",
        compiled_by_tests=True,
    ),
    Fault(
        9,
        "every recorded step lives until the process ends",
        "python/netlet/training/step.py",
        "            step = self._steps[key] = record(model, mode, data, batch, check_finite)\n",
        "            step = self._steps[key] = record(model, mode, data, batch, check_finite)\n"
        "            record.__dict__[str(id(step))] = step\n",
        "tests/runtime/test_leaks.py",
    ),
    Fault(
        9,
        "the memory of tensors is never freed",
        "csrc/base/buffer.cpp",
        "        ::operator delete(host, std::align_val_t{alignment_});\n}",
        "        (void)host;\n}",
        "tests/runtime/test_leaks.py",
    ),
    Fault(
        20,
        "the last test of a file leaves another default dtype to those after it",
        "tests/test_config_random_utils.py",
        "def test_configs_are_copied_and_pickled():\n",
        'def test_configs_are_copied_and_pickled():\n    netlet.config.set_floatx("float64")\n',
        "tests/test_config_random_utils.py",
        "-p randomly --randomly-seed=1",
    ),
]
