"""What notebooks show of a network: a fragment of HTML in the colors of its surroundings."""

import html
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bp_numba.runs.state import record_of

WIDTH, HEIGHT = 240, 40
"""Size of the drawing of the losses, in pixels."""


def network_html(nn: Any) -> str:
    """Return a network's layers, number of weights, learning rate, epochs, and losses as HTML."""
    record = record_of(nn)
    history = record.history
    rows = {
        "layers": " → ".join(map(str, nn.layers)) + ", all sigmoid",
        "weights": f"{sum(map(np.size, [] if nn.W is None else nn.W)):,}",
        "alpha": f"{nn.alpha}",
        "epochs": f"{record.epochs_trained:,}",
    }
    if history.losses:
        rows["loss"] = f"{history.losses[-1]:.7f}"
    table = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
        for name, value in rows.items()
    )
    curve = _sparkline(history.epochs, history.losses)
    return f"<div><strong>{html.escape(repr(nn))}</strong><table>{table}</table>{curve}</div>"


def _sparkline(epochs: Sequence[int], losses: Sequence[float]) -> str:
    """Return the logarithm of the losses as SVG; nothing for fewer than two points."""
    points = [
        (epoch, math.log(loss))
        for epoch, loss in zip(epochs, losses, strict=True)
        if 0 < loss < math.inf
    ]
    if len(points) < 2:
        return ""
    step = -(-len(points) // WIDTH)  # more than one point for each pixel would not be seen
    points = points[:-1:step] + points[-1:]
    (left, right), (low, high) = ((min(axis), max(axis)) for axis in zip(*points, strict=True))
    places = " ".join(
        f"{WIDTH * (x - left) / ((right - left) or 1):.1f},"
        f"{HEIGHT * (high - value) / ((high - low) or 1.0):.1f}"
        for x, value in points
    )
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="-2 -2 {WIDTH + 4} {HEIGHT + 4}" '
        f'role="img"><title>loss, log scale</title><polyline points="{places}" fill="none" '
        'stroke="currentColor" stroke-width="1.5"/></svg>'
    )
