"""Training gives the same bits for any number of threads, in a second run, and after loading.

This holds for each instruction set; different instruction sets may give different bits.
"""

import hashlib

import numpy as np
import pytest

import netlet
from netlet import _core, layers


def data(rows=200, features=64, classes=10):
    rng = np.random.default_rng(0)
    return rng.standard_normal((rows, features)).astype(np.float32), rng.integers(0, classes, rows)


def build(seed=7):
    netlet.utils.set_random_seed(seed)
    model = netlet.Sequential(
        [
            netlet.Input((64,)),
            layers.Dense(300, "relu"),
            layers.Dropout(0.3),
            layers.Dense(200, "tanh"),
            layers.Dropout(0.2),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def digest(model):
    return hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()


def trained(seed=7):
    model = build(seed)
    x, y = data()
    history = model.fit(x, y, batch_size=48, epochs=4, verbose=0).history
    return digest(model), history


@pytest.fixture(scope="module")
def reference():
    before = _core.get_num_threads()
    _core.set_num_threads(1)
    result = trained()
    _core.set_num_threads(before)
    return result


def test_any_number_of_threads_gives_the_same_bits(threads, reference):
    assert trained() == reference


def test_the_threads_really_share_the_work(threads):
    if threads > 1:
        trained()
        assert _core.workers_started() >= threads - 1


def test_another_seed_gives_other_bits(reference):
    assert trained(8)[0] != reference[0]


def test_each_isa_repeats_itself(isa):
    assert trained() == trained()


def test_predictions_do_not_depend_on_threads(reference):
    model, (x, _) = build(), data()
    outputs = []
    for n in (1, 2, 3, 8):
        _core.set_num_threads(n)
        outputs.append(model.predict(x, batch_size=100, verbose=0))
    _core.set_num_threads(2)
    for other in outputs[1:]:
        np.testing.assert_array_equal(outputs[0], other)


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam", "adamw"])
def test_training_resumes_from_a_file_to_the_bit(tmp_path, optimizer):
    x, y = data()
    unbroken = build()
    unbroken.compile(optimizer, "sparse_categorical_crossentropy")
    unbroken.fit(x, y, batch_size=48, epochs=4, verbose=0)

    first = build()
    first.compile(optimizer, "sparse_categorical_crossentropy")
    first.fit(x, y, batch_size=48, epochs=2, verbose=0)
    first.save(tmp_path / "half.netlet")
    resumed = netlet.models.load_model(tmp_path / "half.netlet")
    resumed.fit(x, y, batch_size=48, epochs=4, initial_epoch=2, verbose=0)
    assert digest(resumed) == digest(unbroken)


def test_dropout_differs_between_steps_and_layers():
    netlet.utils.set_random_seed(1)
    a, b = layers.Dropout(0.5), layers.Dropout(0.5)
    x = np.ones((1, 1000), np.float32)
    draws = [np.asarray(layer(x, training=True)) for layer in (a, a, b)]
    for i in range(3):
        for j in range(i):
            assert not np.array_equal(draws[i], draws[j])
    netlet.utils.set_random_seed(1)
    again = layers.Dropout(0.5)
    np.testing.assert_array_equal(np.asarray(again(x, training=True)), draws[0])
