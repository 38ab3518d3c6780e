"""When a layer's weights are created, from which shapes, and what its first call receives."""

import numpy as np
import pytest

import netlet
from netlet import layers, ops

X = np.random.default_rng(0).standard_normal((4, 3)).astype("float32")


class Masked(layers.Layer):
    """Stores whether its call received a mask."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking, self.seen = True, []

    def call(self, x, mask=None):
        self.seen.append(mask is not None)
        return x


def test_a_symbolic_call_is_given_the_mask():
    first, second = Masked(), Masked()
    inputs = netlet.Input((4,))
    h = second(first(layers.Embedding(5, 3, mask_zero=True)(inputs)))
    netlet.Model(inputs, h)(np.ones((2, 4)))
    assert set(first.seen) == set(second.seen) == {True}
    alone = Masked()
    alone(netlet.Input((4, 3)))
    assert set(alone.seen) == {False}


def test_a_build_that_fails_is_undone_with_all_inside():
    class Outer(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner, self.fail = layers.Dense(2), True

        def build(self, input_shape):
            self.inner.build(input_shape)
            self.w = self.add_weight(shape=(2,), name="w")
            if self.fail:
                raise MemoryError

        def call(self, x):
            return self.inner(x) + self.w

    layer = Outer()
    with pytest.raises(MemoryError):
        layer(X)
    assert not layer.built
    assert not layer.inner.built
    assert layer.weights == []
    layer.fail = False
    layer(X)
    assert [w.path.rsplit("/", 1)[-1] for w in layer.weights] == ["w", "kernel", "bias"]


def test_a_layer_without_build_is_unbuilt_after_a_call_that_failed():
    class Picky(netlet.Model):
        def __init__(self):
            super().__init__()
            self.first, self.fail = layers.Dense(2), True

        def call(self, x):
            y = self.first(x)
            if self.fail:
                raise KeyboardInterrupt
            return y

    model = Picky()
    with pytest.raises(KeyboardInterrupt):
        model(X)
    assert not model.built
    model.fail = False
    model(X)
    assert model.built


def test_an_add_that_fails_leaves_the_stack_as_it_was():
    class Fails(layers.Layer):
        def call(self, x):
            raise ValueError("no")

    model = netlet.Sequential([netlet.Input((3,)), layers.Dense(2)])
    with pytest.raises(ValueError, match="no"):
        model.add(Fails())
    model.add(layers.Dense(1))
    assert model(X).shape == (4, 1)
    assert len(model.layers[0].output.shape) == 2  # called once


def test_sublayers_are_built_though_the_shape_is_known_without_a_call():
    class Knows(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(3)

        def call(self, x):
            return self.inner(x)

        def compute_output_shape(self, input_shape):
            return input_shape

    assert len(netlet.Sequential([netlet.Input((3,)), Knows()]).weights) == 2


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (layers.Dense(2, "relu"), X),
        (layers.Conv1D(2, 2, activation="relu"), X[None]),
        (layers.EinsumDense("ab,bc->ac", 2, activation="relu"), X),
        (layers.EinsumDense("abc,bcd->ad", 2, activation="relu"), X[:, :, None]),
    ],
    ids=lambda v: type(v).__name__,
)
def test_an_activation_can_be_taken_away(layer, x):
    layer(x)
    layer.activation = netlet.activations.linear
    expected = np.asarray(layer(x))
    assert (expected < 0).any()
    layer.activation = None
    np.testing.assert_array_equal(np.asarray(layer(x)), expected)
    assert type(layer).from_config(layer.get_config()).activation is netlet.activations.linear


def test_the_cell_of_a_simple_rnn_can_do_without():
    layer = layers.SimpleRNN(2)
    layer(X[None])
    layer.cell.activation = netlet.activations.linear
    expected = np.asarray(layer(X[None]))
    layer.cell.activation = None
    np.testing.assert_array_equal(np.asarray(layer(X[None])), expected)


def test_models_are_called_on_variables():
    model = netlet.Sequential([netlet.Input((3,)), layers.Dense(2)])
    np.testing.assert_array_equal(np.asarray(model(netlet.Variable(X))), np.asarray(model(X)))


def test_repeats_and_initializers_by_name():
    np.testing.assert_array_equal(ops.repeat(X, [1, 0, 2], axis=1), np.repeat(X, [1, 0, 2], axis=1))
    np.testing.assert_array_equal(ops.repeat(np.arange(3), np.array([2, 0, 1])), [0, 0, 2])
    assert ops.repeat(netlet.Input((3,)), [1, 2, 3], axis=1).shape == (None, 6)
    for wrong in ([1, 2], -1, 1.5, [[1, 2, 3]]):
        with pytest.raises(ValueError, match=r"ops\.repeat: expected"):
            ops.repeat(X, wrong, axis=1)
    np.testing.assert_array_equal(netlet.Variable("ones", shape=(2,)).numpy(), [1.0, 1.0])
    with pytest.raises(ValueError, match="Did you mean 'one"):
        netlet.Variable("onse", shape=(2,))


def test_a_layer_of_layers_may_need_more_steps_than_the_smallest_trial():
    """A convolution over 11 steps and frames of 32 inside a layer whose inputs have unknown sizes."""

    class Features(layers.Layer):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv1D(4, 11)

        def call(self, x):
            real, _ = ops.stft(x[..., 0], sequence_length=32, sequence_stride=8, fft_length=32)
            return self.conv(x), real

    x = netlet.Input((None, 3))
    outputs = Features()(x)
    assert [tuple(y.shape) for y in outputs] == [(None, None, 4), (None, None, 17)]
    y, frames = netlet.Model(x, outputs)(np.ones((2, 70, 3), "float32"))
    assert (tuple(y.shape), tuple(frames.shape)) == ((2, 60, 4), (2, 9, 17))


def test_the_error_of_a_trial_names_the_smallest_sizes():
    class Wrong(layers.Layer):
        def call(self, x):
            return ops.reshape(x, (7, 5, 3))

    with pytest.raises(ValueError, match=r"ops.reshape: expected a shape of 12 elements for an input of shape \(2, 2"):
        Wrong()(netlet.Input((None, 3)))
