"""How a Layer is built: when its weights are created, from which shapes, and how a loaded model is built again."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from netlet.base import tree
from netlet.base.naming import name_scope
from netlet.engine.graph import KerasTensor, infer_spec

from . import call_context, masks
from .calling import as_shapes, has_tensor, missing_argument, name_layer, parameters, shapes_in
from .quantization.quantized_parts import quantized_parts
from .state import LayerState


class Building(LayerState):
    """Base of Layer that builds it. A layer that does not override `build` is built by its first call."""

    call: Callable[..., Any]
    _build_arguments: dict[str, Any] | None
    _clear_losses: Callable[[], None]

    _saves_its_layers: Any = False  # True if its config has the configs of its sub-layers
    _needs_no_build = False  # True in stateless layers whose configs in Keras have no shapes

    def build(self, input_shape: Any) -> None:
        """Creates the weights. Runs once, before the first call.

        Args:
            input_shape: shape of the first input with the batch axis, which is None if any size fits.
        """
        self.built = True

    @functools.cached_property
    def _call_parameters(self) -> dict[str, inspect.Parameter]:
        return parameters(self.call)

    @functools.cached_property
    def _takes_training(self) -> bool:
        return "training" in self._call_parameters

    def _spec_by_trial(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Records `call` to find the KerasTensors of its outputs; builds the sub-layers that it calls."""
        with call_context.entered(self, call_context.current.training):
            try:
                extra = {"training": False} if self._takes_training else {}
                return infer_spec(self.call, args, {**masks.fill(self, args, kwargs), **extra})
            except (ValueError, TypeError) as error:
                name_layer(error, self.name)
                raise
            finally:
                self._clear_losses()

    def _shapes_for(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Shapes of the tensor arguments, by the names of `fn`'s parameters (`fn` is build or compute_output_shape)."""
        found = parameters(fn).values()
        wanted = [p.name for p in found if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        shapes = self._argument_shapes(args, kwargs)
        chosen = {name: shape for name, shape in shapes.items() if name in wanted}
        needed = [p.name for p in found if p.name in wanted and p.default is p.empty]
        if chosen and (len(chosen) >= min(len(shapes), len(wanted)) or set(needed) <= set(chosen)):
            return chosen
        return {wanted[0]: next(iter(shapes.values()))} if wanted and shapes else {}

    def _argument_shapes(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The shapes of the arguments of `call` that hold tensors, e.g. {"inputs_shape": (None, 3)}."""
        named = {**dict(zip(self._call_parameters, args, strict=False)), **kwargs}
        return {f"{name}_shape": shapes_in(value) for name, value in named.items() if has_tensor(value)}

    @property
    def _builds_by_call(self) -> bool:
        """Whether `build` is not overridden: the sub-layers are built when `call` calls them."""
        return type(self).build is Building.build

    def _build_from(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self._builds_by_call:
            shapes = self._argument_shapes(args, kwargs)
            object.__setattr__(self, "_build_arguments", shapes)
            self.built = True
            return
        try:
            self.build(**self._shapes_for(self.build, args, kwargs))
        except TypeError as error:  # an input that is missing has no shape either
            missing = missing_argument(self._call_parameters, args, kwargs)
            if missing is None:
                raise
            raise TypeError(
                f"Layer '{self.name}': expected the argument '{missing}' of call(), received none."
            ) from error

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes that `build` was called with; `build_from_config` uses them when a model is loaded.

        Returns:
            {"input_shape": shape} or {"shapes_dict": {name: shape}}, with "quantized" for quantized sub-layers; None if
                the layer was not built or needs no shapes.
        """
        config = self._shapes_for_config()
        parts = quantized_parts(self) if self._layers and not self._saves_its_layers else {}
        return {**(config or {}), "quantized": parts} if parts else config

    def _shapes_for_config(self) -> dict[str, Any] | None:
        shapes = self._build_arguments
        if not shapes or (self._needs_no_build and self._builds_by_call and not self._layers):
            return None
        return {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else {"shapes_dict": dict(shapes)}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds the layer from the shapes of a saved one.

        Args:
            config: what `get_build_config` returned; an empty config leaves the layer unbuilt.

        Raises:
            ValueError: a layer without `build` cannot be called on symbolic inputs of the saved shapes.
        """
        if not config:
            return
        if self._builds_by_call:
            self._build_by_trial(config)
        elif "input_shape" in config:
            self.build(as_shapes(config["input_shape"]))
        elif "shapes_dict" in config:
            self.build(**{k: as_shapes(v) for k, v in config["shapes_dict"].items()})

    def _build_by_trial(self, config: dict[str, Any]) -> None:
        """Builds the sub-layers: runs `call` on symbolic inputs with the shapes of a `get_build_config`."""
        alone = "input_shape" in config
        names = [next(iter(self._call_parameters), "inputs")] if alone else list(config.get("shapes_dict", ()))
        shapes = [config["input_shape"]] if alone else [config["shapes_dict"][name] for name in names]
        names = [name.removesuffix("_shape") for name in names]
        symbols = [tree.map_shapes(lambda s: KerasTensor(s, self.compute_dtype), shape) for shape in shapes]
        try:
            with name_scope(self.name, self):
                self._spec_by_trial((), dict(zip(names, symbols, strict=True)))
        except Exception as error:
            raise ValueError(
                f"Layer '{self.name}': {type(self).__name__} could not be built again by calling it on inputs of the "
                f"saved shapes {dict(zip(names, shapes, strict=True))}: {error} Define `build(input_shape)` or "
                "`build_from_config(config)` in the class."
            ) from error
        object.__setattr__(
            self, "_build_arguments", {f"{n}_shape": as_shapes(s) for n, s in zip(names, shapes, strict=True)}
        )
        self.built = True
