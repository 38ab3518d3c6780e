"""TorchModuleWrapper: a module of PyTorch as a layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from netlet.base import tree
from netlet.base.extras import needs
from netlet.config import is_float
from netlet.engine.graph import KerasTensor, in_trial
from netlet.random import SeedGenerator

from ..base.layer import Layer
from .calls import called, holds_code, seed_of_call, symbols_of


class TorchModuleWrapper(Layer):
    """Calls a module of PyTorch, whose parameters and buffers are weights of this layer.

    PyTorch computes the outputs and, when a training asks for them, the gradients; the forward pass runs again for
    these. A recorded step calls the module in each run. The module is in training mode if the layer's `training`
    argument is not False. Input and output shapes are those of the module; PyTorch's modules expect channels first.

    Args:
        module: a `torch.nn.Module` with initialized parameters, on the CPU.
        name: name of the layer; None (the default): "torch_module_wrapper", numbered.
        output_shape: shape of the output; None (the default): found by a call of the module on tensors without data.
        **kwargs: the arguments of `Layer`.

    Attributes:
        module: the module, with the layer's present weights.

    Raises:
        ValueError: a lazy module without parameters; `get_config`, because a module is Python code, which files of
            netlet do not contain.
        ImportError: PyTorch is not installed.

    Source: Keras 3, `keras.layers.TorchModuleWrapper`.

    Example:

    >>> import torch  # doctest: +SKIP
    >>> layer = TorchModuleWrapper(torch.nn.Linear(3, 2))  # doctest: +SKIP
    >>> model = netlet.Sequential([netlet.Input((3,)), layer])  # doctest: +SKIP
    """

    _untracked_attributes = Layer._untracked_attributes | {"_module", "_params", "_fixed_params", "_buffers", "_specs"}

    def __init__(self, module: Any, name: str | None = None, output_shape: Any = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        lazy = torch().nn.modules.lazy.LazyModuleMixin
        if any(isinstance(m, lazy) and m.has_uninitialized_params() for m in module.modules()):
            raise ValueError(
                "LazyModules are not supported unless they are already initialized. Received uninitialized LazyModule: "
                f"module={module}"
            )
        self._module, self._given_shape = module, output_shape
        named = dict(module.named_parameters())
        self._params = {n: self._weight(n, p, True) for n, p in named.items() if p.requires_grad}
        self._fixed_params = {n: self._weight(n, p, False) for n, p in named.items() if not p.requires_grad}
        self._buffers = {n: self._weight(n, b, False) for n, b in module.named_buffers()}
        self.seed_generator = SeedGenerator()
        self._specs: dict[Any, Any] = {}
        self.built = True

    def _weight(self, name: str, tensor: Any, trainable: bool) -> Any:
        values = tensor.detach().cpu().numpy()
        dtype = None if is_float(values.dtype.name) else values.dtype.name
        return self.add_weight(
            values.shape,
            initializer=lambda shape, dtype: values,
            dtype=dtype,
            trainable=trainable,
            name=name.replace(".", "_"),
        )

    @property
    def module(self) -> Any:
        """The module, with the layer's present weights."""
        with torch().no_grad():
            own = {**dict(self._module.named_parameters()), **dict(self._module.named_buffers())}
            for name, variable in {**self._params, **self._fixed_params, **self._buffers}.items():
                own[name].copy_(torch().from_numpy(np.array(variable.numpy())))
        return self._module

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """The module's parameters, with the layer's present weights.

        Args:
            recurse: whether to include those of submodules; True by default.

        Returns:
            Iterator of `torch.nn.Parameter`.
        """
        return iter(self.module.parameters(recurse=recurse))

    def call(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        run = _Call(self, (list(args), kwargs), training is not False)
        specs, structure = self._output_specs(run)
        count = len(specs)
        buffers = [(tuple(v.shape), v.dtype) for v in self._buffers.values()] if run.training else []
        outputs, new = called(
            self.name,
            run.forward,
            run.backward,
            run.inputs,
            [*run.fixed, seed_of_call(self.seed_generator)],
            specs,
            buffers,
        )
        if run.training and not in_trial():
            for variable, value in zip(self._buffers.values(), new):
                variable.assign(value)
        return tree.pack_like(structure, outputs) if count else structure

    def _output_specs(self, run: _Call, unknown: int = 1) -> tuple[list[Any], Any]:
        key = run.key(unknown)
        if key not in self._specs:
            self._specs[key] = run.specs(unknown)
        found: tuple[list[Any], Any] = self._specs[key]
        return found

    def compute_output_spec(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        if self._given_shape is not None:
            return KerasTensor(tuple(self._given_shape), self.compute_dtype)
        run = _Call(self, (list(args), kwargs), False)
        symbols, structure = symbols_of(lambda unknown: self._output_specs(run, unknown))
        return tree.pack_like(structure, symbols)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self._given_shape is not None:
            return tuple(self._given_shape)
        return super().compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        raise holds_code(self, "a PyTorch module")


class _Call:
    """One call of a module, as functions of NumPy arrays.

    Args:
        layer: the layer.
        arguments: (positional, keyword) arguments of the module, whose arrays are netlet's Tensors or symbols.
        training: whether the module is in training mode.

    Attributes:
        inputs: floats through which gradients flow: those of the arguments, then the trained parameters.
        fixed: other arrays: those of the arguments, then other parameters, then buffers.
    """

    def __init__(self, layer: TorchModuleWrapper, arguments: Any, training: bool) -> None:
        self._layer, self._arguments, self.training = layer, arguments, training
        self._leaves = tree.flatten(arguments)
        arrays = [i for i, leaf in enumerate(self._leaves) if hasattr(leaf, "shape")]
        self._floats = [i for i in arrays if is_float(str(self._leaves[i].dtype))]
        self._others = [i for i in arrays if i not in self._floats]
        self.inputs = [*(self._leaves[i] for i in self._floats), *layer._params.values()]
        still = (*layer._fixed_params.values(), *layer._buffers.values())
        self.fixed = [*(self._leaves[i] for i in self._others), *still]

    def key(self, unknown: int) -> Any:
        """What the shapes of the results depend on."""
        leaves = [(tuple(x.shape), str(x.dtype)) if hasattr(x, "shape") else repr(x) for x in self._leaves]
        return repr((leaves, tree.paths(self._arguments))), unknown

    def _run(self, inputs: list[Any], fixed: list[Any], training: bool) -> Any:
        """The module's result on tensors of PyTorch, in its own structure. Buffers in `fixed` change in place."""
        layer, leaves = self._layer, list(self._leaves)
        for places, values in ((self._floats, inputs), (self._others, fixed)):
            for place, value in zip(places, values):
                leaves[place] = value
        args, kwargs = tree.pack_like(self._arguments, leaves)
        state: dict[str, Any] = {
            **dict(zip(layer._params, inputs[len(self._floats) :])),
            **dict(zip([*layer._fixed_params, *layer._buffers], fixed[len(self._others) :])),
        }
        layer._module.train(training)
        return torch().func.functional_call(layer._module, state, tuple(args), kwargs)

    def specs(self, unknown: int) -> tuple[list[Any], Any]:
        """((shape, dtype) of each result, their structure), by a run without data if the module can do that."""

        def empty(device: str) -> Any:
            made = [
                torch().zeros(
                    tuple(unknown if d is None else d for d in x.shape), dtype=_torch_dtype(str(x.dtype)), device=device
                )
                for x in (*self.inputs, *self.fixed)
            ]
            n = len(self.inputs)
            with torch().no_grad():
                return self._run(made[:n], made[n:], False)

        try:
            result = empty("meta")
        except (RuntimeError, NotImplementedError):  # an op without a version for tensors without data
            result = empty("cpu")
        leaves = tree.flatten(result)
        return [(tuple(t.shape), str(t.dtype).removeprefix("torch.")) for t in leaves], tree.map_structure(
            lambda _: 0, result
        )

    def _tensors(self, arrays: Any) -> list[Any]:
        return [torch().from_numpy(np.array(a)) for a in arrays]  # copies: modules may write into what they receive

    def forward(self, *arrays: np.ndarray) -> list[np.ndarray]:
        """The results, and in training the new buffers, from the arrays of `inputs`, `fixed` and the seed."""
        n = len(self.inputs)
        fixed = self._tensors(arrays[n:-1])
        with torch().random.fork_rng(devices=[]), torch().no_grad():
            torch().manual_seed(int(arrays[-1]))
            result = self._run(self._tensors(arrays[:n]), fixed, self.training)
        buffers = fixed[len(fixed) - len(self._layer._buffers) :] if self.training else []
        return [t.numpy() for t in (*tree.flatten(result), *buffers)]

    def backward(self, *arrays: np.ndarray) -> list[np.ndarray]:
        """The gradients of `inputs`, from the arrays of `forward` and the gradients of the results."""
        n = len(self.inputs)
        m = n + len(self.fixed)
        inputs = [t.requires_grad_() for t in self._tensors(arrays[:n])]
        with torch().random.fork_rng(devices=[]), torch().enable_grad():
            torch().manual_seed(int(arrays[m]))
            # A module may change an input in place; a leaf that needs a gradient must not be.
            outputs = tree.flatten(self._run([t * 1 for t in inputs], self._tensors(arrays[n:m]), self.training))
        upstream = self._tensors(arrays[m + 1 :])
        pairs = [(o, g.to(o.dtype)) for o, g in zip(outputs, upstream) if o.requires_grad]
        if not pairs:
            return [np.zeros_like(a) for a in arrays[:n]]
        found = torch().autograd.grad([o for o, _ in pairs], inputs, [g for _, g in pairs], allow_unused=True)
        return [np.zeros_like(a) if g is None else g.numpy() for g, a in zip(found, arrays)]


def torch() -> Any:
    """The module torch. Raises ImportError with advice if it is not installed."""
    return needs("torch", None, "TorchModuleWrapper")


def _torch_dtype(name: str) -> Any:
    return getattr(torch(), name)
