"""The checks of the options that all optimizers have in common."""

from __future__ import annotations

import warnings
from typing import Any

OPTIONS = (  # in the order of Keras's configs
    "weight_decay",
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)


def check_options(options: dict[str, Any], others: dict[str, Any]) -> None:
    """Checks arguments of `Optimizer`.

    Args:
        options: the arguments by name.
        others: arguments that `Optimizer` does not know.

    Raises:
        ValueError: unknown arguments, more than one kind of clipping, or a value outside its range.
    """
    if others.pop("decay", None) is not None:
        warnings.warn("Argument `decay` is no longer supported and will be ignored.", stacklevel=4)
    if others:
        raise ValueError(f"Argument(s) not recognized: {others}")
    clips = {name: options[name] for name in ("clipnorm", "clipvalue", "global_clipnorm")}
    if sum(limit is not None for limit in clips.values()) > 1:
        raise ValueError(
            "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. Received: "
            + ", ".join(f"{name}={limit}" for name, limit in clips.items())
        )
    steps = options["gradient_accumulation_steps"]
    if steps and not steps >= 2:
        raise ValueError(
            f"`gradient_accumulation_steps` must be an integer >= 2. Received: gradient_accumulation_steps={steps}"
        )
    if not options["use_ema"]:
        return
    momentum, every = options["ema_momentum"], options["ema_overwrite_frequency"]
    if not 0 <= momentum <= 1:
        raise ValueError(f"`ema_momentum` must be in the range [0, 1]. Received: ema_momentum={momentum}")
    if every and (not isinstance(every, int) or every < 1):
        raise ValueError(
            f"`ema_overwrite_frequency` must be an integer >= 1 or None. Received: ema_overwrite_frequency={every}"
        )
