"""The dense network that `python -m netlet bench` compares with: a careful implementation in plain NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class NumpyMLP:
    """Dense layers with ReLU between them, softmax cross-entropy and Adam, in float32, in place where possible.

    Args:
        weights: [kernel, bias, kernel, bias, ...] with kernels of shape (inputs, outputs), as from
            `model.get_weights()`. They are copied.
        learning_rate: learning rate of Adam (Kingma and Ba, 2014); default 0.001.
        beta_1: decay rate of the first moment; default 0.9.
        beta_2: decay rate of the second moment; default 0.999.
        epsilon: constant that is added to the root of the second moment before bias correction; default 1e-7.
    """

    def __init__(
        self,
        weights: Sequence[np.ndarray],
        learning_rate: float = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ) -> None:
        self.weights = [np.array(w, np.float32) for w in weights]
        self.m = [np.zeros_like(w) for w in self.weights]
        self.v = [np.zeros_like(w) for w in self.weights]
        self.learning_rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.step = 0

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Returns the logits (n, classes) of x (n, features)."""
        return self._forward(x)[-1]

    def _forward(self, x: np.ndarray) -> list[np.ndarray]:
        """Returns the input of each layer, then the logits."""
        values = [x]
        last = len(self.weights) - 2
        for i in range(0, len(self.weights), 2):
            y = values[-1] @ self.weights[i]
            y += self.weights[i + 1]
            values.append(np.maximum(y, 0, out=y) if i < last else y)
        return values

    def train_on_batch(self, x: np.ndarray, labels: np.ndarray) -> float:
        """Makes one training step.

        Args:
            x: float32 array (n, features).
            labels: integers (n,).

        Returns:
            The mean loss of the batch before the step.
        """
        values = self._forward(x)
        rows = np.arange(len(x))
        z = values[-1] - values[-1].max(axis=1, keepdims=True)
        p = np.exp(z)
        total = p.sum(axis=1, keepdims=True)
        loss = float(np.mean(np.log(total[:, 0]) - z[rows, labels]))
        p /= total
        p[rows, labels] -= 1
        p /= np.float32(len(x))
        gradients: list[np.ndarray] = [np.empty(0)] * len(self.weights)
        dy = p
        for i in range(len(self.weights) - 2, -1, -2):
            gradients[i] = values[i // 2].T @ dy
            gradients[i + 1] = dy.sum(axis=0)
            if i:
                dy = dy @ self.weights[i].T
                dy *= values[i // 2] > 0
        self._adam(gradients)
        return loss

    def _adam(self, gradients: list[np.ndarray]) -> None:
        self.step += 1
        corrected = self.learning_rate * np.sqrt(1 - self.beta_2**self.step) / (1 - self.beta_1**self.step)
        rate = np.float32(corrected)
        for w, g, m, v in zip(self.weights, gradients, self.m, self.v, strict=True):
            m += np.float32(1 - self.beta_1) * (g - m)
            v += np.float32(1 - self.beta_2) * (g * g - v)
            w -= rate * m / (np.sqrt(v) + np.float32(self.epsilon))
