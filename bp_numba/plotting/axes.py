"""Where a display draws that is given no axes."""

from typing import Any


def new_axes() -> Any:
    """Return the axes of a new figure of pyplot, which notebooks and `pyplot.show` then show."""
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]
