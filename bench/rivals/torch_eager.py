"""PyTorch as one writes it: autograd and torch.optim.SGD, eager, float64, one thread."""

import numpy as np
import torch

torch.set_num_threads(1)


class Network:
    """Weights as parameters of an optimiser."""

    def __init__(self, layers, weights, alpha):
        self.weights = [torch.nn.Parameter(torch.tensor(w)) for w in weights]
        self.optimiser = torch.optim.SGD(self.weights, lr=alpha)

    def train(self, X, y, epochs):
        """Make one step of the optimiser per row."""
        X = torch.from_numpy(np.c_[X, np.ones(len(X))])
        y = torch.from_numpy(np.asarray(y, dtype=np.float64))
        for _ in range(epochs):
            for x, target in zip(X, y, strict=True):
                activation = x
                for w in self.weights:
                    activation = torch.sigmoid(activation @ w)
                self.optimiser.zero_grad()
                (0.5 * (activation - target).square().sum()).backward()
                self.optimiser.step()

    def outcome(self, X):
        """Return the weights."""
        return [w.detach().numpy() for w in self.weights]
