"""
Linear regression and gradient descent
======================================

A line :math:`\\hat y = wx + b` is fitted to points by gradient descent: start anywhere, compute the slope of the cost
in :math:`w` and :math:`b`, and step downhill in both at once. The learning rate decides whether the steps arrive,
crawl or run away. In netlet the model is a ``Dense`` layer with one unit and no activation.
"""
# Lecture notes: Linear regression

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import layers, losses, optimizers, plots

netlet.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.uniform(-1, 2, (60, 1)).astype("float32")
y = (1.5 * x + 0.5 + rng.normal(0, 0.3, x.shape)).astype("float32")

# %%
# The cost
# --------
# Lecture notes write :math:`J(w, b) = \sum (\hat y - y)^2 / 2m`; the 2 cancels when you differentiate. Keras and
# netlet have :math:`\sum (\hat y - y)^2 / m`, without the 2, as ``"mse"``. Both have their minimum at the same place,
# but the gradient of ``"mse"`` is twice as large, so a learning rate from notes must be halved. Or you write the
# notes' cost yourself: a loss is any function of the targets and the outputs.


def half_mse(y_true, y_pred):
    return losses.mean_squared_error(y_true, y_pred) / 2


class Path(netlet.callbacks.Callback):
    """Remembers w and b before the first and after each step."""

    def on_train_begin(self, logs=None):
        self.steps = []
        self.on_epoch_end(0)

    def on_epoch_end(self, epoch, logs=None):
        kernel, bias = self.model.get_weights()
        self.steps.append([kernel.item(), bias.item()])


def descend(learning_rate, loss=half_mse, steps=25):
    """Full-batch gradient descent from w = -1, b = 2.5: one epoch is one step."""
    model = netlet.Sequential([netlet.Input((1,)), layers.Dense(1)])
    model.set_weights([np.array([[-1.0]]), np.array([2.5])])
    model.compile(optimizers.SGD(learning_rate), loss)
    path = Path()
    model.fit(x, y, batch_size=len(x), epochs=steps, verbose=0, callbacks=[path])
    return model, np.array(path.steps)


# %%
# Three learning rates
# --------------------
# Each step is :math:`w \leftarrow w - \alpha\, \partial J / \partial w` and :math:`b \leftarrow b - \alpha\, \partial
# J / \partial b`, both computed from the old values (the *simultaneous* update). The cost is a bowl. A small rate
# creeps along its floor, a good one arrives, and a rate above :math:`2 / \lambda`, where :math:`\lambda` is the
# largest curvature of the bowl, makes each step overshoot by more than the last.

features = np.hstack([x, np.ones_like(x)])
limit = 2 / np.linalg.eigvalsh(features.T @ features / len(x)).max()
rates = {"too small": 0.02, "good": 0.6, "too large": 1.04 * limit}


def cost(w, b):
    return float(np.mean((w * x + b - y) ** 2) / 2)


figure, axes = plt.subplots(1, 3, figsize=(11, 3.7), layout="constrained")
final = {}
for ax, (name, rate) in zip(axes, rates.items()):
    model, path = descend(rate)
    final[name] = cost(*path[-1])
    plots.cost_surface(cost, (-3.5, 6.5), (-3.5, 6), path=path, ax=ax)
    ax.set(xlabel="w", ylabel="b")
    ax.set_title(f"{name}: rate {rate:.2f}, final J = {final[name]:.3g}", loc="left")
plt.show()
assert final["good"] < final["too small"] < final["too large"]

# %%
# It equals the closed form
# -------------------------
# For a line, no descent is needed: the normal equations have the minimum. Descent finds the same numbers, and with
# ``"mse"`` and half the rate it takes the very same path.

exact = np.linalg.lstsq(features.astype("float64"), y.astype("float64"), rcond=None)[0].ravel()
model, path = descend(rates["good"], steps=300)
print("descent:", path[-1], "closed form:", exact)
assert np.allclose(path[-1], exact, atol=1e-4)  # w = 1.493, b = 0.529
assert np.allclose(descend(0.3, loss="mse")[1], path[:26], atol=1e-5)  # half the rate: the same points

# %%
# **Try:** multiply ``x`` by 10. The bowl becomes a narrow valley, and no single rate suits both :math:`w` and
# :math:`b`: this is why inputs are scaled before training.
