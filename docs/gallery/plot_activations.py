"""
Activations and their derivatives
=================================

Without an activation between them, two layers are one: a linear function of a linear function is linear. The
activation bends. Its derivative matters as much as its values, because back-propagation multiplies by it at every
layer: where it is close to zero, learning stops.
"""
# Lecture notes: Activations and their derivatives

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import activations, layers, plots

x = np.linspace(-4, 4, 161)
e = np.exp

# %%
# The formulas
# ------------
# Each line below is a formula of the lecture notes and the function of netlet that computes it. Three notes need
# care:
#
# - One writes tanh with a trailing −1. The right formula has none: :math:`(e^x - e^{-x}) / (e^x + e^{-x})`, from −1
#   to 1.
# - ELU is :math:`\alpha (e^x - 1)` for negative :math:`x`, and :math:`x` itself otherwise.
# - Leaky ReLU has the slope 0.01 in the notes. Keras's function has 0.2 and its layer 0.3, so pass
#   ``negative_slope``.


def leaky_relu(x):
    return activations.leaky_relu(x, negative_slope=0.01)


formulas = {
    activations.sigmoid: 1 / (1 + e(-x)),
    activations.tanh: (e(x) - e(-x)) / (e(x) + e(-x)),
    activations.relu: np.maximum(x, 0),
    leaky_relu: np.where(x > 0, x, 0.01 * x),
    activations.elu: np.where(x > 0, x, 1.0 * (e(np.minimum(x, 0)) - 1)),
}
for function, expected in formulas.items():
    assert np.allclose(function(x), expected, atol=1e-6), function
assert activations.tanh(np.array([-20.0, 0.0, 20.0])).numpy().tolist() == [-1.0, 0.0, 1.0]  # no trailing -1

# %%
# PReLU learns its slope
# ----------------------
# ``PReLU`` is a leaky ReLU whose negative slope is a weight. Given data with the slope 0.3, it finds 0.3.

prelu = netlet.Sequential([netlet.Input((1,)), layers.PReLU()])
prelu.compile(netlet.optimizers.Adam(0.05), "mse")
inputs = x[:, None].astype("float32")
prelu.fit(inputs, np.where(inputs > 0, inputs, 0.3 * inputs), epochs=60, verbose=0)
slope = prelu.layers[0].get_weights()[0].item()
assert abs(slope - 0.3) < 0.01

# %%
# Their shapes
# ------------
# In the figure, the dashed lines are the derivatives, which netlet computes. The derivative of the sigmoid is at most
# 0.25 and that of tanh at most 1; both vanish for large inputs (the units *saturate*). ReLU has exactly 1 for
# positive inputs and 0 for negative ones, where a unit can die. Leaky ReLU and ELU keep a small slope there.

figure, axes = plt.subplots(2, 3, figsize=(11, 6), layout="constrained")
for ax, function in zip(axes.flat, formulas):
    plots.activation(function, x=(-4, 4), ax=ax)
plots.activation(prelu.layers[0], x=(-4, 4), ax=axes[1, 2])
axes[1, 2].set_title(f"PReLU, learned slope {slope:.2f}", loc="left", fontweight="bold")
plt.show()

# %%
# Softmax: several outputs at once
# --------------------------------
# Softmax turns any numbers (*logits*) into positive ones that add up to 1: :math:`e^{x_i} / \sum_j e^{x_j}`. It lies
# in 0..1, not in −1..1. Adding a constant to all logits changes nothing; multiplying them by a number above 1
# sharpens the choice.

logits = np.array([2.0, 1.0, -1.0, 0.5])
figure, axes = plt.subplots(1, 3, figsize=(11, 3), layout="constrained", sharey=True)
for ax, (title, values) in zip(axes, {"x": logits, "x + 5": logits + 5, "3x": 3 * logits}.items()):
    p = activations.softmax(values[None])[0].numpy()
    assert np.allclose(p, e(values) / e(values).sum(), atol=1e-6)
    assert p.min() > 0 and p.max() < 1 and abs(p.sum() - 1) < 1e-6
    bars = ax.bar([f"{v:g}" for v in values], p)
    ax.bar_label(bars, fmt="%.2f")
    ax.set(xlabel="logit", title=f"softmax({title})", ylim=(0, 1.1))
axes[0].set_ylabel("probability")
plt.show()

# %%
# **Try:** plot ``"gelu"`` and ``"silu"``, which transformers use, with ``plots.activation("relu", "gelu", "silu")``.
