"""ConfusionMatrix, against scikit-learn where that is installed, and in `fit`."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import callbacks, layers, metrics, plots


def scores(labels, classes, rng):
    """Scores whose largest is at the label, for about half of them."""
    x = rng.random((*labels.shape, classes)).astype("float32")
    hit = rng.random(labels.shape) < 0.5
    x[hit] += 2 * np.eye(classes, dtype="float32")[labels[hit]]
    return x


@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(40,), (7, 3)], ids=str)
def test_the_matrix_of_scikit_learn(shape, weighted, normalize):
    confusion_matrix = pytest.importorskip("sklearn.metrics").confusion_matrix
    rng = np.random.default_rng(2)
    m = metrics.ConfusionMatrix(5, normalize=normalize)
    seen = []
    for _ in range(3):
        labels = rng.integers(0, 4, shape)  # class 4 does not occur
        x = scores(labels, 5, rng)
        w = rng.random(shape) if weighted else None
        m.update_state(labels, x, sample_weight=w)
        seen.append((labels.ravel(), x.argmax(-1).ravel(), np.ones(labels.size) if w is None else w.ravel()))
    t, p, w = map(np.concatenate, zip(*seen, strict=True))
    expected = confusion_matrix(t, p, labels=range(5), sample_weight=w, normalize=normalize)
    np.testing.assert_allclose(m.result(), expected, rtol=1e-12)
    m.reset_state()
    assert not np.asarray(m.result()).any()


def test_forms_of_targets_and_predictions():
    labels, x = np.array([0, 2, 1, 1]), np.eye(3, dtype="float32")[[0, 1, 1, 2]]
    expected = [[1, 0, 0], [0, 1, 1], [0, 1, 0]]
    for t in (labels, labels[:, None], labels.astype("float32"), np.eye(3)[labels]):
        for p in (x, x.argmax(-1)):
            assert metrics.ConfusionMatrix(3)(t, p).tolist() == expected
    m = metrics.ConfusionMatrix(2)
    assert m([[0], [1], [1]], [[0.2], [0.5], [0.6]]).tolist() == [[1, 0], [1, 1]]
    m.reset_state()
    assert m([0, 1, 1], [[0.2], [0.5], [0.6]], sample_weight=[1, 2, 3]).tolist() == [[1, 0], [2, 3]]


def test_classes_beyond_the_last_are_named():
    m = metrics.ConfusionMatrix(3, name="cm")
    m.update_state([0, 5, 1, -1], np.eye(3)[[0, 1, 1, 2]])
    with pytest.raises(ValueError, match=r"'cm': expected classes 0 to 2, received 2 labels .* the first is 5"):
        m.result()
    m.reset_state()
    m.update_state([0, 1], [0, 1])
    np.testing.assert_array_equal(m.result(), np.diag([1, 1, 0]))


def test_what_does_not_fit_is_told():
    m = metrics.ConfusionMatrix(3, name="cm")
    with pytest.raises(
        ValueError, match=r"'cm': expected y_pred with scores of 3 classes .* float32 of shape \(2, 4\)"
    ):
        m.update_state([0, 1], np.zeros((2, 4), "float32"))
    with pytest.raises(ValueError, match=r"y_true of shape \(2,\), or one-hot \(2, 3\), received \(3,\)"):
        m.update_state([0, 1, 2], np.zeros((2, 3), "float32"))
    with pytest.raises(ValueError, match=r"sample_weight .* \(2,\), received shape \(3,\)"):
        m.update_state([0, 1], np.zeros((2, 3), "float32"), sample_weight=np.ones(3))
    with pytest.raises(ValueError, match="3 class_names, received 2: "):
        metrics.ConfusionMatrix(3, class_names=["a", "b"])
    with pytest.raises(ValueError, match=r"normalize None or one of .* received 'rows'"):
        metrics.ConfusionMatrix(3, normalize="rows")
    with pytest.raises(ValueError, match="num_classes of at least 1"):
        metrics.ConfusionMatrix(0)


def test_the_config():
    m = metrics.ConfusionMatrix(2, normalize="pred", class_names=("cat", "dog"))
    again = metrics.deserialize(metrics.serialize(m))
    assert again.get_config() == m.get_config()
    assert again.class_names == ["cat", "dog"]
    assert isinstance(metrics.deserialize({"class_name": "ConfusionMatrix", "config": {"num_classes": 2}}), type(m))


@pytest.mark.parametrize("eager", [False, True])
def test_in_fit(tmp_path, capsys, eager):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 50)
    x = scores(y, 3, rng)
    model = netlet.Sequential([netlet.Input((3,)), layers.Dense(3, "softmax")])
    matrix = metrics.ConfusionMatrix(3)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy", matrix], run_eagerly=eager)
    log = callbacks.CSVLogger(tmp_path / "log.csv")
    history = model.fit(x, y, epochs=2, batch_size=16, validation_data=(x, y), callbacks=[log]).history
    last = history["val_confusion_matrix"][-1]
    assert last.shape == (3, 3) and last.sum() == 50
    predicted = model.predict(x, verbose=0).argmax(-1)
    np.testing.assert_array_equal(last, plots.confusion_counts(y, predicted, 3))
    assert last.trace() / 50 == pytest.approx(history["val_accuracy"][-1])
    results = model.evaluate(x, y, return_dict=True)
    np.testing.assert_array_equal(results["confusion_matrix"], last)
    assert "confusion" not in capsys.readouterr().out
    header = (tmp_path / "log.csv").read_text().splitlines()[0]
    assert header == "epoch,accuracy,loss,val_accuracy,val_loss"
