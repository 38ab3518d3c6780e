"""No memory is lost: each model that was built, trained, saved, quantized and deleted gives back every block.

A library that is loaded first counts the live blocks of the allocator, from which Python's objects come here, too.
"""

from __future__ import annotations

import pytest

from support.preload import needs_preload, run_preloaded

LIVES = """
import ctypes, gc, pathlib, re, sys, threading
import netlet, numpy as np
from netlet import layers

counter = ctypes.CDLL(None)
counter.netlet_test_live_blocks.restype = counter.netlet_test_live_bytes.restype = ctypes.c_long
netlet.set_num_threads(2)
rng = np.random.default_rng(0)
x, y = rng.standard_normal((64, 12, 8), "float32"), rng.integers(0, 3, 64)
path = pathlib.Path({folder!r}) / "a.netlet"

def dense():  # the second layer's weights are more than 32 KB: a block of its own kind (base/buffer.cpp)
    wide = [layers.Dense(128, "relu"), layers.Dense(128, "relu")]
    return [layers.Flatten(), *wide, layers.BatchNormalization(), layers.Dropout(0.2)]

def convolution():
    return [layers.Conv1D(8, 3, activation="relu"), layers.MaxPooling1D(2), layers.Flatten()]

def recurrent():
    return [layers.LSTM(8)]

def life(kind):
    model = netlet.Sequential([netlet.Input((12, 8)), *kind(), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, verbose=0, validation_split=0.25)
    model.fit(netlet.data.Dataset.from_tensor_slices((x, y)).batch(32), verbose=0)
    model.predict(x, verbose=0)
    model.save(path)
    loaded = netlet.models.load_model(path)
    loaded.quantize("int8", only_if_faster=False)
    loaded.predict(x, verbose=0)
    try:
        model.fit(x[:, :5], y, verbose=0)
    except ValueError:
        pass

def lives(kind, count):
    for _ in range(count):
        life(kind)
    netlet.utils.clear_session()
    gc.collect()
    # Python's caches hold up to 4096 names of attributes that were looked up, and 512 patterns: they fill up slowly.
    getattr(sys, "_clear_internal_caches", sys._clear_type_cache)()
    re.purge()
    return np.array([counter.netlet_test_live_blocks(), counter.netlet_test_live_bytes()])

for kind in [{kinds}]:
    first = lives(kind, 10)  # imports modules, and starts threads
    grown = lives(kind, {count}) - first
    # One block that every fourth model loses is more.
    assert grown[0] < {count} // 4 and grown[1] < 100 * {count}, (kind.__name__, grown)
assert threading.active_count() == 1
"""


def live(kinds, count, folder):
    code = LIVES.format(folder=str(folder), kinds=kinds, count=count)
    run_preloaded("live_blocks", code, PYTHONMALLOC="malloc", watchdog=1200)


@needs_preload
def test_models_leave_no_memory_behind(tmp_path):
    live("dense", 15, tmp_path)


@pytest.mark.slow
@needs_preload
def test_200_models_of_each_kind_leave_no_memory_behind(tmp_path):
    live("dense, convolution, recurrent", 200, tmp_path)
