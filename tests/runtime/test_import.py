"""What `import netlet` loads, starts and changes. The time it takes is not tested."""

from __future__ import annotations

from support.child import run_child

HEAVY = "matplotlib sklearn scipy pandas h5py onnx onnxruntime keras jax torch tensorflow PIL asyncio multiprocessing"


def test_import_brings_no_heavy_module_along():
    """None of the modules in HEAVY is loaded, except those that NumPy itself imports."""
    child = run_child(
        f"""
        import sys, numpy
        before = set(sys.modules)
        import netlet
        print(*(m for m in "{HEAVY}".split() if m in sys.modules and m not in before))
        """
    )
    assert child.stdout.split() == []


def test_import_starts_no_thread_and_changes_no_signal_handler_mode_or_affinity():
    """Importing leaves the process's signal handlers, threads, CPU affinity and floating-point mode unchanged."""
    child = run_child(
        """
        import os, signal, numpy as np
        def state():
            affinity = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
            threads = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else None
            subnormal = np.float32(1e-40) * np.float32(0.5)  # zero if somebody set FTZ or DAZ
            return {s: signal.getsignal(s) for s in signal.valid_signals()}, affinity, threads, float(subnormal)
        before = state()
        import netlet
        from netlet import _core
        assert state() == before
        assert _core.workers_started() == 0
        netlet.set_num_threads(3)
        x = np.full((2048, 2048), 1e-40, np.float32)
        y = netlet.ops.multiply(x, np.full_like(x, 0.5))  # in parallel: workers keep subnormals too
        assert np.array_equal(y, x * np.float32(0.5)) and y[0, 0] > 0
        after = state()
        assert _core.workers_started() > 0
        assert (after[0], after[1], after[3]) == (before[0], before[1], before[3])
        """
    )
    assert child.stderr == ""


SUBINTERPRETERS = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
code = [
    "import warnings",
    "warnings.simplefilter('ignore')",  # NumPy's, of itself
    "try:",
    "    from netlet import _core",
    "except ImportError as e:",
    "    print(e, flush=True)",
]
for _ in range(2):  # before and after the main interpreter has imported it
    one = interpreters.create("legacy") if hasattr(interpreters, "exec") else interpreters.create()
    interpreters.run_string(one, chr(10).join(code))
    from netlet import _core
"""


def test_a_subinterpreter_is_refused():
    """An ImportError is raised; otherwise the process would hang."""
    refusals = run_child(SUBINTERPRETERS).stdout.splitlines()
    assert len(refusals) == 2
    assert all("subinterpreter" in line for line in refusals)


def test_a_first_model_loads_no_layers_that_it_does_not_use():
    """Layers are imported at their first use, and so are the quantizers and the programs around models."""
    child = run_child(
        """
        import sys, numpy as np, netlet
        model = netlet.Sequential([netlet.layers.Dense(8, activation="relu"), netlet.layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(np.ones((8, 4), "float32"), np.ones((8, 1), "float32"), verbose=0)
        print(*sys.modules)
        """
    )
    unused = """
        netlet.layers.attention netlet.layers.foreign netlet.layers.rnn netlet.layers.preprocessing.image
        netlet.layers.preprocessing.features netlet.layers.quantized.aware netlet.layers.quantized.weight_only
        netlet.quantizers netlet.export.onnx netlet.onnx netlet.wrappers netlet.applications netlet.data netlet.commands
    """
    assert set(unused.split()) & set(child.stdout.split()) == set()


def test_layers_that_are_imported_at_first_use_are_found():
    """By `import *`, by `dir`, by the class name of a config, and by the table of quantized classes."""
    child = run_child(
        """
        import netlet
        from netlet.layers import *
        assert {*netlet.layers.__all__} <= {*dir(netlet.layers)} & {*globals()}
        assert GRU is netlet.layers.GRU is netlet.layers.rnn.GRU
        """
    )
    assert child.stderr == ""
    child = run_child(
        """
        import netlet
        config = {"module": "keras.layers", "class_name": "GRU", "config": {"units": 2}}
        made = netlet.saving.deserialize_keras_object(config)
        assert type(made).__name__ == "GRU"
        made = netlet.layers.deserialize({"class_name": "Softmax", "config": {}})
        assert type(made).__name__ == "Softmax"
        model = netlet.Sequential([netlet.Input((64,)), netlet.layers.Dense(64)])
        model.quantize("int8", only_if_faster=False)
        assert type(model.layers[0]) is netlet.layers.quantized.Int8Dense
        """
    )
    assert child.stderr == ""
