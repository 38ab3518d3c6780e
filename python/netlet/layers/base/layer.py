"""Layer: weights plus a computation. Subclasses define `__init__`, `build` (weights) and `call` (ops)."""

from __future__ import annotations

import functools
import inspect
import warnings
from typing import Any

from netlet import _core, ops, regularizers
from netlet.base import tree
from netlet.base.arrays import as_ndarray
from netlet.base.naming import name_scope
from netlet.base.policies import serialized
from netlet.config import is_float
from netlet.engine.graph import KerasTensor, Node, is_symbolic
from netlet.engine.variable import Variable

from . import call_context, masks
from .building import Building
from .calling import finishing, name_layer, nested_too_deeply
from .input_spec import InputSpec, check
from .penalties import weight_penalties
from .quantization.quantizable import Quantizable
from .remat import call_in_scope
from .stateless import StatelessCalls

_OTHER_TYPES = {"int16": "int32", "uint16": "int32", "uint32": "int64", "uint64": "int64"}


class Layer(Building, Quantizable, StatelessCalls):
    """Base class of all layers.

    Args:
        activity_regularizer: its penalty on each output, divided by the batch size, is added to `losses`; None: none.
        trainable: whether an optimizer updates the weights; True by default.
        dtype: a dtype, a policy such as "mixed_bfloat16", a DTypePolicy or DTypePolicyMap; None:
            `config.dtype_policy()`. See docs/guides/mixed-precision.md.
        autocast: whether float inputs are cast to the compute dtype, and Variables count as of that dtype; True by
            default.
        name: unique in a model; None: the class name in snake case, numbered.
        input_shape, input_dim: shape of one sample, for the first layer of a Sequential (deprecated; use `Input`).

    >>> import numpy as np
    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> Scale()(np.ones((2, 3), "float32")).shape
    (2, 3)
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = finishing(cls.__dict__["build"])  # type: ignore[method-assign]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        instance = super().__new__(cls, *args, **kwargs)
        instance._start_tracking()
        return instance

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name)
        self._set_policy(dtype)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        input_dim = kwargs.pop("input_dim", None)
        input_shape = kwargs.pop("input_shape", None)
        if input_dim is not None or input_shape is not None:
            warnings.warn(
                "Do not pass an `input_shape`/`input_dim` argument to a layer; begin the model with an `Input(shape)`.",
                stacklevel=3,
            )
            self._input_shape_arg = (int(input_dim),) if input_dim is not None else tuple(input_shape)
        if kwargs.get("quantization_config", self) is None:
            del kwargs["quantization_config"]  # it is in configs of Keras
        if kwargs:
            raise ValueError(f"Unrecognized keyword arguments passed to {type(self).__name__}: {sorted(kwargs)}")
        if not isinstance(trainable, bool):
            raise ValueError(f"Layer '{self.name}': expected `trainable` to be True or False, received {trainable!r}.")
        self._trainable = trainable
        self.autocast = autocast
        self.built = False
        self.supports_masking = type(self).compute_mask is not Layer.compute_mask
        self.input_spec: Any = None
        self._losses: list[Any] = []
        self._remat_scope = call_context.current.remat
        self._building = False
        self._path: str | None = None
        self._parent_path: str | None = None
        self._build_arguments: dict[str, Any] | None = None

    # ---- what subclasses override ----------------------------------------------------------------------------------
    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation, with ops and sub-layers. `fit` runs it once for each input shape, to record a step."""
        raise NotImplementedError(f"Layer {type(self).__name__} does not have a `call()` method implemented.")

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The output shape for an input shape; unless overridden, found by recording `call` on symbolic inputs."""
        spec = self.compute_output_spec(
            *(tree.map_shapes(lambda s: KerasTensor(s, self.compute_dtype), a) for a in args)
        )
        return tree.map_structure(lambda t: t.shape, spec)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The outputs' mask, from inputs and their mask (None: no mask). Called only if `supports_masking` is True."""
        return previous_mask

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain values, from which `from_config` makes the layer again.

        Raises:
            NotImplementedError: a subclass has arguments that are not plain values and does not override this.
        """
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self._trainable,
            "dtype": serialized(self.dtype_policy),
        }
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        if type(self).get_config is Layer.get_config:
            inherited = ["name", "trainable", "dtype", "activity_regularizer"]
            config.update(self._plain_init_arguments(inherited))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes a layer, with new weights, from a config of `get_config`."""
        return cls(**config)

    # ---- calling ---------------------------------------------------------------------------------------------------
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if "_losses" not in self.__dict__:
            raise RuntimeError(
                f"In layer '{type(self).__name__}', you forgot to call `super().__init__()` as the first statement "
                "in the `__init__()` method."
            )
        given_args, given_kwargs = args, kwargs
        symbolic = False
        one_tensor = len(args) == 1 and not kwargs and type(args[0]) is _core.Tensor
        if not one_tensor or args[0].dtype != self._compute_dtype:
            symbolic = is_symbolic(args) or (bool(kwargs) and is_symbolic(kwargs))
            args, kwargs = self._converted(args, kwargs)
        if self.input_spec is not None:
            check(self.input_spec, args[0] if args else next(iter(kwargs.values()), None), self.name)
        if self.built and not self._layers and not symbolic:
            return self._run(args, kwargs)
        built_by_call = not self.built and self._builds_by_call
        try:
            with name_scope(self.name, self):  # names the weights of this layer and its sub-layers
                if not self.built:
                    self._build_from(args, kwargs)
                if not symbolic:
                    return self._run(args, kwargs)
                before = masks.previous(args, kwargs)
                with call_context.entered(self, self._resolve_training(kwargs)) as outermost:
                    try:
                        outputs = self.compute_output_spec(*args, **kwargs)
                        if built_by_call and self._leaves_layers_unbuilt():
                            self._spec_by_trial(args, kwargs)
                    except RecursionError as error:
                        if outermost:
                            raise nested_too_deeply(self.name) from error
                        raise
        except BaseException:
            if built_by_call:
                self.built = False  # its sub-layers may have no weights yet
                object.__setattr__(self, "_build_arguments", None)
            raise
        masks.hand_on(self, masks.first(args, kwargs), outputs, before)
        Node(self, given_args, given_kwargs, outputs)
        return outputs

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        training = self._resolve_training(kwargs)
        plain = not kwargs and len(args) == 1 and type(args[0]) is _core.Tensor and args[0]._keras_mask is None
        before = None
        if not plain:
            kwargs = masks.fill(self, args, kwargs)
            before = masks.previous(args, kwargs)
        with call_context.entered(self, training) as outermost:
            if outermost:
                self._clear_losses()
            if self._takes_training:
                kwargs = {**kwargs, "training": training}
            _core.push_scope(self.name)
            try:
                remat = call_context.current.remat or self._remat_scope
                if remat is None:
                    outputs = self.call(*args, **kwargs)
                else:
                    outputs = call_in_scope(self, remat, outermost, args, kwargs)
                if self.activity_regularizer is not None:
                    self._add_activity_losses(outputs)
                if not plain or self._computes_masks:
                    masks.hand_on(self, masks.first(args, kwargs), outputs, before)
            except (ValueError, TypeError) as error:
                name_layer(error, self.name)
                raise
            except RecursionError as error:
                if outermost:
                    raise nested_too_deeply(self.name) from error
                raise
            finally:
                _core.pop_scope()
        return outputs

    def _leaves_layers_unbuilt(self) -> bool:
        """Whether sub-layers are unbuilt because `compute_output_shape` gave the shape without running `call`."""
        if type(self).compute_output_spec is not Layer.compute_output_spec:
            return False
        return any(not layer.built for layer in self._flatten_layers(include_self=False))

    _masks_travel_inside = False  # True if its sub-layers pass masks to each other (models)

    @functools.cached_property
    def _computes_masks(self) -> bool:
        """Whether its outputs may have a mask even if its inputs have none."""
        return type(self).compute_mask is not Layer.compute_mask

    def _resolve_training(self, kwargs: dict[str, Any]) -> bool | None:
        """The `training` flag: the argument, else the enclosing call's, else the default of `call`, else False."""
        training: bool | None = None
        if "training" in kwargs:
            training = kwargs["training"] if self._takes_training else kwargs.pop("training")
        if training is None:
            training = call_context.current.training
        if training is None and self._takes_training:
            default = self._call_parameters["training"].default
            training = None if default is inspect.Parameter.empty else default
        return bool(training)

    def _converted(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if args and type(args[0]) in (list, tuple) and any(isinstance(v, (int, float)) for v in tree.flatten(args[0])):
            raise ValueError(
                f"Layer '{self.name}': expected tensors or arrays, received a Python {type(args[0]).__name__}. "
                "Make it an array with np.array(...)."
            )
        convert = self._to_tensor
        return tree.map_structure(convert, args), {k: tree.map_structure(convert, v) for k, v in kwargs.items()}

    def _to_tensor(self, value: Any) -> Any:
        """Arrays become Tensors, floats are cast to the compute dtype; numbers, strings and None are unchanged."""
        if isinstance(value, Variable):
            value = value._tensor
        elif isinstance(value, KerasTensor):
            casts = self.autocast and is_float(value.dtype) and value.dtype != self._compute_dtype
            return masks.keep(value, KerasTensor(value.shape, self._compute_dtype, name=value.name)) if casts else value
        elif not isinstance(value, _core.Tensor):
            if not hasattr(value, "__array__") and not hasattr(value, "__dlpack__"):
                return value
            value = self._array_to_tensor(value)
        if self.autocast and is_float(value.dtype) and value.dtype != self._compute_dtype:
            return masks.keep(value, _core.cast(value, self._compute_dtype))
        return value

    def _array_to_tensor(self, value: Any) -> _core.Tensor:
        array = as_ndarray(value)
        name = array.dtype.name
        if array.dtype.kind not in "fiub" and name != "bfloat16":
            raise ValueError(f"Layer '{self.name}': expected numbers, received an array of dtype {array.dtype}.")
        return _core.as_tensor(array.astype(_OTHER_TYPES[name]) if name in _OTHER_TYPES else array)

    def _add_activity_losses(self, outputs: Any) -> None:
        for out in tree.flatten(outputs):
            penalty = self.activity_regularizer(out)
            self.add_loss(ops.multiply(penalty, 1.0 / max(int(out.shape[0]), 1)) if len(out.shape) else penalty)

    # ---- shapes and building ---------------------------------------------------------------------------------------
    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The KerasTensors of the outputs for KerasTensors of the inputs."""
        kwargs.pop("training", None)
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            shapes = self._shapes_for(self.compute_output_shape, args, kwargs)
            return tree.map_shapes(lambda s: KerasTensor(s, self.compute_dtype), self.compute_output_shape(**shapes))
        return self._spec_by_trial(args, kwargs)

    def _name_scope(self) -> Any:
        return name_scope(self.name, self)

    @property
    def path(self) -> str | None:
        """Names of the enclosing layers and this one, joined by "/"; None before the layer is built."""
        return self._path

    def _lock_state(self) -> None:
        object.__setattr__(self, "_locked", True)

    # ---- losses ----------------------------------------------------------------------------------------------------
    def add_loss(self, loss: Any) -> None:
        """Adds a scalar tensor (or several), computed in `call`, to the loss that training minimizes."""
        for value in tree.flatten(loss):
            if not isinstance(value, _core.Tensor) and not is_symbolic(value):
                raise ValueError(f"Layer '{self.name}': add_loss expected a tensor of `call`, received {value!r}.")
            if call_context.note_loss(value):
                self._losses.append(value)

    @property
    def losses(self) -> list[Any]:
        """Scalars: `add_loss` and activity penalties of the last call, and the weights' regularization penalties."""
        found = [loss for layer in self._flatten_layers() for loss in layer._losses]
        return found + weight_penalties(self.trainable_variables)

    def _clear_losses(self) -> None:
        for layer in self._flatten_layers() if self._layers else (self,):
            if layer._losses:
                object.__setattr__(layer, "_losses", [])

    @property
    def seed_generators(self) -> list[Any]:
        """The SeedGenerators of random layers, in order; resuming training restores their state."""
        return [g for layer in self._flatten_layers() for g in [layer.__dict__.get("seed_generator")] if g is not None]

    @property
    def metrics(self) -> list[Any]:
        """The metrics among the attributes of this layer and its sub-layers."""
        return [m for layer in self._flatten_layers() for m in layer._metrics]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.__dict__.get('built', False)}>"


__all__ = ["InputSpec", "Layer"]
