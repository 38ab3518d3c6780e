"""
Metrics: accuracy is not enough
===============================

If 1 % of the patients are ill, the answer "healthy" is right for 99 %. Precision, recall and the ROC curve look at
the two kinds of mistakes apart. You compute them with netlet, and compare a network with five models of scikit-learn.
"""
# Lecture notes: Metrics

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_score, recall_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import netlet
from netlet import layers, metrics, plots
from netlet.wrappers import SKLearnClassifier

# %%
# Tumours, with few measurements
# ------------------------------
# The label is 1 for a malignant tumour: the class you want to *find* is the positive one. With all thirty columns
# every model is almost perfect, so here the models see four weak ones.

netlet.utils.set_random_seed(0)
data = load_breast_cancer(as_frame=True)
x = data.data[["mean texture", "mean smoothness", "mean symmetry", "mean fractal dimension"]].to_numpy()
y = 1 - data.target.to_numpy()
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.5, random_state=0, stratify=y)


def network(X, y):
    model = netlet.Sequential(
        [netlet.Input((X.shape[1],)), layers.Dense(16, activation="relu"), layers.Dense(2, activation="softmax")]
    )
    model.compile("adam", "categorical_crossentropy")
    return model


# %%
# Six models, one interface
# -------------------------
# ``SKLearnClassifier`` makes the network an estimator like the others. The score is the probability of class 1, or
# for the SVM the distance from its border: a ROC curve needs the order of the scores only.

models = {
    "netlet network": SKLearnClassifier(network, fit_kwargs={"epochs": 150, "verbose": 0}),
    "logistic regression": LogisticRegression(),
    "SVM": SVC(random_state=0),
    "random forest": RandomForestClassifier(random_state=0),
    "naive Bayes": GaussianNB(),
    "decision tree": DecisionTreeClassifier(max_depth=4, random_state=0),
}
scores = {}
for name, model in models.items():
    pipeline = make_pipeline(StandardScaler(), model).fit(x_train, y_train)
    is_svm = name == "SVM"
    scores[name] = pipeline.decision_function(x_test) if is_svm else pipeline.predict_proba(x_test)[:, 1]

# %%
# Counts and ratios
# -----------------
# The confusion matrix counts the four cases. *Precision*: of those called malignant, how many are? *Recall*: of the
# malignant ones, how many were called so? A lower threshold finds more tumours (recall) at the price of more false
# alarms (precision).

ours = scores["netlet network"]
for threshold in (0.5, 0.3):
    precision, recall = metrics.Precision(threshold, name="precision"), metrics.Recall(threshold, name="recall")
    accuracy = metrics.BinaryAccuracy("accuracy", threshold=threshold)
    for metric in (precision, recall, accuracy):
        metric.update_state(y_test, ours)
    print(f"threshold {threshold}:", *(f"{m.name} {float(m.result()):.3f}" for m in (accuracy, precision, recall)))
    assert np.isclose(float(precision.result()), precision_score(y_test, ours > threshold))
    assert np.isclose(float(recall.result()), recall_score(y_test, ours > threshold))

# %%
# The area under the ROC curve
# ----------------------------
# The ROC curve goes through all thresholds. Its area, the AUC, is the probability that a random malignant case gets a
# higher score than a random benign one: 0.5 is guessing, 1 is perfect. ``metrics.AUC`` counts at fixed thresholds, so
# that it needs no memory for the scores; with a threshold between any two scores it is exact and equals
# scikit-learn's number.

values = np.unique(ours.astype("float32"))
exact = metrics.AUC(thresholds=(values[1:] + values[:-1]) / 2)
quick = metrics.AUC()
for metric in (exact, quick):
    metric.update_state(y_test, ours)
auc = roc_auc_score(y_test, ours)
print(
    f"AUC: scikit-learn {auc:.6f}, netlet {float(exact.result()):.6f}, with 200 thresholds {float(quick.result()):.4f}"
)
assert abs(float(exact.result()) - auc) < 1e-6 and abs(float(quick.result()) - auc) < 5e-3

# %%
# Compare the curves where you would work: if hardly any tumour may be missed, look at the top of the figure.

figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.8), layout="constrained", width_ratios=[1, 1.2])
counts = plots.confusion_counts(y_test, ours > 0.5)
plots.confusion_matrix(counts, ["benign", "malignant"], ax=left, title="The network at threshold 0.5")
plots.roc(y_test, scores, ax=right)
plt.show()

# %%
# **Try:** all thirty columns (``x = data.data.to_numpy()``). The curves move into the corner.
