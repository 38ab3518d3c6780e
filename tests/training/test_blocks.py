"""Arrays of Dask and in files are read block by block: the same batches as arrays, and never all rows at once."""

from __future__ import annotations

import threading

import h5py
import numpy as np
import pandas
import pytest

import netlet
from netlet import layers
from netlet.base import chunked
from netlet.training.data_sources import BlockSource
from netlet.training.state import ShuffleOrder

dask = pytest.importorskip("dask")
dask_array = pytest.importorskip("dask.array")
dask_frame = pytest.importorskip("dask.dataframe")

X = np.random.default_rng(0).standard_normal((100, 3)).astype(np.float32)
Y = X[:, :1] * 2 + 1
FRAME = pandas.DataFrame(X, columns=list("abc"))
SHUFFLED = {"shuffle": True, "batch_size": 8, "epochs": 3, "verbose": 0}


def make():
    netlet.utils.set_random_seed(1)
    model = netlet.Sequential([netlet.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


class InFile:
    """The part of an array in a file that is used, with a note of what is read."""

    def __init__(self, x, chunks=None):
        self.x, self.shape, self.dtype, self.chunks, self.read = x, x.shape, x.dtype, chunks, []

    def __getitem__(self, rows):
        self.read.append((rows.start, rows.stop, threading.current_thread()))
        return self.x[rows]

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("all of it was read")


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of files have at most 30 rows of X."""
    monkeypatch.setattr(chunked, "BLOCK_BYTES", 30 * 3 * 4)


def uneven(x):
    return dask_array.from_array(x, chunks=((30, 5, 64, 1), *((n,) for n in x.shape[1:])))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    "blocks",
    [
        uneven,
        lambda x: dask_array.from_array(x, chunks=(33, 1)),
        lambda x: dask_frame.from_pandas(pandas.DataFrame(x), npartitions=4),
        InFile,
        lambda x: InFile(x, (7, 1)),
    ],
    ids=["uneven", "columns", "frame", "file", "file of chunks"],
)
@pytest.mark.parametrize(
    "targets", [np.asarray, uneven, lambda y: pandas.Series(y[:, 0])], ids=["array", "dask", "series"]
)
def test_the_batches_are_those_of_arrays(blocks, targets):
    histories = []
    for x, y in ((X, Y), (blocks(X), targets(Y))):
        model = make()
        fitted = model.fit(x, y, shuffle=False, batch_size=8, epochs=2, validation_data=(x, y), verbose=0)
        np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(X, verbose=0))
        histories.append({**fitted.history, "evaluated": model.evaluate(x, y, batch_size=8, verbose=0)})
    assert histories[0] == histories[1]


def test_frames_with_frames():
    def parts(x):
        return dask_frame.from_pandas(pandas.DataFrame(x), npartitions=3)

    losses = []
    for x, y, w in ((X, Y, Y**2), (parts(X), parts(Y), parts(Y**2)[0])):
        losses.append(make().fit(x, y, sample_weight=w, shuffle=False, verbose=0).history["loss"])
    assert losses[0] == losses[1]


def test_an_unknown_length_is_known_after_it_was_counted():
    frame = dask_frame.from_pandas(FRAME, npartitions=4)
    assert BlockSource(frame).num_batches is None
    assert BlockSource(frame, Y, batch_size=10).num_batches == 10
    unknown = dask_array.from_array(X, chunks=(30, 3))[dask_array.from_array(X[:, 0] > 0, chunks=30)]
    assert BlockSource(unknown).num_batches is None
    model = make()
    np.testing.assert_array_equal(model.predict(unknown, verbose=0), model.predict(X[X[:, 0] > 0], verbose=0))


def test_several_inputs():
    inputs = [netlet.Input((3,), name="a"), netlet.Input((3,), name="b")]
    model = netlet.Model(inputs, layers.Dense(1)(layers.Concatenate()(inputs)))
    expected = model.predict({"a": X, "b": -X}, verbose=0)
    np.testing.assert_array_equal(model.predict({"a": uneven(X), "b": -X}, verbose=0), expected)
    np.testing.assert_array_equal(model.predict([uneven(X), dask_array.from_array(-X)], verbose=0), expected)


# ---- shuffling -------------------------------------------------------------------------------------------------------
def rows(x, seed=0, shuffle=True, passes=1):
    order = ShuffleOrder()
    order.set([seed, 0])
    source = BlockSource(x, batch_size=8, shuffle=shuffle, order=order)
    return [[np.asarray(b).ravel() for b in source.epoch()] for _ in range(passes)]


def test_blocks_are_shuffled_and_the_rows_in_them():
    x = dask_array.from_array(np.arange(100), chunks=20)
    first, second = rows(x, passes=2)
    assert sorted(np.concatenate(first)) == sorted(np.concatenate(second)) == list(range(100))
    blocks = [np.concatenate(p).reshape(5, 20) // 20 for p in (first, second)]
    for block in blocks:
        assert (block == block[:, :1]).all() and block[:, 0].tolist() != [0, 1, 2, 3, 4]
    assert blocks[0][:, 0].tolist() != blocks[1][:, 0].tolist()
    assert not (np.diff(first[0]) == 1).all()
    np.testing.assert_array_equal(np.concatenate(first), np.concatenate(rows(x)[0]))  # depends on the seed alone
    assert np.concatenate(first).tolist() != np.concatenate(rows(x, 1)[0]).tolist()


def test_batch_shuffles_inside_of_batches():
    [batches] = rows(dask_array.from_array(np.arange(100), chunks=20), shuffle="batch")
    for i, batch in enumerate(batches):
        assert sorted(batch) == list(range(8 * i, min(8 * i + 8, 100)))
    assert any(not (np.diff(batch) == 1).all() for batch in batches)


def test_x_and_y_stay_together():
    order = ShuffleOrder()
    x = dask_array.from_array(X, chunks=(30, 3))
    for xs, ys in BlockSource(x, Y, shuffle=True, order=order).epoch():
        np.testing.assert_array_equal(xs[:, :1] * 2 + 1, ys)


def test_a_training_that_was_interrupted_goes_on(tmp_path):
    x = dask_array.from_array(X, chunks=(30, 3))
    whole = make()
    whole.fit(x, Y, **SHUFFLED)

    class Stop(netlet.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 6 and self.model.optimizer.iterations > 13:
                raise KeyboardInterrupt

    def backup():
        return netlet.callbacks.BackupAndRestore(str(tmp_path / "backup"), save_freq=3)

    with pytest.raises(KeyboardInterrupt):
        make().fit(x, Y, callbacks=[backup(), Stop()], **SHUFFLED)
    resumed = make()
    resumed.fit(x, Y, callbacks=[backup()], **SHUFFLED)
    for a, b in zip(whole.get_weights(), resumed.get_weights()):
        np.testing.assert_array_equal(a, b)


# ---- what is read, and when ------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("small_blocks")
def test_one_block_is_read_ahead():
    x = InFile(X)
    batches = BlockSource(x, batch_size=10).epoch()
    next(batches)
    next(batches)
    for _ in range(100):
        if len(x.read) > 1:
            break
        threading.Event().wait(0.01)
    assert [(start, stop) for start, stop, _ in x.read] == [(0, 30), (30, 60)]
    assert all(thread is not threading.main_thread() for *_, thread in x.read)
    batches.close()
    assert not any(thread.is_alive() for *_, thread in x.read)


@pytest.mark.usefixtures("small_blocks")
def test_blocks_are_whole_chunks_of_the_file():
    assert chunked.chunked(InFile(X, (8, 3))).lengths == [24, 24, 24, 24, 4]
    assert chunked.chunked(InFile(X, (64, 3))).lengths == [64, 36]
    assert chunked.chunked(InFile(X[:0], (64, 3))).lengths == [0]


@pytest.mark.usefixtures("small_blocks")
def test_files_of_h5py(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"], file["y"] = X, Y
        assert BlockSource(file["x"]).num_batches == 4 and chunked.chunked(file["x"]).count == 4
        losses = [make().fit(*d, shuffle=False, verbose=0).history["loss"] for d in ((file["x"], file["y"]), (X, Y))]
        assert losses[0] == losses[1]
        normalization = layers.Normalization()
        normalization.adapt(file["x"])
        np.testing.assert_allclose(normalization.mean, X.mean(0, keepdims=True), rtol=1e-5)


def test_one_block_is_an_array():
    losses = []
    for x in (X, dask_array.from_array(X, chunks=-1), InFile(X)):
        if isinstance(x, InFile):
            x.__class__ = type("InMemory", (InFile,), {"__array__": lambda self, dtype=None, copy=None: self.x})
        losses.append(make().fit(x, Y, **SHUFFLED).history["loss"])
    assert losses[0] == losses[1] == losses[2]


def test_layers_adapt_to_one_block_after_another():
    for x in (uneven(X), dask_frame.from_pandas(FRAME, npartitions=3)):
        normalization = layers.Normalization()
        normalization.adapt(x)
        np.testing.assert_allclose(normalization.mean, X.mean(0, keepdims=True), rtol=1e-5)


# ---- errors ----------------------------------------------------------------------------------------------------------
def test_errors():
    model = make()
    x = uneven(X)
    with pytest.raises(ValueError, match=r"fit: expected arrays with the same number of rows, received \[99, 100\]"):
        model.fit(x, Y[:99])
    with pytest.raises(ValueError, match=r"validation_split=\): expected arrays in memory.*dask array of 4 blocks"):
        model.fit(x, Y, validation_split=0.5)
    parts = [dask_frame.from_pandas(FRAME, npartitions=n) for n in (2, 3)]
    with pytest.raises(ValueError, match=r"same number of partitions, received \[2, 3\]"):
        model.fit(*parts)
    shorter = dask_frame.from_map(lambda n: FRAME[:n], [50, 49])
    longer = dask_frame.from_map(lambda n: FRAME[["a"]][:n], [50, 50])
    with pytest.raises(ValueError, match="same number of rows in block 1, received 49, 50"):
        model.fit(shorter, longer, shuffle=False, verbose=0)
    named = dask_frame.from_pandas(FRAME.assign(b="text"), npartitions=2)
    with pytest.raises(TypeError, match="column 'b' has dtype"):
        model.predict(named, verbose=0)


def test_an_error_while_a_block_is_computed_reaches_the_caller():
    def fail(block, block_info=None):
        if block_info and block_info[0]["chunk-location"][0] == 2:
            raise OSError("the disk is gone")
        return block

    model = make()
    with pytest.raises(OSError, match="the disk is gone"):
        model.fit(
            dask_array.from_array(X, chunks=(30, 3)).map_blocks(fail, dtype="float32"), Y, shuffle=False, verbose=0
        )
    assert model.predict(X, verbose=0).shape == (100, 1)
    assert not [t for t in threading.enumerate() if t.name == "netlet-prefetch"]


def test_what_x_and_y_have_in_common_is_computed_once():
    reads = []

    def read(number):
        reads.append(number)
        return np.ones((20, 4), np.float32)

    def read_frame(number):
        return pandas.DataFrame(read(number), columns=list("abcd"))

    blocks = [dask_array.from_delayed(dask.delayed(read)(k), (20, 4), dtype=np.float32) for k in range(3)]
    table = dask_array.concatenate(blocks)
    meta = pandas.DataFrame(columns=list("abcd"), dtype=np.float32)
    frame = dask_frame.from_delayed([dask.delayed(read_frame)(k) for k in range(3)], meta=meta)
    for x, y in ((table[:, :3], table[:, 3]), (frame[["a", "b", "c"]], frame["d"])):
        reads.clear()
        make().fit(x, y, epochs=2, shuffle=False, verbose=0)
        assert reads == [0, 1, 2, 0, 1, 2]
