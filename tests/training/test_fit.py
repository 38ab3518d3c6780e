"""fit, evaluate, predict and the methods for single batches behave as in Keras."""

import gc
import io
import weakref
from contextlib import redirect_stdout

import keras
import numpy as np
import pytest

import netlet
from netlet import layers

RNG = np.random.default_rng(0)
X = RNG.standard_normal((50, 6)).astype(np.float32)
LABELS = RNG.integers(0, 3, 50)
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]
BITS = RNG.integers(0, 2, (50, 1)).astype(np.float32)
TARGETS = RNG.standard_normal((50, 2)).astype(np.float32)


def pair(build, **compile_arguments):
    """The same model in netlet and in Keras, with the same weights."""
    ours, theirs = build(netlet, netlet.layers), build(keras, keras.layers)
    ours.set_weights(theirs.get_weights())
    for model, library in ((ours, netlet), (theirs, keras)):
        arguments = {k: v(library) if callable(v) else v for k, v in compile_arguments.items()}
        model.compile(**arguments)
    return ours, theirs


def mlp(units=3, last="softmax"):
    def build(library, layers):
        return library.Sequential(
            [library.Input((6,)), layers.Dense(16, "relu"), layers.Dense(8, "tanh"), layers.Dense(units, last)]
        )

    return build


def same_weights(ours, theirs, tolerance=2e-5):
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


TASKS = {
    "sparse": (mlp(), LABELS, "sparse_categorical_crossentropy"),
    "categorical": (mlp(), ONE_HOT, "categorical_crossentropy"),
    "binary": (mlp(1, "sigmoid"), BITS, "binary_crossentropy"),
    "binary flat": (mlp(1, "sigmoid"), BITS[:, 0], "binary_crossentropy"),
    "mse": (mlp(2, None), TARGETS, "mse"),
    "mae": (mlp(2, None), TARGETS, "mae"),
    "huber": (mlp(2, None), TARGETS, "huber"),
    "logits": (mlp(3, None), LABELS, lambda lib: lib.losses.SparseCategoricalCrossentropy(from_logits=True)),
    "smoothed": (mlp(), ONE_HOT, lambda lib: lib.losses.CategoricalCrossentropy(label_smoothing=0.1)),
}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "adamw"])
def test_fit_follows_keras(task, optimizer):
    build, y, loss = TASKS[task]
    ours, theirs = pair(build, optimizer=optimizer, loss=loss)
    arguments = dict(batch_size=16, epochs=3, shuffle=False, verbose=0)
    a, b = ours.fit(X, y, **arguments).history, theirs.fit(X, y, **arguments).history
    np.testing.assert_allclose(a["loss"], b["loss"], rtol=1e-4)
    same_weights(ours, theirs)
    np.testing.assert_allclose(ours.predict(X, verbose=0), theirs.predict(X, verbose=0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("task", ["sparse", "categorical", "binary", "binary flat"])
def test_accuracy_resolves_as_in_keras(task):
    build, y, loss = TASKS[task]
    ours, theirs = pair(build, optimizer="sgd", loss=loss, metrics=["accuracy"])
    arguments = dict(batch_size=16, epochs=2, shuffle=False, verbose=0, validation_split=0.25)
    a, b = ours.fit(X, y, **arguments).history, theirs.fit(X, y, **arguments).history
    assert set(a) == set(b) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    for key in a:
        np.testing.assert_allclose(a[key], b[key], rtol=1e-4, err_msg=key)
    np.testing.assert_allclose(ours.evaluate(X, y, verbose=0), theirs.evaluate(X, y, verbose=0), rtol=1e-4)


@pytest.mark.parametrize("weights", ["sample", "class", "validation"])
def test_weights_count_as_in_keras(weights):
    build, y, loss = TASKS["sparse"]
    ours, theirs = pair(build, optimizer="sgd", loss=loss, metrics=["accuracy"], weighted_metrics=["accuracy"])
    sample_weight = np.linspace(0, 2, 50).astype(np.float32)
    extra = {
        "sample": {"sample_weight": sample_weight},
        "class": {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}},
        "validation": {"validation_data": (X[:20], LABELS[:20], sample_weight[:20])},
    }[weights]
    arguments = dict(batch_size=16, epochs=2, shuffle=False, verbose=0, **extra)
    a, b = ours.fit(X, y, **arguments).history, theirs.fit(X, y, **arguments).history
    assert list(a) == list(b) or set(a) == set(b)
    for key in a:
        np.testing.assert_allclose(a[key], b[key], rtol=1e-4, err_msg=key)
    same_weights(ours, theirs)


def test_several_inputs_and_outputs():
    def build(lib, layers):
        a, b = lib.Input((6,), name="a"), lib.Input((2,), name="b")
        shared = layers.Dense(4, "relu")
        h = layers.Concatenate()([shared(a), layers.Dense(4, "tanh")(b)])
        return lib.Model([a, b], [layers.Dense(3, "softmax", name="kind")(h), layers.Dense(1, name="size")(h)])

    ours, theirs = pair(
        build,
        optimizer="sgd",
        loss={"kind": "sparse_categorical_crossentropy", "size": "mse"},
        loss_weights={"kind": 1.0, "size": 0.5},
        metrics={"kind": ["accuracy"], "size": ["mae"]},
    )
    inputs, outputs = {"a": X, "b": TARGETS}, {"kind": LABELS, "size": BITS}
    arguments = dict(batch_size=16, epochs=2, shuffle=False, verbose=0)
    a, b = ours.fit(inputs, outputs, **arguments).history, theirs.fit(inputs, outputs, **arguments).history
    assert set(a) == set(b)
    for key in a:
        np.testing.assert_allclose(a[key], b[key], rtol=1e-4, err_msg=key)
    same_weights(ours, theirs)
    for p, q in zip(ours.predict([X, TARGETS], verbose=0), theirs.predict([X, TARGETS], verbose=0)):
        np.testing.assert_allclose(p, q, rtol=1e-4, atol=1e-6)


def test_batches_from_generators_sequences_and_arrays_are_the_same():
    def parts():
        for i in range(0, 50, 16):
            yield X[i : i + 16], LABELS[i : i + 16]

    class Sequence:
        def __len__(self):
            return 4

        def __getitem__(self, i):
            return X[16 * i : 16 * i + 16], LABELS[16 * i : 16 * i + 16]

    def endless():
        while True:
            yield from parts()

    results = []
    for source, extra in (
        ((X, LABELS), {"batch_size": 16, "shuffle": False}),
        ((Sequence(),), {}),
        ((endless(),), {"steps_per_epoch": 4}),
        ((list_of_batches(parts()),), {}),
    ):
        netlet.utils.set_random_seed(1)
        model = mlp()(netlet, layers)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(*source, epochs=3, verbose=0, **extra).history
        results.append((history, model.get_weights()))
    for history, weights in results[1:]:
        assert history == results[0][0]
        for a, b in zip(weights, results[0][1]):
            np.testing.assert_array_equal(a, b)


class list_of_batches:
    def __init__(self, items):
        self.items = list(items)

    def __iter__(self):
        return iter(self.items)


def test_train_on_batch_follows_keras():
    build, y, loss = TASKS["sparse"]
    ours, theirs = pair(build, optimizer="adam", loss=loss, metrics=["accuracy"])
    for i in range(4):
        rows = slice(10 * i, 10 * i + 10)
        np.testing.assert_allclose(
            ours.train_on_batch(X[rows], y[rows]), theirs.train_on_batch(X[rows], y[rows]), rtol=1e-4
        )
    same_weights(ours, theirs)
    np.testing.assert_allclose(ours.test_on_batch(X, y), theirs.test_on_batch(X, y), rtol=1e-4)
    a = ours.train_on_batch(X, y, return_dict=True)
    assert set(a) == {"loss", "accuracy"}
    np.testing.assert_allclose(ours.predict_on_batch(X), ours.predict(X, verbose=0), rtol=1e-6)


def test_repeated_batches_are_checked_and_follow_recompiling():
    build, y, loss = TASKS["sparse"]
    model = build(netlet, layers)
    model.compile("sgd", loss, metrics=["accuracy"])
    for _ in range(3):
        model.train_on_batch(X, y)
    with pytest.raises(ValueError, match="3 classes"):
        model.train_on_batch(X, y + 1)
    with pytest.raises(FloatingPointError, match="data that was fed"):
        model.train_on_batch(X * np.nan, y)
    assert all(np.isfinite(w).all() for w in model.get_weights())
    model.layers[0].trainable = False
    model.compile(netlet.optimizers.SGD(0.5), loss)
    before = model.get_weights()
    for _ in range(2):
        assert isinstance(model.train_on_batch(X, y), float)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert not np.array_equal(model.get_weights()[2], before[2])


def test_a_schedule_moves_with_train_on_batch():
    rates = []
    model = mlp()(netlet, layers)
    model.compile(
        netlet.optimizers.SGD(netlet.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)),
        "sparse_categorical_crossentropy",
    )
    for _ in range(4):
        model.train_on_batch(X, LABELS)
        rates.append(float(model.optimizer.learning_rate))
    np.testing.assert_allclose(rates, [0.25, 0.125, 0.0625, 0.03125])


def test_predict_on_batch_after_training_sees_the_new_weights():
    model = mlp()(netlet, layers)
    before = [model.predict_on_batch(X[:1]).copy() for _ in range(3)][-1]
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, LABELS, verbose=0)
    after = model.predict_on_batch(X[:1])
    assert not np.array_equal(before, after)
    np.testing.assert_allclose(after, model.predict(X, verbose=0)[:1], rtol=1e-6)
    model.set_weights([w * 0 for w in model.get_weights()])
    np.testing.assert_allclose(model.predict_on_batch(X[:1]), np.full((1, 3), 1 / 3), rtol=1e-6)


def test_every_hook_is_called_in_keras_order():
    def recorder(library):
        class Recorder(library.callbacks.Callback):
            def __init__(self):
                super().__init__()
                self.calls = []

        def hook(name):
            return lambda self, *args, **kwargs: self.calls.append(
                (name, args[0] if args and isinstance(args[0], int) else None)
            )

        for name in dir(library.callbacks.Callback):
            if name.startswith("on_") and name not in ("on_batch_begin", "on_batch_end"):
                setattr(Recorder, name, hook(name))
        return Recorder()

    calls = []
    for library in (netlet, keras):
        model = mlp()(library, library.layers)
        model.compile("sgd", "sparse_categorical_crossentropy")
        r = recorder(library)
        model.fit(X, LABELS, batch_size=20, epochs=2, validation_split=0.4, verbose=0, callbacks=[r])
        model.evaluate(X, LABELS, batch_size=20, verbose=0, callbacks=[r])
        model.predict(X, batch_size=20, verbose=0, callbacks=[r])
        calls.append(r.calls)
    assert calls[0] == calls[1]


def test_early_stopping_restores_the_best_weights():
    model = mlp()(netlet, layers)
    model.compile("adam", "sparse_categorical_crossentropy")
    stop = netlet.callbacks.EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True)
    history = model.fit(X, LABELS, epochs=500, verbose=0, validation_split=0.4, callbacks=[stop]).history
    assert 4 <= len(history["val_loss"]) < 500
    assert model.evaluate(X[30:], LABELS[30:], verbose=0) == pytest.approx(min(history["val_loss"]), rel=1e-6)


def test_progress_is_printed_and_verbose_0_is_silent():
    model = mlp()(netlet, layers)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    out = io.StringIO()
    with redirect_stdout(out):
        model.fit(X, LABELS, epochs=2, batch_size=10)
    text = out.getvalue()
    assert "Epoch 1/2" in text and "Epoch 2/2" in text and "5/5" in text and "accuracy:" in text and "loss:" in text
    out = io.StringIO()
    with redirect_stdout(out):
        model.fit(X, LABELS, verbose=0)
        model.evaluate(X, LABELS, verbose=0)
        model.predict(X, verbose=0)
    assert out.getvalue() == ""


def test_deferred_build_and_recompile():
    model = netlet.Sequential([layers.Dense(5, "relu"), layers.Dense(3)])
    model.compile("sgd", "mse")
    y = RNG.standard_normal((50, 3)).astype(np.float32)
    first = model.fit(X, y, verbose=0, epochs=2).history["loss"]
    model.compile("adam", "mae")
    second = model.fit(X, y, verbose=0, epochs=2).history["loss"]
    assert first[1] < first[0] and len(second) == 2


def test_frozen_layers_do_not_move():
    model = mlp()(netlet, layers)
    model.layers[0].trainable = False
    model.compile("adam", "sparse_categorical_crossentropy")
    before = model.get_weights()
    model.fit(X, LABELS, verbose=0)
    after = model.get_weights()
    for a, b in zip(before[:2], after[:2]):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(before[2], after[2])
    model.layers[0].trainable = True
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, LABELS, verbose=0)
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_a_layer_shared_by_two_models_is_one_layer():
    """Training one model changes both, also after each optimizer has moved its variables into one block of memory."""
    shared = layers.Dense(4, "relu")
    a, b = (netlet.Sequential([netlet.Input((6,)), shared, layers.Dense(3)]) for _ in range(2))
    y = RNG.standard_normal((50, 3)).astype(np.float32)
    for model in (a, b):
        model.compile("sgd", "mse")
        model.predict(X, verbose=0)
    for model, other in ((a, b), (b, a), (a, b)):
        before = other.predict(X, verbose=0)
        model.fit(X, y, verbose=0)
        assert not np.array_equal(before, other.predict(X, verbose=0))
        np.testing.assert_array_equal(a.layers[0].get_weights()[0], b.layers[0].get_weights()[0])


def test_regularizers_constraints_and_activity_count_as_in_keras():
    def build(lib, layers):
        return lib.Sequential(
            [
                lib.Input((6,)),
                layers.Dense(
                    16,
                    "relu",
                    kernel_regularizer=lib.regularizers.L2(0.01),
                    kernel_constraint=lib.constraints.MaxNorm(0.7),
                ),
                layers.Dense(
                    3, "softmax", bias_regularizer="l1", activity_regularizer=lib.regularizers.L1L2(0.001, 0.001)
                ),
            ]
        )

    # SGD, not Adam: Adam divides gradients by their magnitude, which amplifies rounding errors of gradients near 0.
    ours, theirs = pair(build, optimizer=lambda lib: lib.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy")
    # The derivative of |b| at 0 is 0 in netlet, TensorFlow and PyTorch but 1 in JAX, so the weights start elsewhere.
    ours.set_weights([w + 0.05 for w in ours.get_weights()])
    theirs.set_weights(ours.get_weights())
    arguments = dict(batch_size=16, epochs=3, shuffle=False, verbose=0)
    a, b = ours.fit(X, LABELS, **arguments).history, theirs.fit(X, LABELS, **arguments).history
    np.testing.assert_allclose(a["loss"], b["loss"], rtol=1e-4)
    same_weights(ours, theirs)


def test_zero_epochs_and_an_epoch_shorter_than_a_batch():
    model = mlp()(netlet, layers)
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert model.fit(X, LABELS, epochs=0, verbose=0).history == {}
    assert len(model.fit(X[:3], LABELS[:3], batch_size=32, verbose=0).history["loss"]) == 1


def test_pandas_frames_and_series_are_arrays():
    import pandas

    model = mlp()(netlet, layers)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(pandas.DataFrame(X.astype(np.float64)), pandas.Series(LABELS), verbose=0)
    np.testing.assert_array_equal(model.predict(pandas.DataFrame(X), verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize("data", ["arrays", "PyDataset"])
def test_a_trained_model_keeps_none_of_its_data(data):
    class Batches(netlet.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return np.ones((4, 3), "float32"), np.ones((4, 1), "float32")

    model = netlet.Sequential([netlet.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = Batches() if data == "PyDataset" else np.ones((8, 3), "float32")
    kept = weakref.ref(x)
    model.fit(x, None if data == "PyDataset" else np.ones((8, 1), "float32"), verbose=0)
    del x
    gc.collect()
    assert kept() is None
