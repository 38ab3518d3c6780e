"""The state of a Layer: weights and sub-layers, their order, and how they are read and set."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from netlet import constraints, initializers, regularizers
from netlet.config import DTypePolicy, DTypePolicyMap, get_policy, is_float, standardize_dtype
from netlet.engine.graph import Operation
from netlet.engine.storage import moved
from netlet.engine.variable import Variable

from .tracking import flatten_layers, wrap


class LayerState(Operation):
    """Base of Layer that holds weights and sub-layers; assigning them to attributes tracks them."""

    _trainable: bool = True
    _tracked_names = ("_trainable_variables", "_non_trainable_variables", "_layers", "_metrics")

    def _start_tracking(self) -> None:
        for name in self._tracked_names:
            object.__setattr__(self, name, [])
        object.__setattr__(self, "_locked", False)

    # ---- tracking --------------------------------------------------------------------------------------------------
    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._untracked_attributes:
            object.__setattr__(self, name, value)
            return
        old = self.__dict__.get(name)
        if old is not value and isinstance(old, (Variable, LayerState)):
            self._untrack(old)
        object.__setattr__(self, name, self._track(value))

    _untracked_attributes: frozenset[str] = frozenset(
        ["_inbound_nodes", "_outbound_nodes", "_losses", "_tensor", "_init_arguments", "_build_arguments", "_locked"]
    )

    def __delattr__(self, name: str) -> None:
        old = self.__dict__.get(name)
        object.__delattr__(self, name)
        if isinstance(old, (Variable, LayerState)):
            self._untrack(old)

    def _track(self, value: Any) -> Any:
        if isinstance(value, Variable):
            self._add_state(self._trainable_variables if value.trainable else self._non_trainable_variables, value)
        elif isinstance(value, LayerState):
            self._add_state(self._layers, value)
        elif hasattr(type(value), "update_state") and hasattr(type(value), "reset_state"):
            self._add_state(self._metrics, value)
        elif type(value) in (list, tuple, dict):
            return wrap(value, self._track)
        return value

    def _add_state(self, place: list[Any], value: Any) -> None:
        if "_layers" not in self.__dict__:
            raise RuntimeError(
                f"In layer '{type(self).__name__}', call `super().__init__()` before assigning weights or layers."
            )
        if any(value is known for known in place):
            return
        if isinstance(value, Variable) and any(value is v for v in self._all_own_variables()):
            return
        if self._locked and place is not self._metrics:
            raise ValueError(
                f"Layer '{self.name}' is already built: expected weights and sub-layers to be created in `__init__()` "
                f"or `build()`, received {value!r} afterwards."
            )
        place.append(value)

    def _untrack(self, value: Any) -> None:
        for name in self._tracked_names:
            place = self.__dict__.get(name) or []
            place[:] = [known for known in place if known is not value]

    def _all_own_variables(self) -> list[Variable]:
        return self._trainable_variables + self._non_trainable_variables

    _trainable_variables: list[Variable]
    _non_trainable_variables: list[Variable]
    _layers: list[Any]
    _metrics: list[Any]
    _locked: bool

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> list[Any]:
        """This layer and its sub-layers, each once, depth first. (Keras's name for `flatten_layers`.)"""
        return flatten_layers(self, include_self, recursive)

    # ---- weights ---------------------------------------------------------------------------------------------------
    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str | None = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Creates a weight of this layer and returns it.

        Args:
            shape: tuple of integers; None (the default) makes a scalar.
            initializer: defaults to "glorot_uniform" for floats, "zeros" for other types.
            dtype: defaults to the layer's `variable_dtype`.
            trainable: whether an optimizer updates it; True by default.
            autocast: see `Variable`; True by default.
            regularizer: its penalty is added to the layer's `losses`; None by default.
            constraint: function applied after each update; None by default.
            aggregation: see `Variable`; "none" by default.
            overwrite_with_gradient: whether optimizers set it to its gradient; False by default.
            name: "kernel" becomes the path "<layer>/kernel"; None (the default): "variable", numbered.

        Returns:
            The Variable.

        Raises:
            ValueError: an unknown initializer, regularizer or constraint; a shape with None; a name passed as `shape`.
        """
        if isinstance(shape, str):
            raise ValueError(f"add_weight: expected `name` as a keyword argument, received add_weight({shape!r}, ...).")
        dtype = self.variable_dtype if dtype is None else standardize_dtype(dtype)
        default = "glorot_uniform" if is_float(dtype) else "zeros"
        with self._name_scope():
            variable = Variable(
                initializers.get(default if initializer is None else initializer),
                shape=() if shape is None else shape,
                dtype=dtype,
                trainable=trainable,
                autocast=autocast,
                aggregation=aggregation,
                name=name,
                regularizer=regularizers.get(regularizer),
                constraint=constraints.get(constraint),
            )
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._track(variable)
        if not self._trainable:
            variable.trainable = False
        return variable

    add_variable = add_weight

    def _name_scope(self) -> Any:
        raise NotImplementedError

    @property
    def variables(self) -> list[Variable]:
        """All variables of this layer and its sub-layers, each once: its own first, trainable before non-trainable."""
        return _unique(self._iterate_variables())

    def _iterate_variables(self) -> Iterator[Variable]:
        for layer in self._flatten_layers():  # each layer once, or nested shared layers would be repeated
            yield from layer._trainable_variables
            yield from layer._non_trainable_variables

    @property
    def weights(self) -> list[Variable]:
        """All variables of this layer and its sub-layers, in the order of `get_weights` and `set_weights`."""
        return self.variables

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that an optimizer updates; empty while `trainable` is False."""
        return [v for v in self.variables if v.trainable] if self.trainable else []

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that no optimizer updates; all variables while `trainable` is False."""
        return [v for v in self.variables if not v.trainable] if self.trainable else self.variables

    @property
    def trainable_weights(self) -> list[Variable]:
        """Keras's other name of `trainable_variables`."""
        return self.trainable_variables

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Keras's other name of `non_trainable_variables`."""
        return self.non_trainable_variables

    @property
    def trainable(self) -> bool:
        """Whether an optimizer updates the weights.

        Setting it also sets the weights and sub-layers. A compiled model must be compiled again for it to take effect.
        """
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._flatten_layers():
            layer._trainable = bool(value)
            for variable in layer._trainable_variables:
                variable.trainable = bool(value)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights.

        Returns:
            List of NumPy arrays in the order of `weights`.
        """
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Sets all weights; none changes if one array does not fit.

        Args:
            weights: list of arrays in the order of `self.weights`, of the same shapes.

        Raises:
            ValueError: wrong number of arrays, or an array of the wrong shape.
        """
        own = self.weights
        values = [np.asarray(w) for w in weights]
        if len(values) != len(own):
            raise ValueError(f"Layer '{self.name}': expected {len(own)} weights, received {len(values)} arrays.")
        for variable, value in zip(own, values, strict=True):
            if value.shape != variable.shape:
                raise ValueError(
                    f"Layer '{self.name}': expected shape {variable.shape} for weight '{variable.path}', "
                    f"received {value.shape}."
                )
        for variable, value in zip(own, values, strict=True):
            variable.assign(value)

    # ---- files -----------------------------------------------------------------------------------------------------
    def save_own_variables(self, store: Any) -> None:
        """Stores this layer's own weights for a `.keras` or `.weights.h5` file. A subclass may override it.

        Args:
            store: dict to which arrays are added: "0", "1", ... for the trainable weights, then the others.
        """
        for i, variable in enumerate(self._all_own_variables()):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Sets this layer's own weights from a file. A subclass that overrides `save_own_variables` overrides this too.

        Args:
            store: mapping with the arrays that `save_own_variables` stored.

        Raises:
            ValueError: another number of arrays, or an array of another shape.
        """
        own = self._all_own_variables()
        if len(store) != len(own):
            never = " It was never built: give its parent a `build()` that builds it." if not self.built else ""
            raise ValueError(
                f"Layer '{self.name}' expected {len(own)} variables, but received {len(store)} variables during "
                f"loading. Expected: {[v.name for v in own]}.{never}"
            )
        for i, variable in enumerate(own):
            variable.assign(store[str(i)])

    def count_params(self) -> int:
        """The total number of elements of all weights.

        Returns:
            int.

        Raises:
            ValueError: the layer is not built yet.
        """
        if not self.built:
            raise ValueError(
                f"Layer '{self.name}' has no weights yet: build it by calling it, or with `build(input_shape)`."
            )
        return sum(math.prod(v.shape) for v in self.weights)

    built: bool

    # ---- types -----------------------------------------------------------------------------------------------------
    _policy: DTypePolicy  # as given: it may be a map
    _own_policy: DTypePolicy  # of this layer's path
    _path: str | None

    @property
    def dtype_policy(self) -> DTypePolicy:
        """The policy of the layer: the dtypes that it computes in and stores its weights in.

        Setting it takes what `dtype` takes. Plans that were recorded before are recorded again at their next use.

        Raises:
            ValueError: the layer has weights of another dtype than the new policy's.
        """
        return self._own_policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        policy = get_policy(value)
        if self._all_own_variables() and policy.variable_dtype != self.variable_dtype:
            raise ValueError(
                f"Layer '{self.name}': expected a policy with {self.variable_dtype} variables, which the layer has, "
                f"received {policy!r}."
            )
        self._set_policy(policy)
        if self._path is not None:
            self._resolve_policy(self._path)
        moved()

    def _set_policy(self, dtype: Any) -> None:
        self._policy = get_policy(dtype)
        self._adopt(self._policy)

    def _adopt(self, policy: DTypePolicy) -> None:
        self._own_policy = policy
        self._compute_dtype = policy.compute_dtype
        self._is_mixed = policy.compute_dtype != policy.variable_dtype

    def _resolve_policy(self, path: str) -> None:
        """Looks up the layer's policy once its path is known."""
        if isinstance(self._policy, DTypePolicyMap):
            self._adopt(self._policy[path])

    @property
    def compute_dtype(self) -> str:
        """The dtype of the computation and the outputs."""
        return self._compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the weights."""
        return self.dtype_policy.variable_dtype

    @property
    def dtype(self) -> str:
        """The dtype of the weights, as `variable_dtype`."""
        return self.variable_dtype


def _unique(variables: Iterator[Variable]) -> list[Variable]:
    return list({id(v): v for v in variables}.values())
