"""Bidirectional: runs a recurrent layer over a sequence in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlet import ops
from netlet.base import tree
from netlet.saving.registry import get_registered_name
from netlet.saving.serialization import (
    custom_object_scope,
    deserialize_object,
    serialize_object,
    sharing_scope,
)

from ..base.layer import Layer
from .rnn import RNN, time_order

_MERGES = ("sum", "mul", "ave", "concat", None)
_NEEDED = ("go_backwards", "stateful", "return_sequences", "return_state")


class Bidirectional(Layer):
    """Processes a sequence forwards and backwards and combines the two outputs of each step.

    Input (B, T, ...); the output is that of `layer`, with a doubled last axis for "concat".

    Args:
        layer: an RNN layer, or a layer with the attributes go_backwards, stateful, return_sequences and return_state
            and a config; it is copied.
        merge_mode: "concat" (along the last axis, the default), "sum", "mul", "ave", or None for a pair of outputs.
        weights: initial weights, the forward layer's and then the backward layer's; None by default.
        backward_layer: layer for the backward direction, with the opposite `go_backwards`; None (the default): a copy
            of `layer`.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Call arguments: sequences; initial_state=None, the forward layer's states and then the backward layer's; mask=None
    (B, T); training=None.

    With `return_state` the states follow the output, in the order of `initial_state`. Output sequences are in time
    order; with `return_sequences` masked steps are zeros.

    Raises:
        ValueError: an argument is not a recurrent layer; an unknown merge_mode; both layers run in the same direction
            or differ in stateful, return_sequences or return_state; an odd number of initial states.

    Source: Schuster and Paliwal, 1997; Keras 3, `keras.layers.Bidirectional`.

    >>> import numpy as np
    >>> from netlet.layers import LSTM
    >>> Bidirectional(LSTM(4, return_sequences=True))(np.ones((2, 5, 3), "float32")).shape
    (2, 5, 8)
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        for given in (layer,) if backward_layer is None else (layer, backward_layer):
            if not isinstance(given, Layer):
                raise ValueError(f"Bidirectional: expected a layer, received {type(given).__name__}: {given!r}.")
            if missing := [name for name in _NEEDED if not hasattr(given, name)]:
                raise ValueError(
                    f"Bidirectional: expected recurrent layers, received {given!r} without `{missing[0]}`."
                )
        if merge_mode not in _MERGES:
            raise ValueError(f"Bidirectional: expected `merge_mode` to be one of {_MERGES}, received {merge_mode!r}.")
        super().__init__(**kwargs)
        self.forward_layer = layer if layer.__dict__.pop("_is_copy", False) else _copy(layer, "forward")
        self.backward_layer = _copy(layer, "backward") if backward_layer is None else backward_layer
        self._check_layers()
        for one in (self.forward_layer, self.backward_layer):
            if getattr(one, "zero_output_for_mask", None) is not None:
                one.zero_output_for_mask = one.return_sequences
        self.merge_mode = merge_mode
        self._initial_weights = None if weights is None else list(weights)
        self.stateful = layer.stateful
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.supports_masking = True
        self.input_spec = layer.input_spec

    def _check_layers(self) -> None:
        for name in _NEEDED:
            ahead, back = getattr(self.forward_layer, name), getattr(self.backward_layer, name)
            if (ahead == back) is (name == "go_backwards"):
                wanted = "opposite" if name == "go_backwards" else "equal"
                raise ValueError(
                    f"Bidirectional: expected {wanted} `{name}` of the forward and the backward layer, received "
                    f"{ahead!r} and {back!r}."
                )

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)
                layer.built = True
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)

    # ---- calling -----------------------------------------------------------------------------------------------------
    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = None) -> Any:
        ahead, back = self._halves(initial_state)
        y, *states = _outputs(self.forward_layer, sequences, ahead, mask, training)
        y_back, *states_back = _outputs(self.backward_layer, sequences, back, mask, training)
        output = self._merged(y, y_back)
        if not self.return_state:
            return output
        return (*(output if self.merge_mode is None else (output,)), *states, *states_back)

    def _halves(self, initial_state: Any) -> tuple[Any, Any]:
        if initial_state is None:
            return None, None
        given = list(initial_state) if isinstance(initial_state, (list, tuple)) else [initial_state]
        if len(given) % 2:
            raise ValueError(
                f"Layer '{self.name}': expected an even number of initial states (the forward layer's, then the "
                f"backward layer's), received {len(given)}."
            )
        half = len(given) // 2
        return given[:half], given[half:]

    def _merged(self, y: Any, y_back: Any) -> Any:
        y, y_back = ops.cast_if_needed(y, self.compute_dtype), ops.cast_if_needed(y_back, self.compute_dtype)
        if self.merge_mode == "concat":
            return ops.concatenate([y, y_back], axis=-1)
        if self.merge_mode == "mul":
            return ops.multiply(y, y_back)
        if self.merge_mode is None:
            return y, y_back
        total = ops.add(y, y_back)
        return ops.multiply(total, 0.5) if self.merge_mode == "ave" else total

    # ---- shapes and masks --------------------------------------------------------------------------------------------
    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        shape = self.forward_layer.compute_output_shape(sequences_shape)
        output, states = (shape[0], tuple(shape[1:])) if self.return_state else (shape, ())
        if self.merge_mode == "concat":
            output = (*output[:-1], output[-1] * 2)
        outputs = (output, output) if self.merge_mode is None else (tuple(output),)
        return (*outputs, *states, *states) if len(outputs) > 1 or self.return_state else outputs[0]

    def compute_mask(self, _: Any, mask: Any) -> Any:
        """The inputs' mask for output sequences; None for a last output and for states."""
        mask = tree.flatten(mask)[0]
        own = mask if self.return_sequences else None
        states = 2 * len(getattr(self.forward_layer, "state_size", ())) if self.return_state else 0
        masks = [own] * (2 if self.merge_mode is None else 1) + [None] * states
        return tuple(masks) if len(masks) > 1 else own

    # ---- states ------------------------------------------------------------------------------------------------------
    @property
    def states(self) -> Any:
        """The forward layer's states and then the backward layer's; None if one of them has no states yet."""
        both = self.forward_layer.states, self.backward_layer.states
        return None if None in both else (*both[0], *both[1])

    def reset_state(self) -> None:
        """Sets the states of stateful layers to zeros.

        Raises:
            AttributeError: the layers are not stateful.
        """
        if not self.stateful:
            raise AttributeError(f"Layer '{self.name}' expected stateful=True to reset its states, received False.")
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """Sets the states of stateful layers to zeros; an older name of `reset_state`."""
        self.reset_state()

    # ---- config ------------------------------------------------------------------------------------------------------
    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "merge_mode": self.merge_mode,
            "layer": serialize_object(self.forward_layer),
            "backward_layer": serialize_object(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        config = dict(config)
        for name in ("layer", "backward_layer"):
            if config.get(name) is not None:
                config[name] = deserialize_object(config[name], custom_objects)
        object.__setattr__(config["layer"], "_is_copy", True)
        return cls(**config)


def _outputs(layer: Any, x: Any, states: Any, mask: Any, training: Any) -> tuple[Any, ...]:
    """(sequence or last output, states ...) of one layer, the sequence in time order."""
    given: dict[str, Any] = {"initial_state": states, "mask": mask, "training": training}
    given = {name: value for name, value in given.items() if name in layer._call_parameters}
    with time_order(layer):
        found = layer(x, **given)
    found = tuple(found) if layer.return_state else (found,)
    flipped = layer.go_backwards and layer.return_sequences and not isinstance(layer, RNN)
    return (ops.flip(found[0], 1), *found[1:]) if flipped else found


def _copy(layer: Any, way: str) -> Any:
    """A copy of the layer from its config, with new weights, for the direction `way` ("forward" or "backward")."""
    classes = [type(part) for part in layer._flatten_layers()]
    own = {get_registered_name(cls): cls for cls in classes if not cls.__module__.startswith("netlet.")}
    with custom_object_scope(own), sharing_scope():  # independent of a file that is being loaded
        config = {**layer.get_config(), "name": f"{way}_{layer.name.removeprefix(f'{way}_')}"}
        if way == "backward":
            config["go_backwards"] = True
        copy = type(layer).from_config(config)
    if hasattr(layer, "use_cudnn"):
        copy.use_cudnn = layer.use_cudnn
    return copy
