"""
Data larger than memory, chunk by chunk
=======================================

Dask arrays look like NumPy's and are computed in chunks, only when they are needed. ``fit`` takes them as they are:
it reads one chunk ahead, cuts batches from it and frees it, so that the memory needed is that of two chunks, however
long the array is. (``pip install dask``; frames need ``dask[dataframe]``.)
"""

# Lecture notes: Larger data

# %%
# An array that does not exist yet
# --------------------------------
# Forty chunks of 5,000 rows. Each chunk is made by a function, as another array would read it from a file, and the
# function writes down when it was called.

import threading

import dask
import dask.array as da
import dask.dataframe as dd
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import netlet
from netlet import layers

CHUNKS, ROWS, FEATURES, BATCH = 40, 5000, 20, 250
weights = np.random.default_rng(0).normal(size=FEATURES) / 3
steps_done, calls, lock = 0, [], threading.Lock()


def read_chunk(number):
    with lock:
        calls.append((steps_done, number))
    rng = np.random.default_rng(number)
    x = rng.normal(size=(ROWS, FEATURES)).astype("float32")
    y = np.sin(x @ weights) + 0.1 * rng.normal(size=ROWS)
    return np.c_[x, y].astype("float32")


shape = (ROWS, FEATURES + 1)
data = da.concatenate([da.from_delayed(dask.delayed(read_chunk)(k), shape, dtype="float32") for k in range(CHUNKS)])
x, y = data[:, :FEATURES], data[:, FEATURES]
print(data)
print(f"{data.nbytes / 1e6:.1f} MB in all, {data.nbytes / CHUNKS / 1e6:.2f} MB for each chunk")

# %%
# The same fit
# ------------
# The call is that for NumPy arrays. A callback counts the steps, so that we can see when each chunk was read.


def count(batch, logs):
    global steps_done
    steps_done += 1


netlet.utils.set_random_seed(0)
model = netlet.Sequential(
    [netlet.Input((FEATURES,)), layers.Dense(64, "relu"), layers.Dense(64, "relu"), layers.Dense(1)]
)
model.compile(netlet.optimizers.Adam(2e-3), "mse")
calls.clear()
counter = netlet.callbacks.LambdaCallback(on_train_batch_end=count)
history = model.fit(x, y, batch_size=BATCH, epochs=2, shuffle=False, callbacks=[counter], verbose=0).history
print("loss per epoch:", np.round(history["loss"], 4))

# %%
# Chunks and steps
# ----------------
# Each point is a chunk that was read. The staircase follows the steps, one chunk ahead of the training; at the second
# epoch it begins again. Nothing was read at the start beyond the first two chunks.

at, chunk = np.array(calls).T
figure, ax = plt.subplots(figsize=(7.5, 3.8), layout="constrained")
steps = np.arange(2 * CHUNKS * ROWS // BATCH)
ax.plot(steps, steps * BATCH // ROWS % CHUNKS, color="0.75", linewidth=2, label="chunk that is trained on")
ax.plot(at, chunk, ".", color="#2f6fb5", label="chunk that is read")
ax.set(xlabel="training step", ylabel="chunk", title="Read one ahead, two in memory")
ax.legend(frameon=False, loc="lower right")

print(f"{len(calls)} reads, {len(calls) / 2:.0f} in each epoch")
ahead = np.arange(len(calls)) - at * BATCH // ROWS
assert chunk.tolist() == [*range(CHUNKS), *range(CHUNKS)]  # each chunk once in an epoch
assert ahead.max() <= 2  # chunks are read when they are needed, not before

# %%
# Evaluate, predict, frames
# -------------------------
# They read chunk by chunk, too. A data frame of Dask has *partitions* in place of chunks.

test = read_chunk(1000)
error = model.evaluate(da.from_array(test[:, :FEATURES], chunks=(1000, FEATURES)), test[:, FEATURES], verbose=0)
plain = model.evaluate(test[:, :FEATURES], test[:, FEATURES], verbose=0)
print(f"error on new rows {error:.4f}; variance of the targets {test[:, FEATURES].var():.4f}")
assert abs(error - plain) < 1e-6

table = pd.DataFrame(test, columns=[*(f"feature {k}" for k in range(FEATURES)), "target"])
frame = dd.from_pandas(table, npartitions=5)
model.fit(frame[list(table.columns[:-1])], frame["target"], batch_size=BATCH, verbose=0)
assert model.predict(frame[list(table.columns[:-1])], verbose=0).shape == (ROWS, 1)

# %%
# *Try:* ``shuffle=True``. The chunks come in a new order in each epoch, and their rows are permuted inside.

assert error < 0.3 * test[:, FEATURES].var()
