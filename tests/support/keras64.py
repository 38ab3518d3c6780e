"""Keras on JAX as the reference in float64. By default Keras converts float64 to float32."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np


@contextlib.contextmanager
def float64() -> Iterator[None]:
    """Inside, Keras's type promotion keeps float64, and floatx and the policy of new layers are float64.

    conftest.py makes JAX keep float64. The policy is set separately: it follows floatx only until its first use.
    """
    import keras
    from keras.src.backend.common import dtypes

    before, narrow = keras.config.floatx(), dtypes.BIT64_TO_BIT32_DTYPE
    policy = keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    dtypes.BIT64_TO_BIT32_DTYPE = {**narrow, "float64": "float64"}
    try:
        yield
    finally:
        keras.config.set_floatx(before)
        keras.config.set_dtype_policy(policy)
        dtypes.BIT64_TO_BIT32_DTYPE = narrow


@contextlib.contextmanager
def keeping_64_bits() -> Iterator[None]:
    """Inside, Keras's type promotion keeps all 64-bit types of arrays, as netlet does."""
    from keras.src.backend.common import dtypes

    narrow = dtypes.BIT64_TO_BIT32_DTYPE
    dtypes.BIT64_TO_BIT32_DTYPE = {name: name for name in narrow}
    try:
        yield
    finally:
        dtypes.BIT64_TO_BIT32_DTYPE = narrow


def value_and_gradient(f, x, seed=None) -> tuple[np.ndarray, np.ndarray]:
    """f(x) and the gradient of sum(seed * f(x)), by JAX in float64; seed defaults to ones.

    JAX compiles both as one function. Called directly, it would compile each of their twenty steps alone.
    """
    import jax
    import jax.numpy as jnp

    def both(x, seed):
        y, vjp = jax.vjp(f, x)
        return y, vjp(jnp.ones_like(y) if seed is None else seed.astype(y.dtype))[0]

    with float64():
        y, dx = jax.jit(both)(jnp.asarray(x, "float64"), None if seed is None else jnp.asarray(seed))
        return np.asarray(y), np.asarray(dx)


def compiled_apply(optimizer, variables):
    """The `apply(gradients, variables)` of a Keras optimizer, compiled once.

    JAX compiles the conditions in `apply` (accumulation, loss scaling) again in each call, and LossScaleOptimizer has
    the stateless form only. The optimizer is built with the variables.
    """
    import jax

    optimizer.build(variables)
    step = jax.jit(optimizer.stateless_apply)

    def apply(gradients, _variables):
        values = step([v.value for v in optimizer.variables], list(gradients), [v.value for v in variables])
        for v, value in zip([*variables, *optimizer.variables], [*values[0], *values[1]], strict=True):
            v.assign(value)

    return apply
