"""Import, fit, predict, save and load leave what belongs to the host process as it was.

That is: floating-point mode, signal handlers, CPU affinity, umask, working directory, locale, environment, paths, and
the settings of Python and NumPy.
"""

from __future__ import annotations

import pytest

from support.preload import needs_preload, run_preloaded

STATE = """
import ctypes, locale, os, random, resource, signal, sys, threading, time, warnings
import numpy as np

mode = ctypes.CDLL(None).netlet_test_float_mode
mode.restype = ctypes.c_ulong

def umask():
    now = os.umask(0o077)
    os.umask(now)
    return now

def affinity():
    return {int(t): sorted(os.sched_getaffinity(int(t))) for t in os.listdir("/proc/self/task")}

def state():
    return {
        "floating-point mode": mode(),
        "signal handlers": {s: signal.getsignal(s) for s in signal.valid_signals()},
        "signal mask": signal.pthread_sigmask(signal.SIG_BLOCK, []),
        "wakeup descriptor": wakeup(),
        "timers": [signal.getitimer(t) for t in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)],
        "affinity": os.sched_getaffinity(0),
        "priority": os.getpriority(os.PRIO_PROCESS, 0),
        "limits": [resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith("RLIMIT")],
        "umask": umask(),
        "working directory": os.getcwd(),
        "locale": locale.setlocale(locale.LC_ALL),
        "environment": dict(os.environ),
        "paths": list(sys.path),
        "finders": [f for f in sys.meta_path if "netlet" not in repr(f)],
        "hooks": (sys.excepthook, sys.displayhook, sys.unraisablehook, threading.excepthook, sys.gettrace()),
        "streams": (sys.stdout, sys.stderr, sys.stdin, sys.stdout.encoding),
        "warnings": list(warnings.filters),
        "NumPy's errors": np.geterr(),
        "NumPy's printing": np.get_printoptions(),
        "NumPy's random state": repr(np.random.get_state()),
        "Python's random state": random.getstate(),
        "recursion limit": sys.getrecursionlimit(),
        "switch interval": sys.getswitchinterval(),
        "time zone": (time.tzname, time.timezone),
        "stack size": threading.stack_size(),
    }

def wakeup():
    before = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(before)
    return before

def unchanged(what):
    now = state()
    for name in before:
        assert now[name] == before[name], (what, name, before[name], now[name])
"""

LIFE = """
import pathlib
# Settings that are not the defaults, so that resetting them would be seen, too.
os.umask(0o027)
os.chdir({folder!r})
np.seterr(divide="raise", under="ignore", over="print", invalid="call")
np.seterrcall(print)
np.set_printoptions(precision=3)
random.seed(1), np.random.seed(1)
warnings.simplefilter("error", ResourceWarning)
signal.signal(signal.SIGUSR1, lambda *_: None)
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.setrecursionlimit(1234), sys.setswitchinterval(0.004)
os.environ["OMP_NUM_THREADS"] = "7"
{float_mode}
before = state()
import netlet
unchanged("import")
from netlet import layers
netlet.set_num_threads(3)
x, y = np.random.default_rng(0).standard_normal((96, 300), "float32"), np.arange(96) % 5
model = netlet.Sequential([netlet.Input((300,)), layers.Dense(400, "relu"), layers.BatchNormalization(),
                           layers.Dropout(0.2), layers.Dense(5, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
unchanged("compile")
model.fit(x, y, verbose=0, validation_split=0.2)
unchanged("fit")
model.fit(netlet.data.Dataset.from_tensor_slices((x, y)).batch(16), verbose=0)
unchanged("fit from a thread")
model.predict(x, verbose=0), model.evaluate(x, y, verbose=0)
unchanged("predict")
path = pathlib.Path("a.netlet")
model.save(path)
assert path.stat().st_mode & 0o777 == 0o640
netlet.models.load_model(path)
unchanged("save and load")
for call in [lambda: model.save("a.keras"), lambda: model.export("a.onnx", format="onnx")]:
    try:
        call()
    except ImportError:
        pass
unchanged("save and export in other formats")
model.quantize("int8", only_if_faster=False)
model.predict(x, verbose=0)
unchanged("quantize")
try:
    model.fit(x[:, :3], y, verbose=0)
except ValueError:
    pass
unchanged("an error")
assert all(cpus == sorted(before["affinity"]) for cpus in affinity().values()), affinity()
"""

# Every worker computes in the mode of a new thread; a caller with another mode gets it back.
UPWARDS = """
import importlib, importlib.util
for name in ("h5py", "onnx"):  # HDF5 itself does not start in this mode
    if importlib.util.find_spec(name):
        importlib.import_module(name)
ctypes.CDLL("libm.so.6").fesetround(0x800)  # FE_UPWARD on x86; another code elsewhere, which is refused
"""


@needs_preload
def test_nothing_of_the_host_is_changed(tmp_path):
    run_preloaded("float_mode", STATE + LIFE.format(folder=str(tmp_path), float_mode=""))


@pytest.mark.slow
@needs_preload
def test_a_host_that_rounds_upwards_gets_its_mode_back(tmp_path):
    run_preloaded("float_mode", STATE + LIFE.format(folder=str(tmp_path), float_mode=UPWARDS))
