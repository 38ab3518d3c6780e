"""JaxLayer: a function of JAX as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from netlet.base import tree
from netlet.base.extras import needs
from netlet.config import is_float
from netlet.engine.graph import in_trial
from netlet.engine.variable import Variable
from netlet.random import SeedGenerator, make_seed
from netlet.saving import deserialize_keras_object, serialize_keras_object

from ..base.layer import Layer
from .calls import called, seed_of_call, symbols_of


class JaxLayer(Layer):
    """Calls a function of JAX, whose parameters are weights of this layer.

    JAX computes the outputs and, when a training asks for them, the gradients; the forward pass runs again for these.
    The function is compiled by `jax.jit`. A recorded step calls it in each run.

    `call_fn` has some of these arguments, by name: `params` (trained), `state` (not trained; it then returns (outputs,
    new state)), `rng` (a `jax.random` key; None when not training), `inputs` (an array or a structure, required),
    `training` (bool).

    Args:
        call_fn: the function, which returns a tensor or a structure of tensors of JAX.
        init_fn: function of `rng`, `inputs` (ones of the shapes) and `training` (True), or some of these, that returns
            the parameters, or (parameters, state). None (the default): `params` or `state` are given.
        params: structure (a pytree of JAX) of the parameters; what is no array in it stays as it is; None (the
            default): `init_fn` returns them.
        state: structure of the state; None (the default): `init_fn` returns it, or there is none.
        seed: integer for `rng`; default None, from the global sequence.
        native_serialization_platforms: accepted for compatibility with Keras.
        **kwargs: the arguments of `Layer`.

    Raises:
        ValueError: a function with other arguments; none of `init_fn`, `params` and `state`.
        ImportError: JAX is not installed.

    Source: Keras 3 `keras.layers.JaxLayer`.

    Example:

    >>> import numpy as np
    >>> layer = JaxLayer(lambda params, inputs: inputs @ params, params=np.ones((3, 2), "float32"))
    >>> layer(np.ones((1, 3), "float32")).numpy()
    array([[3., 3.]], dtype=float32)
    """

    _untracked_attributes = Layer._untracked_attributes | {"params", "state", "_compiled"}

    def __init__(
        self,
        call_fn: Callable[..., Any],
        init_fn: Callable[..., Any] | None = None,
        params: Any = None,
        state: Any = None,
        seed: int | None = None,
        native_serialization_platforms: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        jax()
        self.call_fn, self.init_fn = call_fn, init_fn
        self._call_names = _arguments(call_fn, "call_fn", ("params", "state", "rng", "inputs", "training"))
        self._init_names = _arguments(init_fn, "init_fn", ("rng", "inputs", "training")) if init_fn else []
        wants = {"params", "state"} & set(self._call_names)
        if init_fn is None and params is None and state is None and wants:
            raise ValueError(
                f"{type(self).__name__}: `init_fn`, `params` and `state` cannot all be `None` when `call_fn` takes a "
                "`params` or a `state` argument."
            )
        self.seed_generator = SeedGenerator(seed)
        self._compiled: dict[Any, Any] = {}
        self.params = self.state = None
        if params is not None or state is not None or not wants:
            self._make(params, state)
            self.built = True

    def build(self, input_shape: Any) -> None:
        if self.init_fn is None:
            return
        ones = tree.map_shapes(lambda shape: jax().numpy.ones([d or 1 for d in shape]), input_shape)
        given = {"rng": self._get_init_rng(), "inputs": ones, "training": True}
        made = self.init_fn(*(given[name] for name in self._init_names))
        self._make(*(made if "state" in self._call_names else (made, None)))

    def _make(self, params: Any, state: Any) -> None:
        self.params, self.state = self._weights(params, True), self._weights(state, False)

    def _weights(self, values: Any, trainable: bool) -> Any:
        """The structure with a weight in place of each array and number."""

        def weight(value: Any) -> Any:
            if not isinstance(value, (bool, int, float, np.ndarray, np.generic, jax().Array, Variable)) and not hasattr(
                value, "__dlpack__"
            ):
                return value  # a setting of the model
            array = np.asarray(value)
            dtype = None if is_float(array.dtype.name) or isinstance(value, float) else array.dtype.name
            return self.add_weight(
                array.shape, initializer=lambda shape, dtype: array, dtype=dtype, trainable=trainable
            )

        return jax().tree_util.tree_map(weight, values)

    def _get_init_rng(self) -> Any:
        """The key, or structure of keys, for `init_fn`."""
        return jax().random.PRNGKey(make_seed() % 2**31)

    def _get_call_rng(self, key: Any, training: bool) -> Any:
        """The key, or structure of keys, for `call_fn`; None when not training."""
        return key if training else None

    def call(self, inputs: Any, training: bool = False) -> Any:
        flat, pure = self._pure(inputs, bool(training))
        structs, out_tree = pure.specs(flat)
        count = out_tree.num_leaves
        outputs, new = called(
            self.name,
            pure.forward,
            pure.backward,
            [flat[i] for i in pure.floats],
            [*(flat[i] for i in pure.others), seed_of_call(self.seed_generator)],
            structs[:count],
            structs[count:],
        )
        if not in_trial():
            for variable, value in zip(_variables(self.state), new):
                variable.assign(value)
        return jax().tree_util.tree_unflatten(out_tree, outputs)

    def _pure(self, inputs: Any, training: bool) -> tuple[list[Any], _Pure]:
        """(the arrays of a call: inputs, parameters, state; the function of them)."""
        leaves, in_tree = jax().tree_util.tree_flatten(inputs)
        flat = [*leaves, *_variables(self.params), *_variables(self.state)]
        kinds = tuple(
            is_float(str(x.dtype)) and i < len(leaves) + len(_variables(self.params)) for i, x in enumerate(flat)
        )
        key = (in_tree, training, kinds)
        if key not in self._compiled:
            self._compiled[key] = _Pure(self, in_tree, training, kinds)
        return flat, self._compiled[key]

    def compute_output_spec(self, inputs: Any, training: bool = False) -> Any:
        flat, pure = self._pure(inputs, bool(training))

        def specs(unknown: int) -> tuple[list[Any], Any]:
            results, out_tree = pure.specs(flat, unknown)
            return results[: out_tree.num_leaves], out_tree

        symbols, out_tree = symbols_of(specs)
        return jax().tree_util.tree_unflatten(out_tree, symbols)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "call_fn": serialize_keras_object(self.call_fn),
            "init_fn": serialize_keras_object(self.init_fn),
            "native_serialization_platforms": None,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        made = {key: deserialize_keras_object(config[key]) for key in ("call_fn", "init_fn")}
        return cls(**{**config, **made})


class _Pure:
    """The function of a layer on flat lists of arrays.

    Args:
        layer: the layer.
        in_tree: JAX's structure of the inputs.
        training: whether it is called in training.
        kinds: for each array whether gradients flow to it.

    Attributes:
        floats: indices of the arrays to which gradients flow. others: of the other ones.
    """

    def __init__(self, layer: JaxLayer, in_tree: Any, training: bool, kinds: tuple[bool, ...]) -> None:
        self.floats = [i for i, kind in enumerate(kinds) if kind]
        self.others = [i for i, kind in enumerate(kinds) if not kind]
        self._layer, self._in_tree, self._training = layer, in_tree, training
        self._forward = jax().jit(self._results)
        self._gradient = jax().jit(self._gradients)
        self._out_tree: Any = None
        self._specs: dict[Any, Any] = {}

    def _results(self, flat: list[Any], seed: Any) -> list[Any]:
        """Outputs and new state, flat."""
        layer, util = self._layer, jax().tree_util
        rest = iter(flat)
        inputs = util.tree_unflatten(self._in_tree, [next(rest) for _ in range(self._in_tree.num_leaves)])
        filled = {name: _filled(getattr(layer, name), rest) for name in ("params", "state")}
        rng = layer._get_call_rng(jax().random.PRNGKey(seed), self._training) if "rng" in layer._call_names else None
        given = {**filled, "rng": rng, "inputs": inputs, "training": self._training}
        result = layer.call_fn(*(given[name] for name in layer._call_names))
        new: list[Any] = []
        if "state" in layer._call_names:
            result, state = result
            new = [leaf for leaf in util.tree_leaves(state) if hasattr(leaf, "dtype")]
            variables = _variables(layer.state)
            if [tuple(n.shape) for n in new] != [tuple(v.shape) for v in variables]:
                raise ValueError(
                    f"Layer '{layer.name}': expected `call_fn` to return a new state of the same structure as the "
                    f"state, {[tuple(v.shape) for v in variables]}, received {[tuple(n.shape) for n in new]}."
                )
            new = [n.astype(v.dtype) for n, v in zip(new, variables)]
        leaves, self._out_tree = util.tree_flatten(result)
        return [*leaves, *new]

    def _gradients(self, floats: list[Any], others: list[Any], seed: Any, upstream: list[Any]) -> list[Any]:
        def outputs(*floats: Any) -> list[Any]:
            results = self._results(self._joined(list(floats), others), seed)
            return results[: self._out_tree.num_leaves]

        results, vjp = jax().vjp(outputs, *floats)
        return list(vjp([u.astype(r.dtype) for u, r in zip(upstream, results)]))

    def _joined(self, floats: list[Any], others: list[Any]) -> list[Any]:
        flat: list[Any] = [None] * (len(floats) + len(others))
        for places, values in ((self.floats, floats), (self.others, others)):
            for place, value in zip(places, values):
                flat[place] = value
        return flat

    def specs(self, flat: list[Any], unknown: int = 1) -> tuple[list[Any], Any]:
        """((shape, dtype) of each result, JAX's structure of the outputs)."""
        key = tuple((tuple(unknown if d is None else d for d in x.shape), str(x.dtype)) for x in flat)
        if key not in self._specs:
            structs = [jax().ShapeDtypeStruct(shape, _jax_dtype(dtype)) for shape, dtype in key]
            results = jax().eval_shape(self._results, structs, jax().ShapeDtypeStruct((), "int32"))
            self._specs[key] = [(tuple(r.shape), r.dtype.name) for r in results]
        return self._specs[key], self._out_tree

    def forward(self, *arrays: np.ndarray) -> list[np.ndarray]:
        """The results of the arrays `floats`, `others` and the seed."""
        n = len(self.floats)
        flat = self._joined(list(arrays[:n]), list(arrays[n:-1]))
        return [np.asarray(r) for r in self._forward(flat, arrays[-1].astype(np.int32))]

    def backward(self, *arrays: np.ndarray) -> list[np.ndarray]:
        """The gradients of `floats`, from the arrays of `forward` and the gradients of the outputs."""
        n, m = len(self.floats), len(self.floats) + len(self.others)
        found = self._gradient(list(arrays[:n]), list(arrays[n:m]), arrays[m].astype(np.int32), list(arrays[m + 1 :]))
        return [np.asarray(g).astype(x.dtype, copy=False) for g, x in zip(found, arrays)]


def jax() -> Any:
    """The module jax. Raises ImportError with advice if it is not installed."""
    return needs("jax", None, "JaxLayer")


def _arguments(function: Callable[..., Any], name: str, allowed: Sequence[str]) -> list[str]:
    found = list(inspect.signature(function).parameters)
    if "inputs" not in found:
        raise ValueError(f"Missing required argument in `{name}`: `inputs`")
    for parameter in found:
        if parameter not in allowed:
            raise ValueError(
                f"Unsupported argument in `{name}`: `{parameter}`, supported arguments are `{'`, `'.join(allowed)}`"
            )
    return found


def _variables(structure: Any) -> list[Variable]:
    return [leaf for leaf in jax().tree_util.tree_leaves(structure) if isinstance(leaf, Variable)]


def _filled(structure: Any, values: Any) -> Any:
    """The structure with the next of the values in place of each Variable."""
    return jax().tree_util.tree_map(lambda leaf: next(values) if isinstance(leaf, Variable) else leaf, structure)


def _jax_dtype(name: str) -> Any:
    return jax().numpy.zeros((), name).dtype  # float64 is float32 unless JAX's x64 mode is on
