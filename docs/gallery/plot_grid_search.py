"""
Hyper-parameter search with scikit-learn
========================================

The number of units, the learning rate and the penalty are not learned; they must be tried. scikit-learn's
``GridSearchCV`` trains a model for each combination and each fold of a *k-fold* cross-validation: the data are cut
into k parts, and each part is once the validation data of a model trained on the others. netlet's wrappers make any
model an estimator for it.
"""

# Lecture notes: Hyper-parameter search

# %%
# A model as an estimator
# -----------------------
# The function gets the data and the arguments to search over; it returns a compiled model.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import netlet
from netlet import layers
from netlet.wrappers import SKLearnClassifier

x, y = load_breast_cancer(return_X_y=True)
x, x_test, y, y_test = train_test_split(x.astype("float32"), y, test_size=0.3, stratify=y, random_state=0)


def network(X, y, units=16, rate=1e-2):
    model = netlet.Sequential(
        [netlet.Input((X.shape[1],)), layers.Dense(units, "relu"), layers.Dense(y.shape[1], "softmax")]
    )
    model.compile(netlet.optimizers.SGD(rate, momentum=0.9), "categorical_crossentropy")
    return model


# %%
# The scaler belongs in the pipeline: each fold computes mean and spread from its own training part. Scaled before
# the split, the validation data would have a share in their own preparation.

estimator = SKLearnClassifier(network, fit_kwargs={"epochs": 15, "verbose": 0}, random_state=0)
pipeline = make_pipeline(StandardScaler(), estimator)
units, rates = (1, 2, 4, 16), (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
grid = {"sklearnclassifier__model_kwargs": [{"units": u, "rate": r} for u in units for r in rates]}
folds = StratifiedKFold(5, shuffle=True, random_state=0)
search = GridSearchCV(pipeline, grid, cv=folds).fit(x, y)
print(f"{len(search.cv_results_['params'])} combinations × {folds.get_n_splits()} folds")
print("best:", search.best_params_, f"validation accuracy {search.best_score_:.3f}")

# %%
# The whole grid
# --------------
# Look at the whole table and not only at the winner: a good value beside bad ones may be luck, a broad plateau is not.

means = search.cv_results_["mean_test_score"].reshape(len(units), len(rates))
spreads = search.cv_results_["std_test_score"].reshape(len(units), len(rates))
figure, table = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
table.imshow(means, cmap="Blues", vmin=means.min() - 0.1, aspect="auto")
for (i, j), mean in np.ndenumerate(means):
    text = f"{mean:.3f}\n±{spreads[i, j]:.3f}"
    table.text(j, i, text, ha="center", va="center", fontsize=9, color="w" if mean > 0.85 else "k")
table.set_xticks(range(len(rates)), rates)
table.set_yticks(range(len(units)), units)
table.set(xlabel="learning rate", ylabel="hidden units", title="Mean and spread over five folds")
plt.show()

# %%
# Is the network worth it?
# ------------------------
# The winner's validation score is a little too good, because it was chosen for it. So the test data decide, and a
# simple model is the measure: logistic regression, on the same folds.

linear = make_pipeline(StandardScaler(), LogisticRegression())
linear_folds = cross_val_score(linear, x, y, cv=folds)
best_folds = [search.cv_results_[f"split{k}_test_score"][search.best_index_] for k in range(5)]
figure, ax = plt.subplots(figsize=(6.5, 2.8), layout="constrained")
for at, (scores, colour, name) in enumerate(
    ((best_folds, "#2f6fb5", "network, best of the grid"), (linear_folds, "#d9730d", "logistic regression"))
):
    ax.plot(scores, [at] * 5, "o", color=colour, alpha=0.6, markersize=9)
    ax.plot(np.mean(scores), at, "|", color="k", markersize=24)
    ax.text(np.mean(scores), at + 0.25, f"{name}: {np.mean(scores):.3f}", ha="center")
ax.set(xlabel="accuracy of a fold", ylim=(-0.6, 1.7), yticks=[], title="Five folds each")
score, linear_score = search.score(x_test, y_test), linear.fit(x, y).score(x_test, y_test)
plt.show()
print(f"test accuracy: network {score:.3f}, logistic regression {linear_score:.3f}")

# %%
# On these data the linear model is as good: the classes are nearly linearly separable. That is worth knowing before a
# larger search.
#
# *Try:* ``RandomizedSearchCV`` with ten draws instead of all twenty combinations.

assert search.best_score_ > 0.96 and score > 0.94
assert means.max() - means.min() > 0.1  # the choice matters
