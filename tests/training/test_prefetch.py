"""A thread makes the batches of generators and other iterables ahead: the same batches, and no thread stays."""

import gc
import threading
import time
import traceback

import numpy as np
import pytest

import netlet
from netlet.training.data_sources import Prefetch
from support.child import WATCHDOG, run_child

X = np.random.default_rng(0).standard_normal((40, 4)).astype(np.float32)
Y = X[:, :1] * 2


def make(**arguments):
    model = netlet.Sequential([netlet.Input((4,)), netlet.layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse", **arguments)
    return model


def threads():
    return [t for t in threading.enumerate() if t.name == "netlet-prefetch"]


@pytest.fixture(autouse=True)
def no_thread_stays():
    yield
    assert not threads()


class Batches:
    """An endless iterator that counts its batches and the threads that advance it."""

    def __init__(self, seconds=0.0, fail_at=None, length=None):
        self.taken, self.threads = 0, set()
        self.seconds, self.fail_at, self.length = seconds, fail_at, length

    def __iter__(self):
        return self

    def __next__(self):
        self.threads.add(threading.get_ident())
        if self.taken == self.length:
            raise StopIteration
        if self.taken == self.fail_at:
            raise KeyError("no such file")
        self.taken += 1
        time.sleep(self.seconds)
        i = self.taken % 10
        return X[4 * i : 4 * i + 4], Y[4 * i : 4 * i + 4]


def test_an_epoch_takes_its_batches_and_none_beyond():
    model, source = make(), Batches()
    for epochs in (1, 2):
        source.taken = 0
        model.fit(source, steps_per_epoch=3, epochs=epochs, verbose=0)
        time.sleep(0.01)
        assert source.taken == 3 * epochs

    class Look(netlet.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            time.sleep(0.02)  # a thread that did not wait would take batches of the next epoch
            # The first batch of the next epoch is taken early, to know whether there is one.
            assert source.taken == 3 * epoch + (epoch > 0)

    source.taken = 0
    model.fit(source, steps_per_epoch=3, epochs=3, verbose=0, callbacks=[Look()])
    assert source.taken == 9
    source.taken = 0
    model.evaluate(source, steps=5, verbose=0)
    model.predict(source, steps=5, verbose=0)
    assert source.taken == 10


def test_one_thread_advances_the_iterator():
    source = Batches()
    make().fit(source, steps_per_epoch=3, epochs=3, verbose=0)
    assert len(source.threads) == 1 and threading.get_ident() not in source.threads
    source = Batches()
    make(run_eagerly=True).fit(source, steps_per_epoch=3, epochs=3, verbose=0)
    assert source.threads == {threading.get_ident()}


def test_an_early_stop_takes_few_batches_more():
    class Stop(netlet.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            time.sleep(0.01)
            self.model.stop_training = batch == 3

    source = Batches()
    make().fit(source, verbose=0, callbacks=[Stop()])
    assert 4 <= source.taken <= 6


def test_training_is_the_same_as_without_a_thread(monkeypatch):
    results = []
    for _ in range(2):
        model = make()
        history = model.fit(Batches(0.001), steps_per_epoch=4, epochs=3, verbose=0).history
        results.append((history, [w.tobytes() for w in model.get_weights()]))
        monkeypatch.setattr(netlet.training.data_sources.converted, "Prefetch", lambda batches, ahead: batches)
    assert results[0] == results[1]


@pytest.mark.parametrize("call", ["fit", "evaluate", "predict"])
def test_an_exception_comes_through_and_the_model_stays_usable(call):
    model, source, ends = make(), Batches(fail_at=5), []

    class End(netlet.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            ends.append(batch)

    with pytest.raises(KeyError, match="no such file") as caught:
        getattr(model, call)(source, verbose=0, callbacks=[End()])
    assert "__next__" in "".join(traceback.format_tb(caught.value.__traceback__)), "the iterator's own frame is shown"
    assert call != "fit" or ends == [0, 1, 2, 3, 4]
    assert not threads()
    assert np.isfinite(model.fit(X, Y, verbose=0).history["loss"]).all()
    assert model.predict(X, verbose=0).shape == (40, 1)


def test_a_bad_batch_is_reported_as_without_a_thread():
    def batches():
        yield X[:4], Y[:4]
        yield X[:4], Y[:3]

    with pytest.raises(ValueError, match=r"fit: expected arrays with the same number of rows.*x has 4, y has 3"):
        make().fit(batches(), verbose=0)


def test_an_exception_in_a_callback_ends_the_thread():
    class Fail(netlet.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        make().fit(Batches(), steps_per_epoch=100, verbose=0, callbacks=[Fail()])
    assert not threads()


def test_training_and_validation_batches_have_a_thread_each():
    train, validation = Batches(), Batches()
    make().fit(train, steps_per_epoch=3, epochs=3, validation_data=validation, validation_steps=2, verbose=0)
    assert train.taken == 9 and validation.taken == 6 and not train.threads & validation.threads


def test_batches_are_made_during_the_steps():
    """The hook after a step ends when the next batch is there: a thread makes it meanwhile."""

    made, met = [threading.Event() for _ in range(12)], []

    class Announced(Batches):
        def __next__(self):
            batch = super().__next__()
            made[self.taken - 1].set()
            return batch

    class Step(netlet.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            met.append(made[min(batch + 1, 11)].wait(WATCHDOG))

    make().fit(Announced(length=12), verbose=0, callbacks=[Step()])
    assert met == [True] * 12


def test_the_random_numbers_of_a_generator_differ_in_each_epoch():
    drop = netlet.layers.Dropout(0.5)
    seen = []

    class Noisy:
        def __iter__(self):
            for _ in range(2):
                x = np.asarray(drop(np.ones((4, 64), np.float32), training=True))
                seen.append(x.tobytes())
                yield x[:, :4], Y[:4]

    make().fit(Noisy(), epochs=3, verbose=0)
    assert len(seen) == 6 and len(set(seen)) == 6


def test_a_dataset_may_ask_for_a_queue_or_for_no_thread():
    class Dataset(netlet.utils.PyDataset):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.threads, self.most, self.used = set(), 0, 0

        def __len__(self):
            return 12

        def __getitem__(self, i):
            self.threads.add(threading.get_ident())
            self.most = max(self.most, i - self.used)
            return X[:4], Y[:4]

    class Use(netlet.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            time.sleep(0.005)
            data.used = batch + 1

    for size in (1, 4):
        data = Dataset(max_queue_size=size, workers=2)
        make().fit(data, shuffle=False, verbose=0, callbacks=[Use()])
        assert size - 1 <= data.most <= size + 1 and threading.get_ident() not in data.threads
    data = Dataset(workers=0)
    make().fit(data, verbose=0)
    assert data.threads == {threading.get_ident()}


def test_a_dataset_without_super_init_works():
    class Bare(netlet.utils.PyDataset):
        def __init__(self):
            pass

        def __len__(self):
            return 2

        def __getitem__(self, i):
            return X[:4], Y[:4]

    assert len(make().fit(Bare(), verbose=0).history["loss"]) == 1


def test_a_dataset_without_a_length_can_be_iterated():
    class Endless(netlet.utils.PyDataset):
        def __getitem__(self, i):
            return i

    assert [item for item, _ in zip(Endless(), range(3))] == [0, 1, 2]


def test_closing():
    source = Batches()
    batches = Prefetch(source, 3)
    batches.close()  # before the first batch: nothing to end
    batches = Prefetch(source, 3)
    batches.allow(5)
    assert [next(batches)[0][0, 0] for _ in range(3)] == [X[4 * i, 0] for i in (1, 2, 3)]
    time.sleep(0.02)
    assert source.taken == 5
    batches.close()
    batches.close()
    with pytest.raises(StopIteration):
        next(batches)
    source = Batches(length=0)
    empty = Prefetch(source, 2)
    assert list(empty) == [] and list(empty) == []


def test_batches_are_freed_after_use():
    class Tracked(np.ndarray):
        alive = 0

        def __array_finalize__(self, obj):
            Tracked.alive += 1

        def __del__(self):
            Tracked.alive -= 1

    most = 0

    def batches():
        nonlocal most
        for _ in range(30):
            yield np.zeros((4, 4), np.float32).view(Tracked), Y[:4]
            most = max(most, Tracked.alive)

    make().fit(batches(), verbose=0)
    gc.collect()
    assert most < 12 and Tracked.alive == 0


def test_ctrl_c_ends_the_thread():
    run_child(
        """
import itertools, os, signal, threading, time
import netlet, numpy as np

signal.signal(signal.SIGINT, signal.default_int_handler)
model = netlet.Sequential([netlet.Input((4,)), netlet.layers.Dense(1)])
model.compile("sgd", "mse")
FOREVER = 1000  # beyond run_child's watchdog

def batches(seconds, begun):
    for number in itertools.count():
        if seconds == FOREVER or number == 20:
            begun.set()
        time.sleep(seconds)
        yield np.ones((4, 4), np.float32), np.ones((4, 1), np.float32)

def interrupt(begun):
    begun.wait()
    time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)

for seconds in (0.0, 0.01, FOREVER):  # the last one: Ctrl-C while a batch is awaited
    begun = threading.Event()
    threading.Thread(target=interrupt, args=[begun]).start()
    try:
        model.fit(batches(seconds, begun), steps_per_epoch=10**9, verbose=0)
        raise SystemExit("it ended by itself")
    except KeyboardInterrupt:
        pass
    assert all(np.isfinite(w).all() for w in model.get_weights())
    left = [t for t in threading.enumerate() if t.name == "netlet-prefetch"]
    assert len(left) == (seconds == FOREVER) and all(t.daemon for t in left), left
"""
    )
