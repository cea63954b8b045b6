"""Many networks from one file."""

import os

from bp_numba.network import NeuralNetwork
from bp_numba.runs.many_files import load_states
from bp_numba.runs.stateful import network_in


def load_many(path: str | os.PathLike[str]) -> list[NeuralNetwork]:
    """Return the networks that `save_many`, or the checkpoint of `fit_many`, wrote.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    list of NeuralNetwork
        In the order in which they were saved, with the same weights, bit for bit.

    Raises
    ------
    ModelFormatError
        If the file holds no list of networks, or is damaged or of a later format. A `ValueError`;
        nothing in a file is ever run.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import os, tempfile
    >>> from bp_numba import NeuralNetwork, load_many, save_many
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_many(os.path.join(folder, "all.npz"), [NeuralNetwork([2, 3, 1])] * 2)
    ...     load_many(os.path.join(folder, "all.npz"))
    [NeuralNetwork: 2-3-1, NeuralNetwork: 2-3-1]
    """
    return [network_in(state, NeuralNetwork) for state in load_states(path)]
