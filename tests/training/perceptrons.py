"""Mini-batch training in NumPy, written down from the formulas: what kernels are compared with."""

import numpy as np

HIDDEN = {
    "identity": (lambda z: z, lambda a: np.ones_like(a)),
    "logistic": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0) * 1.0),
}


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def xlogy(x, y):
    return np.where(x == 0, 0, x * np.log(np.where(x == 0, 1, y)))


OUTPUT = {
    "identity": (lambda z: z, lambda y, a, _: 0.5 * ((a - y) ** 2).mean(axis=1)),
    "logistic": (
        lambda z: 1 / (1 + np.exp(-z)),
        lambda y, _, p: -(xlogy(y, p) + xlogy(1 - y, 1 - p)).sum(axis=1),
    ),
    "softmax": (softmax, lambda y, _, p: -xlogy(y, p).sum(axis=1)),
    "exp": (np.exp, lambda y, a, _: (xlogy(y, y / a) - y + a).sum(axis=1)),
}


def forward(parts, X, variant):
    """Return the activations of all layers."""
    layers = len(parts) // 2
    a = [X]
    for l in range(layers):
        z = a[-1] @ parts[l] + parts[layers + l]
        a.append((HIDDEN[variant.hidden] if l < layers - 1 else OUTPUT[variant.output])[0](z))
    return a


def loss(parts, X, y, weights, total, penalty, variant):
    """Return the loss of samples of some total weight with the L2 penalty, as scikit-learn's."""
    a = forward(parts, X, variant)
    squares = sum((w**2).sum() for w in parts[: len(parts) // 2])
    eps = np.finfo(variant.dtype).eps
    losses = OUTPUT[variant.output][1](y, a[-1], np.clip(a[-1], eps, 1 - eps))
    return (weights @ losses + penalty / 2 * squares) / total


def gradient(parts, X, y, weights, total, penalty, variant):
    """Return the gradient of all parts; of the sum over outputs, where the loss is their mean."""
    layers = len(parts) // 2
    a = forward(parts, X, variant)
    delta, result = (a[-1] - y) * weights[:, np.newaxis], [None] * (2 * layers)
    for l in range(layers - 1, -1, -1):
        result[l] = (a[l].T @ delta + penalty * parts[l]) / total
        result[layers + l] = delta.sum(axis=0) / total
        if l:
            delta = (delta @ parts[l].T) * HIDDEN[variant.hidden][1](a[l])
    return result


def step(optimizer, moments, g, rate, settings):
    """Return the changes of all parts, and update the optimizer's moments."""
    if optimizer == "plain":
        return [-rate * g_p for g_p in g]
    if optimizer == "adam":
        m, s = moments
        for p, g_p in enumerate(g):
            m[p] = settings.beta_1 * m[p] + (1 - settings.beta_1) * g_p
            s[p] = settings.beta_2 * s[p] + (1 - settings.beta_2) * g_p**2
        eps = settings.epsilon
        return [-rate * m_p / (np.sqrt(s_p) + eps) for m_p, s_p in zip(m, s, strict=True)]
    (velocity,), momentum = moments, settings.momentum
    for p, g_p in enumerate(g):
        velocity[p] = momentum * velocity[p] - rate * g_p
    if optimizer == "momentum":
        return list(velocity)
    return [momentum * v_p - rate * g_p for v_p, g_p in zip(velocity, g, strict=True)]


def epoch(variant, parts, moments, data, order, size, rates, settings):
    """Train one epoch in place, and return the mean over samples of their batches' losses."""
    X, y, weights = data
    losses = 0.0
    for number, start in enumerate(range(0, len(order), size)):
        rows = order[start : start + size]
        total = weights[rows].sum() if size > 1 else settings.mean_weight
        batch = X[rows], y[rows], weights[rows], total, settings.penalty, variant
        losses += loss(parts, *batch) * len(rows)
        g = gradient(parts, *batch)
        changes = step(variant.optimizer, moments, g, rates[number], settings)
        for part, change in zip(parts, changes, strict=True):
            part += change
    return losses / len(order)
