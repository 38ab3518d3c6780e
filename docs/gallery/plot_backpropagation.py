"""
Back-propagation by hand
========================

Back-propagation is the chain rule, applied from the cost back to the weights. A chain of two neurons is small enough
to write every factor down, and to see that ``GradientTape`` computes the same numbers.
"""
# Lecture notes: Backpropagation, chain rule

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import layers, ops

# %%
# Forward
# -------
# Each neuron computes :math:`z = wa + b` from the activation :math:`a` before it, and passes on :math:`\sigma(z)`.
# The cost of one example with the target :math:`y` is :math:`C = (a_2 - y)^2`.


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


x, y = 0.8, 1.0
w1, b1, w2, b2 = 1.5, -0.5, -2.0, 0.3
z1 = w1 * x + b1
a1 = sigmoid(z1)
z2 = w2 * a1 + b2
a2 = sigmoid(z2)
cost = (a2 - y) ** 2

# %%
# Backward
# --------
# How does the cost change with :math:`w_2`? The weight changes :math:`z_2` by :math:`a_1`, which changes :math:`a_2`
# by :math:`\sigma'(z_2)`, which changes the cost by :math:`2(a_2 - y)`. The product of the three is
#
# .. math:: \frac{\partial C}{\partial w_2} = a_1 \cdot \sigma'(z_2) \cdot 2(a_2 - y).
#
# For the bias the first factor is 1. For the neuron before, it is :math:`w_2`, and the chain goes on: every layer
# multiplies by one weight and one slope.

d_a2 = 2 * (a2 - y)
d_z2 = d_a2 * a2 * (1 - a2)  # the slope of the sigmoid is a (1 - a)
d_w2, d_b2 = a1 * d_z2, d_z2
d_a1 = w2 * d_z2
d_z1 = d_a1 * a1 * (1 - a1)
d_w1, d_b1 = x * d_z1, d_z1
by_hand = np.array([d_w1, d_b1, d_w2, d_b2])

# %%
# The tape
# --------
# The same chain as a model, in float64. ``GradientTape`` records the operations of the forward pass and goes through
# them backwards. It agrees to 1e-12.

model = netlet.Sequential(
    [
        netlet.Input((1,), dtype="float64"),
        layers.Dense(1, activation="sigmoid", dtype="float64"),
        layers.Dense(1, activation="sigmoid", dtype="float64"),
    ]
)
model.set_weights([np.array([[w1]]), np.array([b1]), np.array([[w2]]), np.array([b2])])
with netlet.GradientTape() as tape:
    loss = ops.sum((model(np.array([[x]])) - y) ** 2)
gradients = np.array([g.numpy().item() for g in tape.gradient(loss, model.trainable_variables)])
for name, hand, taped in zip(["w1", "b1", "w2", "b2"], by_hand, gradients):
    print(f"dC/d{name}: by hand {hand:+.12f}, by the tape {taped:+.12f}")
assert np.abs(by_hand - gradients).max() < 1e-12

# %%
# In the figure, values go from left to right, and derivatives of the cost from right to left. Below: the derivative
# is the slope of the cost at the present weight. A step against it goes downhill.

figure, (chain, curve) = plt.subplots(2, 1, figsize=(9, 6.5), layout="constrained")
names, values = ["x", "$z_1$", "$a_1$", "$z_2$", "$a_2$", "C"], [x, z1, a1, z2, a2, cost]
derivatives = [w1 * d_z1, d_z1, d_a1, d_z2, d_a2, 1]
weights = [f"$w_1$ = {w1:g}, $b_1$ = {b1:g}", f"$w_2$ = {w2:g}, $b_2$ = {b2:g}"]
steps = [weights[0], r"$\sigma$", weights[1], r"$\sigma$", r"$(a_2 - y)^2$"]
circle = {"boxstyle": "circle,pad=0.5", "facecolor": "white", "edgecolor": "0.4"}
for i, (name, value, derivative) in enumerate(zip(names, values, derivatives)):
    chain.text(i, 0, name, ha="center", va="center", fontsize=14, bbox=circle)
    chain.text(i, 0.42, f"{value:.3f}", ha="center", color="C0", fontsize=11)
    chain.text(i, -0.52, f"{derivative:+.3f}", ha="center", color="C1", fontsize=11)
for i, text in enumerate(steps):
    chain.annotate("", (i + 0.75, 0.1), (i + 0.25, 0.1), arrowprops={"arrowstyle": "->", "color": "C0"})
    chain.annotate("", (i + 0.25, -0.1), (i + 0.75, -0.1), arrowprops={"arrowstyle": "->", "color": "C1"})
    chain.text(i + 0.5, 0.68, text, ha="center", fontsize=10)
chain.text(-0.4, 0.95, "forward: values", color="C0", fontsize=12)
of_weights = rf"$\partial C / \partial w_2$ = {d_w2:+.3f},  $\partial C / \partial w_1$ = {d_w1:+.3f}"
chain.text(-0.4, -0.85, rf"backward: $\partial C / \partial$ of each value;  {of_weights}", color="C1", fontsize=12)
chain.set(xlim=(-0.5, 5.5), ylim=(-1, 1.1))
chain.axis("off")
w = np.linspace(-4, 3, 200)
curve.plot(w, (sigmoid(w * a1 + b2) - y) ** 2, label=r"cost over $w_2$")
near = np.array([w2 - 1.3, w2 + 1.3])
curve.plot(near, cost + d_w2 * (near - w2), "--", label=f"slope {d_w2:.3f}")
curve.plot(w2, cost, "ko", markersize=5)
curve.set(xlabel="$w_2$", ylabel="C")
curve.legend(frameon=False)
plt.show()

# %%
# **Try:** ``b2 = 8``. The neuron saturates, :math:`\sigma'(z_2)` is almost 0, and all four derivatives vanish with
# it.
