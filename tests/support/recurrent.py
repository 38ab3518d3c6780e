"""Compares a recurrent layer with Keras's of the same weights: outputs, states, gradients, weights after training."""

from __future__ import annotations

import contextlib
import re

import jax
import keras
import numpy as np

import netlet
from netlet import ops
from netlet.layers.rnn import native
from support.keras64 import float64

RATE, STEPS = 0.02, 3


@contextlib.contextmanager
def step_by_step():
    """Inside, the native op is not used: the cell is called for each step, which is the reference for the native op."""
    before, native.fits = native.fits, lambda cell, training: False
    try:
        yield
    finally:
        native.fits = before


def numbers(shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def some_mask(batch, steps, seed=0):
    """A random mask (batch, steps): a first step masked, a last step masked, one whole sequence masked."""
    mask = np.random.default_rng([seed, batch, steps]).random((batch, steps)) > 0.4
    mask[0, 0], mask[-1, -1] = False, False
    if batch > 2:
        mask[1] = False
    return mask


def seeds_of(values):
    """Weights for the sum of the outputs: any numbers that differ."""
    return [np.cos(np.arange(np.size(v), dtype=float) + i).reshape(np.shape(v)) for i, v in enumerate(values)]


def flat(values):
    return [np.asarray(v) for v in netlet.base.tree.flatten(values)]


def keras_results(layer, x, states, mask):
    """(outputs, gradients of the weights, x and states, weights after three steps of gradient descent)."""
    options = {} if mask is None else {"mask": mask}

    def outputs(variables, x, states):
        more = dict(options, initial_state=states) if states else options
        fixed = [v.value for v in layer.non_trainable_variables]
        return jax.tree.leaves(layer.stateless_call(variables, fixed, x, **more)[0])

    @jax.jit
    def run(variables, x, states):
        def step(variables, _):
            y, back = jax.vjp(outputs, variables, x, states)
            gradients = back([seed / x.shape[0] for seed in seeds_of(y)])
            return [v - RATE * g for v, g in zip(variables, gradients[0])], (y, gradients)

        after, history = jax.lax.scan(step, variables, length=STEPS)
        return *jax.tree.map(lambda v: v[0], history), after

    y, gradients, after = run([v.value for v in layer.trainable_variables], x, states)
    return flat(y), flat(jax.tree.leaves(gradients)), flat(after)


def our_gradients(layer, x, states, mask):
    """(outputs, gradients of the weights, x and states) on an eager tape."""
    x, states = ops.convert_to_tensor(x), netlet.base.tree.map_structure(ops.convert_to_tensor, states)
    leaves = netlet.base.tree.flatten(states)
    with netlet.GradientTape() as tape:
        tape.watch([x, *leaves])
        y = netlet.base.tree.flatten(layer(x, initial_state=states or None, mask=mask))
        total = sum(ops.sum(v * s) for v, s in zip(y, seeds_of(y))) / float(x.shape[0])
    return flat(y), [g.numpy() for g in tape.gradient(total, [*layer.trainable_variables, x, *leaves])]


def our_trained(layer, x, states, mask):
    """Weights after three recorded steps of gradient descent."""
    given = [x, *netlet.base.tree.flatten(states)] + ([] if mask is None else [mask])
    symbols = [netlet.Input(v.shape[1:], dtype=v.dtype.name) for v in given]
    inner = netlet.base.tree.pack_like(states, symbols[1 : 1 + len(netlet.base.tree.flatten(states))])
    outputs = layer(symbols[0], initial_state=inner or None, mask=None if mask is None else symbols[-1])
    # The loss must count every step: the output of an op has no mask.
    outputs = [value * 1.0 for value in netlet.base.tree.flatten(outputs)]
    model = netlet.Model(symbols, outputs)
    real = flat(layer(x, initial_state=states or None, mask=mask))

    def loss(y_true, y_pred):
        return ops.sum(ops.reshape(y_true * y_pred, (y_pred.shape[0], -1)), axis=1)

    model.compile(netlet.optimizers.SGD(RATE), [loss] * len(outputs))
    model.fit(given, seeds_of(real), batch_size=len(x), epochs=STEPS, shuffle=False, verbose=0)
    return layer.get_weights()


def paths(layer):
    """Paths and shapes of the weights, without the numbers that make names unique."""
    return [(re.sub(r"_\d+(?=/|$)", "", w.path), tuple(w.shape)) for w in layer.weights]


def check(make, x, states=(), mask=None, rtol=1e-10, atol=1e-11):
    """Checks a layer against Keras's, with the native op and step by step.

    Args:
        make: function of `netlet` or `keras` that makes the layer.
        x: the input.
        states: initial states.
        mask: mask (batch, steps) or None.
        rtol, atol: tolerances.

    Returns:
        netlet's layer.
    """
    states = list(states)
    ours = make(netlet)
    with float64():
        theirs = make(keras)
        theirs.build(x.shape)
        ours.build(x.shape)
        assert paths(ours) == paths(theirs)
        ours.set_weights([numbers(w.shape, seed=i) * 0.5 for i, w in enumerate(ours.weights)])
        theirs.set_weights(ours.get_weights())
        expected, gradients, after = keras_results(theirs, x, states, mask)
        shapes = jax.tree.leaves(theirs.compute_output_shape(x.shape), is_leaf=lambda s: isinstance(s, tuple))
    start = ours.get_weights()
    for way in (contextlib.nullcontext, step_by_step):
        with way():
            y, ours_gradients = our_gradients(ours, x, states, mask)
            assert [v.dtype for v in y] == [np.dtype("float64")] * len(expected)
            for a, b in zip(y, expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)
            for a, b in zip(ours_gradients, gradients, strict=True):
                np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)
            for a, b in zip(our_trained(ours, x, states, mask), after, strict=True):
                np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)
            ours.set_weights(start)
    assert shapes
    return ours
