"""FlaxLayer: a module of Flax as a layer."""

from __future__ import annotations

import inspect
from typing import Any

from netlet.base.extras import needs

from .calls import holds_code
from .jax_layer import JaxLayer, jax


class FlaxLayer(JaxLayer):
    """Calls a module of Flax (`flax.linen.Module`), whose variables are weights of this layer.

    The collection "params" is trained, the others are state, e.g. the moving averages of a batch normalization.
    `JaxLayer` describes how it is called and differentiated. Input and output shapes are those of the module.

    Args:
        module: the module. Its method takes `inputs` and may take `training`.
        method: the method to call, or a function of (module, inputs[, training]); None (the default): `__call__`.
        variables: what `module.init` returned; None (the default): it is called when the layer is built.
        **kwargs: `seed` and the other arguments of `JaxLayer`, and those of `Layer`, e.g. `name`.

    Raises:
        ImportError: Flax is not installed.
        ValueError: `get_config`, because a module is Python code, which files do not contain.

    Source: Keras 3, `keras.layers.FlaxLayer`.

    >>> import flax.linen  # doctest: +SKIP
    >>> layer = FlaxLayer(flax.linen.Dense(2))  # doctest: +SKIP
    >>> model = netlet.Sequential([netlet.Input((3,)), layer])  # doctest: +SKIP
    """

    _untracked_attributes = JaxLayer._untracked_attributes | {"module", "method"}

    def __init__(self, module: Any, method: Any = None, variables: Any = None, **kwargs: Any) -> None:
        self.module, self.method = module, method
        mutable = needs("flax.linen", None, "FlaxLayer").DenyList(["params"])
        wants = "training" in inspect.signature(method or type(module).__call__).parameters

        def extra(training: bool) -> dict[str, Any]:
            return {"training": training} if wants else {}

        def call_fn(params: Any, state: Any, rng: Any, inputs: Any, training: bool) -> Any:
            result, new = module.apply(
                {**({"params": params} if params else {}), **(state or {})},
                inputs,
                rngs=rng,
                method=method,
                mutable=mutable,
                **extra(training),
            )
            return result, dict(new)

        def init_fn(rng: Any, inputs: Any, training: bool) -> Any:
            return _split(module.init(rng, inputs, method=method, **extra(training)))

        params, state = (None, None) if variables is None else _split(variables)
        super().__init__(call_fn=call_fn, init_fn=init_fn, params=params, state=state, **kwargs)

    def _get_init_rng(self) -> Any:
        keys = jax().random.split(super()._get_init_rng(), 2)
        return {"params": keys[0], "dropout": keys[1]}

    def _get_call_rng(self, key: Any, training: bool) -> Any:
        return {"dropout": key} if training else {}

    def get_config(self) -> dict[str, Any]:
        raise holds_code(self, "a Flax module")


def _split(variables: Any) -> tuple[Any, Any]:
    """(params, state) of Flax's variables."""
    variables = dict(variables)
    return variables.pop("params", {}), variables
