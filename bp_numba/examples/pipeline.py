"""Breast cancer with scikit-learn around: pipeline, cross-validation and grid search in threads.

    python -m bp_numba.examples.pipeline --plot pipeline.png

The kernels hold no interpreter lock, so threads train at the same time, without processes.
"""

import pickle
import sys
from pathlib import Path
from typing import Any

from bp_numba import LossCurveDisplay
from bp_numba.examples.script import run

GRID = {
    "mlpclassifier__hidden_layer_sizes": [(10,), (50,)],
    "mlpclassifier__alpha": [1e-4, 1.0],  # the L2 penalty, as in scikit-learn
}


def main(seed: int = 0, plot: Path | None = None, save: Path | None = None) -> None:
    """Choose sizes and penalty by cross-validation, print the accuracy, draw scores and losses."""
    from joblib import parallel_config
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from bp_numba import MLPClassifier  # which imports scikit-learn

    X, y = load_breast_cancer(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=seed)
    # The scaler is in the pipeline: each fold is scaled by what it is trained on.
    model = make_pipeline(StandardScaler(), MLPClassifier(max_iter=1_000, random_state=seed))
    with parallel_config(backend="threading", n_jobs=-1):
        scores = cross_val_score(model, X, y)
        search = GridSearchCV(model, GRID).fit(X, y)
    best = search.best_estimator_
    if save is not None:
        save.write_bytes(pickle.dumps(best))
    print(f"[INFO] defaults: accuracy={scores.mean():.3f} over {len(scores)} folds")
    for name, accuracy in _scores(search.cv_results_):
        print(f"[INFO] {name}: accuracy={accuracy:.3f}")
    print(f"[INFO] the best of them: test accuracy={best.score(X_test, y_test):.3f}")

    if plot is not None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        names, accuracies = zip(*_scores(search.cv_results_), strict=True)
        left.errorbar(accuracies, names, xerr=search.cv_results_["std_test_score"], fmt="o")
        left.margins(y=0.2)
        left.set(xlabel="Accuracy, mean and deviation over folds", title="Grid search")
        LossCurveDisplay.from_estimator(best[-1], right)
        figure.savefig(plot, dpi=150)


def _scores(results: Any) -> list[tuple[str, float]]:
    """Return what was tried, and the mean of the scores."""
    names = [
        f"{parameters['mlpclassifier__hidden_layer_sizes'][0]} units, "
        f"alpha {parameters['mlpclassifier__alpha']:g}"
        for parameters in results["params"]
    ]
    return list(zip(names, results["mean_test_score"], strict=True))


if __name__ == "__main__":
    sys.exit(run(main, __doc__))
