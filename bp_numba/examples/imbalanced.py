"""A rare class: one sample in twenty, found more often with weights of classes.

    python -m bp_numba.examples.imbalanced --plot imbalanced.png

Whoever says "common" to everything is right 19 times in 20: accuracy tells little here.
"""

import pickle
import sys
from pathlib import Path
from typing import Any

from bp_numba import LossCurveDisplay
from bp_numba.examples.script import run


def main(seed: int = 0, plot: Path | None = None, save: Path | None = None) -> None:
    """Train without weights and with balanced ones, print what they find, draw it."""
    from sklearn.datasets import make_classification
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    from bp_numba import MLPClassifier  # which imports scikit-learn

    X, y = make_classification(10_000, n_informative=4, weights=[0.95], random_state=seed)
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=seed)
    scaler = StandardScaler().fit(X)
    X, X_test = scaler.transform(X), scaler.transform(X_test)

    models = [
        MLPClassifier((16,), class_weight=weight, max_iter=500, tol=1e-3, random_state=seed)
        for weight in (None, "balanced")
    ]
    for model in models:
        model.fit(X, y)
    if save is not None:
        save.write_bytes(pickle.dumps(models[-1]))
    for model in models:
        _report(model.class_weight, model.predict(X_test), y_test)

    if plot is not None:
        from matplotlib.figure import Figure
        from sklearn.metrics import ConfusionMatrixDisplay

        figure = Figure(figsize=(12, 4), layout="constrained")
        *axes, right = figure.subplots(1, 3)
        for model, ax in zip(models, axes, strict=True):
            predicted, labels = model.predict(X_test), ["common", "rare"]
            ConfusionMatrixDisplay.from_predictions(
                y_test, predicted, normalize="true", display_labels=labels, ax=ax, colorbar=False
            )
            ax.set_title(f"class_weight={model.class_weight!r}")
            LossCurveDisplay.from_estimator(model, right, name=f"{model.class_weight}")
        right.set_title("Training losses, weighted")
        figure.savefig(plot, dpi=150)


def _report(class_weight: Any, predicted: Any, y_test: Any) -> None:
    from sklearn.metrics import accuracy_score, balanced_accuracy_score, recall_score

    found, rare = predicted[y_test == 1].sum(), y_test.sum()
    print(f"[INFO] class_weight={class_weight!r}: {found} of {rare} rare samples found")
    print(f"[INFO]   recall of the rare class={recall_score(y_test, predicted):.3f}")
    print(f"[INFO]   balanced accuracy={balanced_accuracy_score(y_test, predicted):.3f}")
    print(f"[INFO]   accuracy={accuracy_score(y_test, predicted):.3f}")


if __name__ == "__main__":
    sys.exit(run(main, __doc__))
