"""scikit-learn's MLPClassifier with batches of one: sigmoid units, but the log loss.

One-hot targets make it a multilabel problem, whose outputs are sigmoids, not a softmax.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier


class Network:
    """A classifier with weights of its own: biases are vectors, not units."""

    def __init__(self, layers, weights, alpha):
        self.classifier = MLPClassifier(
            layers[1:-1],
            activation="logistic",
            solver="sgd",
            alpha=0.0,
            batch_size=1,
            learning_rate_init=alpha,
            shuffle=False,
            momentum=0.0,
            nesterovs_momentum=False,
            tol=0.0,
            warm_start=True,
            random_state=0,
        )

    def train(self, X, y, epochs):
        """Run all epochs in one call of `fit`, none of them cut short."""
        self.classifier.set_params(max_iter=epochs, n_iter_no_change=epochs + 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.classifier.fit(X, np.squeeze(y, axis=1) if y.shape[1] == 1 else y)

    def outcome(self, X):
        """Return the outputs for X."""
        outputs = self.classifier.predict_proba(X)
        return [outputs[:, 1:] if len(outputs[0]) == 2 else outputs]
