"""The teaching class in plain NumPy, and what both classes of the package share here."""

import contextlib
import io

import bp_numba


class Network:
    """A network of the package behind the interface of the rivals."""

    kind = bp_numba.ReferenceNetwork

    def __init__(self, layers, weights, alpha):
        self.network = self.kind(layers, alpha=alpha)
        self.network.W = [w.copy() for w in weights]

    def train(self, X, y, epochs):
        """Fit, and print one line: that of the first epoch."""
        self.fit(X, y, epochs, epochs + 1)

    def fit(self, X, y, epochs, display_update):
        """Fit, the output not shown."""
        with contextlib.redirect_stdout(io.StringIO()):
            self.network.fit(X, y, epochs=epochs, displayUpdate=display_update)

    def outcome(self, X):
        """Return the weights."""
        return self.network.W
