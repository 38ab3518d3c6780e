"""Promise 13: a step without memory enough raises MemoryError and leaves the model unchanged."""

from __future__ import annotations

from .child import failures, needs_linux

CODE = """
import gc, resource, numpy as np, netlet
rows = 20_000
x, y = np.zeros((rows, 8), np.float32), np.zeros((rows, 1), np.float32)
model = netlet.Sequential([netlet.Input((8,)), netlet.layers.Dense(4096, "relu"), netlet.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x[:64], y[:64], verbose=0)
model.predict(x[:64], verbose=0)
state = lambda: [np.array(v).tobytes() for v in (*model.weights, *model.optimizer.variables)]
before = state()
for call in (
    lambda: model.fit(x, y, batch_size=rows, verbose=0),
    lambda: model.predict(x, batch_size=rows, verbose=0),
    lambda: model(x),
):
    gc.collect()
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (now + (64 << 20), hard))
    try:
        call()
        raise SystemExit("a step that needs more memory than there is did not raise")
    except MemoryError:
        pass
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    if state() != before:
        raise SystemExit("a step without memory enough has changed the model")
model.fit(x[:64], y[:64] + 1, verbose=0)
"""


def check() -> list[str]:
    needs_linux("running out of memory")
    return failures(CODE)
