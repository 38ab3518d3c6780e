"""Bad input raises an error with the argument, the expected and the received value; the model remains usable."""

import numpy as np
import pytest

import netlet
from netlet import layers


@pytest.fixture
def model():
    netlet.utils.set_random_seed(0)
    m = netlet.Sequential(
        [netlet.Input((4,)), layers.Dense(8, "relu", name="hidden"), layers.Dense(3, "softmax", name="out")]
    )
    m.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m


X = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
Y = np.arange(20) % 3


def still_works(model):
    model.fit(X, Y, verbose=0)
    assert model.predict(X, verbose=0).shape == (20, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X[:, :3], Y), r"(?s)4.*3"),
        ((X, Y[:19]), r"x has 20, y has 19"),
        ((X[:0], Y[:0]), r"empty"),
        ((X[0, 0], Y), r"single number"),
        ((np.array([[1, 2, 3, "a"]] * 20, dtype=object), Y), r"fit\(x\).*object"),
        (([[1, 2], [3]], Y[:2]), r"fit\(x\)"),
        ((X, Y + 1), r"3 classes, so labels are 0 to 2; row 2 has 3"),
        ((X, Y - 1), r"row 0 has -1"),
        ((None, Y), r"iterable of batches as x, received None"),
    ],
)
def test_fit_refuses(model, arguments, message):
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.fit(*arguments, verbose=0)
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)
    still_works(model)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"batch_size": 0}, r"batch_size.*at least 1"),
        ({"batch_size": 2.5}, r"batch_size.*whole number"),
        ({"epochs": -1}, r"epochs.*at least 0"),
        ({"validation_split": 1.5}, r"validation_split"),
        ({"class_weight": {0: 2.0}, "sample_weight": np.ones(20)}, r"not both"),
        ({"sample_weight": np.ones(19)}, r"sample_weight has 19"),
    ],
)
def test_fit_refuses_keywords(model, keywords, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y, verbose=0, **keywords)
    still_works(model)


def test_fit_before_compile():
    m = netlet.Sequential([layers.Dense(1)])
    with pytest.raises(ValueError, match=r"must be compiled before fit\(\)"):
        m.fit(X, Y)
    with pytest.raises(ValueError, match=r"must be compiled before evaluate\(\)"):
        m.evaluate(X, Y)


@pytest.mark.parametrize(
    ("keywords", "suggestion"),
    [
        ({"optimizer": "adma"}, "adam"),
        ({"loss": "sparse_categorical_crosentropy"}, "sparse_categorical_crossentropy"),
        ({"metrics": ["mean_absolute_eror"]}, "mean_absolute_error"),
    ],
)
def test_unknown_names_suggest_the_nearest(model, keywords, suggestion):
    with pytest.raises(ValueError, match=suggestion):
        model.compile(**keywords)


def test_unknown_activation_suggests_the_nearest():
    with pytest.raises(ValueError, match="sigmoid"):
        layers.Dense(3, "sigmiod")


def test_a_loss_that_is_not_finite_stops_with_layer_step_and_rate(model):
    steep = netlet.Sequential([netlet.Input((4,)), layers.Dense(8, "relu", name="hidden"), layers.Dense(1, name="out")])
    steep.compile(netlet.optimizers.SGD(1e12), "mse")
    start = steep.get_weights()
    where = r"(?s)epoch \d+, step \d+.*learning rate 1e\+12.*(layer '(hidden|out)'|the loss)"
    with pytest.raises(FloatingPointError, match=where):
        steep.fit(X, Y, epochs=50, batch_size=5, verbose=0)
    assert all(np.isfinite(w).all() for w in steep.get_weights()), "the step that would have spoilt them was not made"
    steep.set_weights(start)
    steep.compile("sgd", "mse")
    assert np.isfinite(steep.fit(X, Y, verbose=0).history["loss"]).all()


def test_nan_in_the_data_is_told_and_the_weights_are_untouched(model):
    x = X.copy()
    x[7, 2] = np.nan
    before = model.get_weights()
    with pytest.raises(FloatingPointError, match=r"epoch 1, step 1.*data that was fed"):
        model.fit(x, Y, batch_size=20, verbose=0)
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)
    still_works(model)


def test_the_check_can_be_switched_off(model):
    x = X.copy()
    x[7, 2] = np.nan
    model.compile("sgd", "sparse_categorical_crossentropy", check_finite=False)
    assert np.isnan(model.fit(x, Y, batch_size=20, verbose=0).history["loss"][0])


def test_terminate_on_nan_ends_the_training_as_in_keras(model):
    x = X.copy()
    x[7, 2] = np.nan
    history = model.fit(x, Y, epochs=5, verbose=0, callbacks=[netlet.callbacks.TerminateOnNaN()])
    assert len(history.epoch) == 1


@pytest.mark.parametrize(
    "same",
    [
        np.asfortranarray(X),
        np.repeat(X, 2, axis=1)[:, ::2],
        X[::-1][::-1],
        X.astype(">f4"),
        X.astype(np.float64),
        [list(map(float, row)) for row in X],
    ],
    ids=["fortran", "strided", "negative strides", "big-endian", "float64", "lists"],
)
def test_any_layout_just_works(model, same):
    expected = model.predict(X, verbose=0)
    np.testing.assert_array_equal(model.predict(same, verbose=0), expected)
    model.fit(same, Y, verbose=0)


def test_read_only_and_integer_arrays_just_work(model):
    frozen = X.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(model.predict(frozen, verbose=0), model.predict(X, verbose=0))
    model.fit(frozen, Y.astype(np.uint8), verbose=0)
    for dtype in ("int8", "uint8", "int16", "uint16", "int32", "int64", "bool"):
        numbers = (np.abs(X) * 2).astype(dtype)
        np.testing.assert_array_equal(
            model.predict(numbers, verbose=0), model.predict(numbers.astype(np.float32), verbose=0)
        )
        model.fit(numbers, Y, verbose=0)


def test_misaligned_arrays_just_work(model):
    raw = bytearray(X.nbytes + 1)
    misaligned = np.ndarray(X.shape, np.float32, buffer=raw, offset=1)
    misaligned[:] = X
    np.testing.assert_array_equal(model.predict(misaligned, verbose=0), model.predict(X, verbose=0))
