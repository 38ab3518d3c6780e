"""Promise 14: a loss that is NaN or infinite stops training before the update, and the error says where."""

from __future__ import annotations

import numpy as np

import netlet
from netlet import layers


def check() -> list[str]:
    return [f"{'eager' if eager else 'recorded'} steps: {what}" for eager in (False, True) for what in stopped(eager)]


def stopped(eager: bool) -> list[str]:
    rng = np.random.default_rng(10)
    x, y = rng.normal(size=(64, 3)).astype(np.float32), rng.normal(size=(64, 2)).astype(np.float32)
    spoilt = x.copy()
    spoilt[40, 1] = np.nan  # in the third batch of 16
    model = netlet.Sequential([netlet.Input((3,)), layers.Dense(2, name="first")])
    model.compile(netlet.optimizers.SGD(0.125), "mse", run_eagerly=eager)
    twin = netlet.models.clone_model(model)
    twin.set_weights(model.get_weights())
    twin.compile(netlet.optimizers.SGD(0.125), "mse", run_eagerly=eager)
    twin.fit(x[:32], y[:32], batch_size=16, shuffle=False, verbose=0)
    try:
        model.fit(spoilt, y, batch_size=16, shuffle=False, verbose=0)
        return ["a NaN went on"]
    except FloatingPointError as error:
        lacking = [what for what in ("step 3", "0.125") if what not in str(error)]
    same = all(np.array_equal(a, b) for a, b in zip(model.get_weights(), twin.get_weights()))
    return [f"the error lacks {what}" for what in lacking] + ([] if same else ["the weights have changed"])
