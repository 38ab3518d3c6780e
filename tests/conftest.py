"""Shared by all tests: settings of the reference libraries, the markers `slow` and `product`, fixtures."""

from __future__ import annotations

import collections
import gc
import os
import random
import sys
from collections.abc import Iterator
from typing import Any

from support import xla

# Set before anything imports keras: the reference runs on JAX, on the CPU, in float64 where a test asks for it.
os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_X64", "1")
# JAX mostly compiles functions that run once. With fewer optimization passes the suite takes two thirds of the time.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
# XLA's other emitters of fused loops compile in half the time: of tests/layers/test_attention.py that is a third.
if "XLA_FLAGS" not in os.environ and xla.has_flag(EMITTERS := "xla_cpu_use_fusion_emitters"):
    os.environ["XLA_FLAGS"] = f"--{EMITTERS}=false"
# Other processes and later runs read what one has compiled: tests of losses and ops take half the time then.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(xla.cache_folder()))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
os.environ.setdefault("MPLBACKEND", "Agg")

import hypothesis
import numpy as np
import pytest

import netlet
from netlet import _core
from netlet.base import device
from support import differences, simulation
from support.simd import OVERLAYS

if "PYTEST_XDIST_WORKER" in os.environ:  # the workers share the cores; tests of threads set their own number
    _core.set_num_threads(1)

# The same examples in each process, or with --hypothesis-profile=nightly others each time, a hundred times as many
# where a test counts them by support/generated/running.py.
hypothesis.settings.register_profile("ci", derandomize=True, database=None, deadline=None, max_examples=100)
hypothesis.settings.register_profile("nightly", database=None, deadline=None, max_examples=10_000, print_blob=True)
hypothesis.settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-slow", action="store_true", help="also run the tests marked slow")
    parser.addoption("--share", type=int, default=1, metavar="N", help="run one of N tests, drawn with --randomly-seed")


def pytest_configure(config: pytest.Config) -> None:
    if name := os.environ.get("NETLET_TEST_DEVICE"):  # runs the tests of ops on a GPU, or on the simulated one
        device.set_default_device(name)
    if os.environ.get("NETLET_GUARD_PAGES"):  # every kernel next to inaccessible pages: tools/nightly.sh guard
        _core.guard_launches(True)
    differences.every_element = config.getoption("--run-slow")
    config.option.randomly_reset_seed = False  # pytest-randomly chooses the order alone: see pytest_runtest_setup


if "NETLET_TEST_DEVICE" in os.environ:

    @pytest.fixture(autouse=True)
    def end_of_queued_work() -> Iterator[None]:
        yield
        simulation.revive()


@pytest.fixture(autouse=True)
def codes_count_as_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Model.quantize(only_if_faster=True)`, the default, does not measure anything: tests do not depend on times."""
    monkeypatch.setattr("netlet.quantizers.timing.measure", lambda layer, twin: (2.0, 1.0))


def mark_repeated_products(items: list[pytest.Item]) -> None:
    """The best instruction set runs all cases of a test marked `product`. The others run some, in which each value of
    each parameter occurs with each dtype, several new ones at once where that can be; the rest becomes `slow`.
    `@pytest.mark.product(seed=range(20))`: of `seed`, only these values.
    """
    best = {
        "isa": next(isa for isa in _core.supported_isas() if isa not in OVERLAYS),
        "dot_isa": _core.supported_isas()[0],
    }
    groups = collections.defaultdict(list)
    for item in sorted(items, key=lambda item: item.nodeid):
        if (mark := item.get_closest_marker("product")) is None:
            continue
        values = dict(item.callspec.params)
        fixture = "isa" if "isa" in values else "dot_isa"
        if (isa := values.pop(fixture)) != best[fixture]:
            asked_for = all(values[name] in some for name, some in mark.kwargs.items())
            dtype = values.get("dtype")
            parts = {(name, id(value), dtype) for name, value in values.items()} if asked_for else set()
            groups[item.nodeid.split("[")[0], isa].append((item, parts))
    for cases in groups.values():
        seen, chosen = set(), set()
        for new in range(max(len(parts) for _, parts in cases), 0, -1):
            for item, parts in cases:
                if len(parts - seen) >= new:
                    seen |= parts
                    chosen.add(item)
        for item, _ in cases:
            if item not in chosen:
                item.add_marker("slow")


# Networks of `netlet.applications` whose example takes more than a second, since it makes tens of millions of weights.
LARGE = (
    "ConvNeXtBase ConvNeXtLarge ConvNeXtSmall ConvNeXtXLarge DenseNet201 EfficientNetB5 EfficientNetB6 EfficientNetB7 "
    "EfficientNetV2L EfficientNetV2M EfficientNetV2S InceptionResNetV2 NASNetLarge ResNet152 ResNet152V2"
).split()


def mark_large_networks(items: list[pytest.Item]) -> None:
    """The examples of large networks in docstrings become `slow`."""
    for item in items:
        if item.name.startswith("netlet.applications.") and item.name.rpartition(".")[2] in LARGE:
            item.add_marker("slow")


def deselect(config: pytest.Config, items: list[pytest.Item], unwanted: set[pytest.Item]) -> None:
    config.hook.pytest_deselected(items=[item for item in items if item in unwanted])
    items[:] = [item for item in items if item not in unwanted]


def draw_share(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps one of N tests: many orders of a tenth find what depends on the order, for the cost of a few suites. The
    draw depends on the seed and the names alone, so that all workers of pytest-xdist make the same."""
    count = -(-len(items) // config.getoption("--share"))
    draw = random.Random(config.getoption("randomly_seed", 0))
    chosen = draw.sample(sorted(items, key=lambda item: item.nodeid), count)
    deselect(config, items, set(items).difference(chosen))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    mark_repeated_products(items)
    mark_large_networks(items)
    if not (config.getoption("--run-slow") or "slow" in (config.getoption("-m") or "")):
        deselect(config, items, {item for item in items if item.get_closest_marker("slow")})
    draw_share(config, items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Excludes all objects created so far (twenty thousand test items, every module) from garbage collection."""
    gc.collect()
    gc.freeze()


_drawn: dict[int, dict[str, Any]] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Each test draws as if it were the first: from its module's generators, and from those that netlet, Keras, Python
    and NumPy keep. Without this, the weights of a test's networks would differ in every run."""
    for library in (netlet, sys.modules.get("keras")):
        if library is not None:
            library.utils.set_random_seed(0)
    module = getattr(item, "module", None)  # examples of docstrings have none
    for value in vars(module).values() if module is not None else ():
        if isinstance(value, np.random.Generator):
            value.bit_generator.state = _drawn.setdefault(id(value), value.bit_generator.state)


@pytest.fixture
def exact_convolutions() -> Iterator[None]:
    """The precision "highest" of convolutions: whole numbers are exact."""
    _core.keep_convolutions_exact(True)
    yield
    _core.keep_convolutions_exact(False)


def in_force(name: str) -> Iterator[str]:
    before = _core.active_isa()
    _core.force_isa(name)
    yield name
    _core.force_isa(before)


@pytest.fixture(params=[isa for isa in _core.supported_isas() if isa not in OVERLAYS])
def isa(request: pytest.FixtureRequest):
    """Each instruction set with its own kernels that this CPU supports; active while the test runs."""
    yield from in_force(request.param)


@pytest.fixture(params=_core.supported_isas())
def dot_isa(request: pytest.FixtureRequest):
    """As `isa`, plus the levels that differ only in low-precision products; for tests of those products."""
    yield from in_force(request.param)


@pytest.fixture(params=[1, 2, 3, 8])
def threads(request: pytest.FixtureRequest):
    """1, 2, 3 and 8 threads; the number is active while the test runs."""
    before = _core.get_num_threads()
    _core.set_num_threads(request.param)
    yield request.param
    _core.set_num_threads(before)
