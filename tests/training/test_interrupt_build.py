"""After Ctrl-C or MemoryError while weights, slots and metrics are created, training and saving still work."""

import os
import sys
import warnings

import numpy as np
import pytest

import netlet
from netlet import layers

PACKAGE = os.path.dirname(netlet.__file__)
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((8, 3)).astype("float32"), RNG.standard_normal((8, 2)).astype("float32")


class Block(layers.Layer):
    """Builds its sublayers in its own `build`."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner, self.outer = layers.Dense(3), layers.Dense(3)

    def build(self, input_shape):
        self.inner.build(input_shape)
        self.outer.build(input_shape)
        self.shift = self.add_weight(shape=(3,), name="shift")

    def call(self, x):
        return self.outer(self.inner(x)) + self.shift


class Subclassed(netlet.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.block, self.last = Block(), layers.Dense(2)

    def call(self, x):
        return self.last(self.block(x))


def sequential():
    return netlet.Sequential([Block(), layers.BatchNormalization(), layers.Dense(2)])


def compiled(make):
    model = make()
    model.compile(netlet.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model


class Interrupt:
    """Raises `error` at the k-th call of one of netlet's Python functions.

    Functions that undo changes do not count, nor do finalizers, whose exceptions Python ignores.
    """

    def __init__(self, k, error):
        self.k, self.error, self.calls = k, error, 0

    def __call__(self, frame, event, arg):
        code = frame.f_code
        if code.co_filename.startswith(PACKAGE) and code.co_name not in ("__exit__", "__del__", "<genexpr>"):
            self.calls += 1
            if self.calls == self.k:
                sys.settrace(None)
                raise self.error

    def during(self, work, *args, **kwargs):
        before = sys.gettrace()
        sys.settrace(self)
        try:
            work(*args, **kwargs)
        finally:
            sys.settrace(before)


@pytest.mark.parametrize("make", [sequential, Subclassed])
def test_what_was_begun_is_undone(make, tmp_path):
    path, own = tmp_path / "model.netlet", {"Block": Block, "Subclassed": Subclassed}
    counter = Interrupt(None, None)
    compiled(make).fit(X, Y, verbose=0)  # a process's first `fit` makes calls that later ones do not
    whole = compiled(make)
    counter.during(whole.fit, X, Y, verbose=0)
    counts = len(whole.weights), len(whole.optimizer.variables), len(whole.metrics[1].variables)
    for k in range(3, counter.calls, 41):
        model = compiled(make)
        with pytest.raises((KeyboardInterrupt, MemoryError)):
            Interrupt(k, KeyboardInterrupt() if k % 2 else MemoryError()).during(model.fit, X, Y, verbose=0)
        if model.built or not model.weights:  # otherwise save reports that the model cannot be saved yet
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.save(path)
            netlet.models.load_model(path, own)
        model.fit(X, Y, verbose=0)
        assert (len(model.weights), len(model.optimizer.variables), len(model.metrics[1].variables)) == counts, k
        model.save(path)
        loaded = netlet.models.load_model(path, own)
        np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
        loaded.fit(X, Y, verbose=0)


@pytest.mark.parametrize("k", range(8))
def test_slots_of_an_optimizer_are_made_whole_or_not_at_all(k, monkeypatch):
    variables = [
        netlet.Variable(np.ones(shape, "float32"), name=f"v{len(shape)}") for shape in [(2,), (2, 3), (1, 2, 2)]
    ]
    optimizer = netlet.optimizers.Adam(0.1, use_ema=True)
    make, left = type(optimizer).add_variable_from_reference, iter(range(k))

    def failing(self, *args, **kwargs):
        if next(left, None) is None:
            raise MemoryError
        return make(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(type(optimizer), "add_variable_from_reference", failing)
        with pytest.raises(MemoryError):
            optimizer.build(variables)
    assert not optimizer.built
    assert len(optimizer.variables) == 2
    optimizer.build(variables)
    assert len({v.path for v in optimizer.variables}) == len(optimizer.variables) == 2 + 3 * 3
    optimizer.apply([np.ones(v.shape, "float32") for v in variables])
    np.testing.assert_allclose(variables[0].numpy(), 0.9, rtol=1e-5)
