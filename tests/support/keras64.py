"""Keras on JAX as the reference in float64. By default Keras converts float64 to float32."""

from __future__ import annotations

import contextlib
import functools
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


@functools.lru_cache(maxsize=64)
def _compiled(f, seeded: bool):
    import jax
    import jax.numpy as jnp

    def both(x, seed, constants):
        y, vjp = jax.vjp(lambda x: f(*constants, x), x)
        return y, vjp(seed.astype(y.dtype) if seeded else jnp.ones_like(y))[0]

    return jax.jit(both)


def value_and_gradient(f, x, seed=None, constants=()) -> tuple[np.ndarray, np.ndarray]:
    """f(*constants, x) and the gradient of sum(seed * f) with respect to x, by JAX in float64; seed defaults to ones.

    JAX compiles both as one function. Called directly, it would compile each of their twenty steps alone. What is
    compiled serves later calls with the same function and the same shapes.
    """
    import jax.numpy as jnp

    with float64():
        constants = tuple(jnp.asarray(c, "float64" if np.asarray(c).dtype.kind == "f" else None) for c in constants)
        y, dx = _compiled(f, seed is not None)(
            jnp.asarray(x, "float64"), None if seed is None else jnp.asarray(seed), constants
        )
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
