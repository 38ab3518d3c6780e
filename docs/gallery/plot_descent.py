"""
Batch, stochastic and mini-batch descent, and optimizers
========================================================

The gradient can be computed from all examples, from one, or from a few. All examples give an exact direction and few
steps; one example gives many cheap steps in noisy directions; a mini-batch of 32 is the usual compromise. Optimizers
then make better use of these directions: momentum averages them, and Adagrad, RMSprop and Adam give each weight its
own rate.
"""
# Lecture notes: Batch, stochastic, mini-batch (32) descent

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import callbacks, layers, optimizers, plots

netlet.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.normal(0, 1, (512, 2)).astype("float32") * np.array([1, 0.35], "float32")
y = x @ np.array([[1.5], [-1.0]], "float32") + rng.normal(0, 0.6, (512, 1)).astype("float32")


class Steps(callbacks.Callback):
    """Remembers both weights after each step."""

    def on_train_begin(self, logs=None):
        self.path = [self.model.get_weights()[0].ravel()]

    def on_train_batch_end(self, batch, logs=None):
        self.path.append(self.model.get_weights()[0].ravel())


def descend(optimizer, batch_size, epochs):
    model = netlet.Sequential([netlet.Input((2,)), layers.Dense(1, use_bias=False)])
    model.set_weights([np.array([[-2.0], [2.0]])])
    model.compile(optimizer, "mse")
    steps = Steps()
    model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[steps])
    return np.array(steps.path)


def cost(w1, w2):
    return float(np.mean((x @ np.array([[w1], [w2]]) - y) ** 2))


# %%
# Three descents
# --------------
# The same rate for all; only ``batch_size`` differs. The whole batch glides along the slope. One example at a time
# rushes to the valley and then dances around the minimum, because each example has a minimum of its own. The
# mini-batch dances less: the noise of a mean of 32 is :math:`\sqrt{32} \approx 5.7` times smaller. Look at the price,
# too: the whole batch has used the data 100 times and is still on its way, the single examples arrived within one
# epoch.

descents = {
    "whole batch": descend(optimizers.SGD(0.1), 512, 100),
    "mini-batch of 32": descend(optimizers.SGD(0.1), 32, 10),
    "single examples": descend(optimizers.SGD(0.1), 1, 1),
}
noise = [float(np.linalg.norm(np.diff(path[-20:], axis=0), axis=1).mean()) for path in descents.values()]
print("mean length of the last 20 steps:", noise)
assert noise[0] < noise[2] / 5 and noise[1] < noise[2] / 3

figure, axes = plt.subplots(1, 3, figsize=(11, 3.7), layout="constrained")
for ax, (name, path) in zip(axes, descents.items()):
    plots.cost_surface(cost, (-2.6, 2.8), (-3, 4), path=path, ax=ax)
    ax.set(xlabel="$w_1$", ylabel="$w_2$")
    ax.set_title(f"{name}: {len(path) - 1} steps", loc="left")
plt.show()

# %%
# Momentum is an average
# ----------------------
# An *exponentially weighted average* of the gradients, :math:`v \leftarrow \beta v + (1 - \beta) g`, forgets old ones
# slowly: with :math:`\beta = 0.9` it averages about ten. Keras's ``SGD(momentum=0.9)`` leaves out the factor :math:`1
# - \beta`, so its steps are ten times as long at the same rate. With a tenth of the rate both are the same.

rate, beta, w, v, path = 0.1, 0.9, np.array([[-2.0], [2.0]]), 0.0, []
for _ in range(40):
    v = beta * v + (1 - beta) * 2 * x.T @ (x @ w - y) / len(x)
    w = w - rate * v
    path.append(w.ravel())
assert np.allclose(path, descend(optimizers.SGD(rate * (1 - beta), momentum=beta), 512, 40)[1:], atol=1e-5)

# %%
# Five optimizers
# ---------------
# The valley is eight times as flat along :math:`w_2`. Plain descent crosses it quickly and crawls along it. Momentum
# gathers speed and overshoots. Adagrad, RMSprop and Adam divide each weight's gradient by the size of its past
# gradients, so they head for the minimum in both directions at once. Adam's default rate is 0.001 in Keras and
# netlet; one note says 0.01.

assert abs(float(optimizers.Adam().learning_rate) - 0.001) < 1e-9
runs = {
    "SGD": optimizers.SGD(0.05),
    "SGD with momentum": optimizers.SGD(0.05, momentum=0.9),
    "Adagrad": optimizers.Adagrad(0.6),
    "RMSprop": optimizers.RMSprop(0.1),
    "Adam": optimizers.Adam(0.2),
}
paths = {name: descend(optimizer, 512, 60) for name, optimizer in runs.items()}
lowest = cost(*np.linalg.lstsq(x, y, rcond=None)[0].ravel())
assert all(cost(*paths[name][-1]) < cost(*paths["SGD"][-1]) for name in runs if name != "SGD")

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
plots.cost_surface(cost, (-2.6, 3.4), (-3, 3), ax=left)
for (name, path), (colour, style) in zip(
    paths.items(), [("k", "-"), ("#d55e00", "--"), ("#e69f00", "-."), ("#cc79a7", ":"), ("#009e73", "-")]
):
    left.plot(*path.T, style, color=colour, linewidth=2, label=name)
    right.semilogy([cost(*step) - lowest + 1e-9 for step in path], style, color=colour, linewidth=2, label=name)
left.set(xlabel="$w_1$", ylabel="$w_2$")
left.set_title("Paths of 60 steps", loc="left")
right.set(xlabel="step", ylabel="cost above its minimum")
right.legend(frameon=False)
plt.show()

# %%
# **Try:** multiply the second column of ``x`` by 3. The valley becomes round, and plain descent is as good as any.
