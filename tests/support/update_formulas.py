"""One update of each optimizer kernel in NumPy float64, written from the papers and from PyTorch's documentation.

Each function takes w, g, the slots, the learning rate and the number of the update (1, 2, ...), and returns the new w
and the new slots. Weight decay is applied by the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


def adagrad(w, g, n, lr, t, epsilon):
    n = n + g**2
    return w - lr * g / np.sqrt(n + epsilon), n


def adadelta(w, g, v, d, lr, t, rho, epsilon):
    v = rho * v + (1 - rho) * g**2
    step = np.sqrt(d + epsilon) / np.sqrt(v + epsilon) * g
    return w - lr * step, v, rho * d + (1 - rho) * step**2


def adamax(w, g, m, u, lr, t, beta_1, beta_2, epsilon):
    m, u = beta_1 * m + (1 - beta_1) * g, np.maximum(beta_2 * u, np.abs(g))
    return w - lr / (1 - beta_1**t) * m / (u + epsilon), m, u


def nadam(w, g, m, v, lr, t, u_product, beta_1, beta_2, epsilon):
    mu, after = (beta_1 * (1 - 0.5 * 0.96**k) for k in (t, t + 1))
    m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
    m_hat = after * m / (1 - u_product * after) + (1 - mu) * g / (1 - u_product)
    return w - lr * m_hat / (np.sqrt(v / (1 - beta_2**t)) + epsilon), m, v


def ftrl(w, g, n, z, lr, t, lr_power, l1, l2, l2_shrinkage, beta):
    new = n + g**2
    sigma = (new**-lr_power - n**-lr_power) / lr
    z = z + g + 2 * l2_shrinkage * w - sigma * w
    denominator = (beta + new**-lr_power) / lr + 2 * l2
    return np.where(np.abs(z) <= l1, 0, (np.sign(z) * l1 - z) / denominator), new, z


def lion(w, g, m, lr, t, beta_1, beta_2):
    return w - lr * np.sign(beta_1 * m + (1 - beta_1) * g), beta_2 * m + (1 - beta_2) * g


def schedule_free_adamw(y, g, z, v, lr, t, beta_1, beta_2, epsilon, warmup_steps):
    x = (y - (1 - beta_1) * z) / beta_1
    v = beta_2 * v + (1 - beta_2) * g**2
    rate = lr * min(1, t / warmup_steps) if warmup_steps else lr
    z = z - rate * g / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
    x = (1 - 1 / t) * x + z / t
    return (1 - beta_1) * z + beta_1 * x, z, v


def radam(w, g, m, v, lr, t, beta_1, beta_2, epsilon):
    """Liu et al., 2020, algorithm 2; torch.optim.RAdam."""
    m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
    m_hat = m / (1 - beta_1**t)
    rho = 2 / (1 - beta_2) - 1
    rho_t = rho - 2 * t * beta_2**t / (1 - beta_2**t)
    if rho_t <= 5:
        return w - lr * m_hat, m, v
    rectification = np.sqrt((rho_t - 4) * (rho_t - 2) * rho / ((rho - 4) * (rho - 2) * rho_t))
    return w - lr * m_hat * rectification * np.sqrt(1 - beta_2**t) / (np.sqrt(v) + epsilon), m, v


def rprop(w, g, previous, size, lr, t, eta_minus, eta_plus, smallest, largest):
    """torch.optim.Rprop."""
    s = np.sign(g * previous)
    size = np.clip(size * np.where(s > 0, eta_plus, np.where(s < 0, eta_minus, 1)), smallest, largest)
    g = np.where(s < 0, 0, g)
    return w - np.sign(g) * size, g, size


def asgd(w, g, average, lr, t, lambd, alpha, t0):
    """torch.optim.ASGD, whose state after step k has eta = lr / (1 + lambd lr k)^alpha and mu = 1 / max(1, k - t0)."""
    eta, mu = (lr, 1) if t == 1 else (lr / (1 + lambd * lr * (t - 1)) ** alpha, 1 / max(1, t - 1 - t0))
    w = w * (1 - lambd * eta) - eta * g
    return w, average + mu * (w - average)


def lamb(w, g, m, v, lr, t, beta_1, beta_2, epsilon):
    m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
    u = m / (1 - beta_1**t) / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
    norms = np.linalg.norm(w), np.linalg.norm(u)
    return w - lr * (norms[0] / norms[1] if all(norms) else 1) * u, m, v


def adafactor(w, g, v, r, k, lr, t, beta_2_decay, epsilon_1, epsilon_2, clip_threshold):
    """Of a matrix, or of a variable without factors (r and k None)."""
    d = float(t) ** beta_2_decay
    squares = g**2 + epsilon_1
    if r is None:
        v = (1 - d) * v + d * squares
    else:
        r, k = (1 - d) * r + d * squares.mean(-1), (1 - d) * k + d * squares.mean(-2)
        v = (r / r.mean(-1, keepdims=True))[..., None] * k[..., None, :]
    u = g / np.sqrt(v)
    u = u / max(1, np.sqrt(np.mean(u**2)) / clip_threshold)
    alpha = max(epsilon_2, np.sqrt(np.mean(w**2))) * min(lr, 1 / np.sqrt(t))
    return w - alpha * u, v, r, k


def muon(w, g, m, lr, t, momentum, nesterov, a, b, c, iterations, factor):
    m = momentum * m + g
    x = g + momentum * m if nesterov else m
    x = x / (np.linalg.norm(x) + 1e-7)
    for _ in range(iterations):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return w - lr * factor * x, m


@dataclass
class Elementwise:
    """A kernel that updates each element by itself: its formula, number of slots, and arguments to test it with."""

    formula: Callable[..., Any]
    slots: int
    own: dict[str, Any] = field(default_factory=dict)
    kernel: str = ""  # of _core, without "_update"; "" for the formula's own name

    @property
    def name(self) -> str:
        return f"{self.kernel or self.formula.__name__}_update"


BETAS = {"beta_1": 0.8, "beta_2": 0.95}
EPSILON = {"epsilon": 1e-3}
FTRL = {"l1": 0.3, "l2": 0.1, "l2_shrinkage": 0.05, "beta": 0.2}
ELEMENTWISE = {
    "adagrad": Elementwise(adagrad, 1, EPSILON),
    "adadelta": Elementwise(adadelta, 2, {"rho": 0.8, **EPSILON}),
    "adamax": Elementwise(adamax, 2, {**BETAS, **EPSILON}),
    "nadam": Elementwise(nadam, 2, {"u_product": 0.3, **BETAS, **EPSILON}),
    "ftrl": Elementwise(ftrl, 2, {"lr_power": -0.5, **FTRL}),
    "ftrl constant": Elementwise(ftrl, 2, {"lr_power": 0.0, **FTRL}),
    "ftrl linear": Elementwise(ftrl, 2, {"lr_power": -1.0, **FTRL}),
    "ftrl power": Elementwise(ftrl, 2, {"lr_power": -0.7, **FTRL}),
    "lion": Elementwise(lion, 1, BETAS),
    "schedule free": Elementwise(schedule_free_adamw, 2, {**BETAS, **EPSILON, "warmup_steps": 7}),
    "radam": Elementwise(radam, 2, {**BETAS, **EPSILON}, "adam"),
    "radam at first": Elementwise(radam, 2, {"beta_1": 0.8, "beta_2": 0.999, **EPSILON}, "adam"),
    "rprop": Elementwise(rprop, 2, {"eta_minus": 0.4, "eta_plus": 1.3, "smallest": 0.1, "largest": 0.9}),
    "asgd": Elementwise(asgd, 1, {"lambd": 0.1, "alpha": 0.6, "t0": 2.0}),
}
