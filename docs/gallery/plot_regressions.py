"""
Multiple, polynomial, logistic and softmax regression
=====================================================

Four classical models are one layer each. Several input columns give multiple regression, powers of one column give
polynomial regression, a sigmoid gives logistic and a softmax gives softmax regression. Trained to the end, the layer
reaches scikit-learn's solution.
"""
# Lecture notes: Multiple, polynomial, logistic, softmax regression

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

import netlet
from netlet import layers, optimizers, plots, regularizers

netlet.utils.set_random_seed(0)


def train(x, y, units, activation, loss, l2=0.0):
    """One layer, trained with the whole data in each step until it stands still."""
    layer = layers.Dense(units, activation, kernel_regularizer=regularizers.L2(l2) if l2 else None)
    model = netlet.Sequential([netlet.Input((x.shape[1],)), layer])
    model.compile(optimizers.Adam(optimizers.schedules.CosineDecay(0.2, 3000)), loss)
    model.fit(x, y, batch_size=len(x), epochs=3000, verbose=0)
    return model


# %%
# Multiple regression: ten columns
# --------------------------------
# The diabetes data have ten measurements of 442 patients. The weights of the layer are the coefficients.

x, y = load_diabetes(return_X_y=True)
x, y = StandardScaler().fit_transform(x), (y - y.mean()) / y.std()
ours, theirs = train(x, y, 1, None, "mse"), LinearRegression().fit(x, y)
assert np.allclose(ours.predict(x, verbose=0).ravel(), theirs.predict(x), atol=5e-3)

# %%
# Polynomial regression: powers of one column
# -------------------------------------------
# The model stays linear in its weights: :math:`1, x, x^2, x^3` are four columns. Scaling them matters, because
# :math:`x^3` grows much faster than :math:`x`.

rng = np.random.default_rng(0)
u = np.sort(rng.uniform(-2, 2, 80))
v = u**3 - 2 * u + rng.normal(0, 0.8, 80)
powers = StandardScaler().fit_transform(PolynomialFeatures(3, include_bias=False).fit_transform(u[:, None]))
curve = train(powers, v, 1, None, "mse").predict(powers, verbose=0).ravel()
curve_of_sklearn = LinearRegression().fit(powers, v).predict(powers)
assert np.allclose(curve, curve_of_sklearn, atol=5e-3)

# %%
# Logistic regression: two classes
# --------------------------------
# scikit-learn minimises :math:`C \sum \text{loss} + \frac12 \lVert w \rVert^2`. Divided by :math:`Cn`, this is the
# mean loss plus an L2 penalty of :math:`1 / 2Cn`. Without the penalty the weights of separable classes grow for ever.

cancer, malignant = load_breast_cancer(return_X_y=True)
cancer = StandardScaler().fit_transform(cancer)
penalty = 1 / (2 * len(cancer))  # C = 1, scikit-learn's default
p = train(cancer, malignant, 1, "sigmoid", "binary_crossentropy", penalty).predict(cancer, verbose=0).ravel()
p_of_sklearn = LogisticRegression(tol=1e-8, max_iter=1000).fit(cancer, malignant).predict_proba(cancer)[:, 1]
assert np.allclose(p, p_of_sklearn, atol=5e-3)

# %%
# Softmax regression: three classes
# ---------------------------------
# One unit for each class; softmax makes the outputs positive with sum 1. The borders between classes are straight.

iris = load_iris()
petals = StandardScaler().fit_transform(iris.data[:, 2:])
softmax = train(petals, iris.target, 3, "softmax", "sparse_categorical_crossentropy", 1 / (2 * len(petals)))
q = softmax.predict(petals, verbose=0)
q_of_sklearn = LogisticRegression(tol=1e-8, max_iter=1000).fit(petals, iris.target).predict_proba(petals)
assert np.allclose(q, q_of_sklearn, atol=5e-3)

# %%
# The figure
# ----------
# Top left: each dot is a patient, and all lie on the diagonal, so both libraries predict the same number. Top right:
# the two curves are one. Bottom left: the same for probabilities. Bottom right: the three regions of softmax
# regression.

figure, ((a, b), (c, d)) = plt.subplots(2, 2, figsize=(10, 8), layout="constrained")
for ax, mine, other, title in [
    (a, ours.predict(x, verbose=0).ravel(), theirs.predict(x), "Multiple: diabetes"),
    (c, p, p_of_sklearn, "Logistic: breast cancer"),
]:
    ax.axline((0, 0), slope=1, color="0.8", zorder=0)
    ax.plot(other, mine, ".", markersize=5)
    ax.set(xlabel="prediction of scikit-learn", ylabel="prediction of netlet")
    ax.set_title(title, loc="left")
b.plot(u, v, ".", color="0.6", label="data")
b.plot(u, curve_of_sklearn, linewidth=5, alpha=0.4, label="scikit-learn")
b.plot(u, curve, "k--", linewidth=1.2, label="netlet")
b.set(xlabel="x", ylabel="y")
b.set_title("Polynomial: degree 3", loc="left")
b.legend(frameon=False)
plots.decision_boundary(softmax, petals, iris.target, ax=d)
d.set(xlabel="petal length (scaled)", ylabel="petal width (scaled)")
d.set_title("Softmax: three kinds of iris", loc="left")
plt.show()

# %%
# **Try:** degree 15 instead of 3. The curve bends through single points at its ends: it overfits.
