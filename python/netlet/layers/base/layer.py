"""Layer: weights plus a computation. Subclasses define `__init__`, `build` (weights) and `call` (ops)."""

from __future__ import annotations

import functools
import inspect
import warnings
from typing import Any

from netlet import _core, regularizers
from netlet.base import tree
from netlet.base.naming import name_scope
from netlet.base.policies import serialized
from netlet.engine.graph import KerasTensor, Node, is_symbolic

from . import call_context, masks
from .building import Building
from .calling import finishing, name_layer, nested_too_deeply
from .converting import Converting
from .input_spec import InputSpec, check
from .losses import LayerLosses
from .quantization.quantizable import Quantizable
from .remat import call_in_scope
from .stateless import StatelessCalls


class Layer(Building, Converting, LayerLosses, Quantizable, StatelessCalls):
    """Base class of all layers: weights, and a computation with them.

    A subclass defines `call`, and `build` if it has weights; `compute_output_shape`, `compute_mask` and `get_config`
    are optional. Input and output are what `call` takes and returns: tensors, or structures of them, with the batch as
    their first axis.

    Args:
        activity_regularizer: its penalty on each output, divided by the batch size, is added to `losses`; None (the
            default): none.
        trainable: whether an optimizer updates the weights; True by default.
        dtype: a dtype, a policy such as "mixed_bfloat16", a DTypePolicy or DTypePolicyMap; None (the default):
            `config.dtype_policy()`. See docs/guides/mixed-precision.md.
        autocast: whether float inputs are cast to the compute dtype, and Variables count as of that dtype; True by
            default.
        name: unique in a model; None (the default): the class name in snake case, numbered.
        input_shape, input_dim: shape of one sample, for the first layer of a Sequential (deprecated; use `Input`).

    Raises:
        ValueError: an unknown argument; when called: inputs that do not fit `input_spec`.
        RuntimeError: a subclass does not call `super().__init__()` first.

    Source: Keras 3, `keras.layers.Layer`.

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
        """The computation, with ops and sub-layers; a subclass defines it.

        `fit` runs it once for each input shape, to record a step.

        Args:
            *args: Tensors, or structures of them; float arrays arrive as Tensors of the compute dtype.
            **kwargs: further arguments. `training` (bool) and `mask` are filled in if the method has parameters of
                these names.

        Returns:
            Tensor, or a structure of Tensors.

        Raises:
            NotImplementedError: the class does not define it.
        """
        raise NotImplementedError(f"Layer {type(self).__name__} does not have a `call()` method implemented.")

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The output shape for an input shape; unless overridden, found by recording `call` on symbolic inputs.

        Args:
            *args: shape of each input with the batch axis, a tuple with None for unknown sizes, or a structure of
                shapes.
            **kwargs: the same by name, e.g. `query_shape` for the argument `query` of `call`.

        Returns:
            Shape, or a structure of shapes.
        """
        spec = self.compute_output_spec(
            *(tree.map_shapes(lambda s: KerasTensor(s, self.compute_dtype), a) for a in args)
        )
        return tree.map_structure(lambda t: t.shape, spec)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The outputs' mask; called only if `supports_masking` is True.

        Args:
            inputs: the first argument of the call.
            previous_mask: its mask, a bool Tensor, or a structure of masks; None: no mask.

        Returns:
            Mask, or None; unless overridden, the inputs' mask.
        """
        return previous_mask

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain values, from which `from_config` makes the layer again.

        Returns:
            {argument: value} with "name", "trainable", "dtype" and the arguments of the class.

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
        """Makes a layer, with new weights, from its config.

        Args:
            config: what `get_config` returned.

        Returns:
            Layer of this class.
        """
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

    # ---- shapes and building ---------------------------------------------------------------------------------------
    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The shapes and dtypes of the outputs, without computing them.

        Args:
            *args: KerasTensors, or structures of them.
            **kwargs: further arguments of `call`.

        Returns:
            KerasTensor, or a structure of them.
        """
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

    # ---- what training asks for --------------------------------------------------------------------------------------
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
