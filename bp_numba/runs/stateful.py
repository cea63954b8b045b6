"""What a network remembers beside its weights, and how it is copied, saved and loaded."""

import copy
import os
from typing import Any, Self

from bp_numba.runs.history import History
from bp_numba.runs.state import COPIED, set_initial_values


class Stateful:
    """A network with a history, which can be copied and kept in files; see `state.State`.

    Attributes
    ----------
    losses, history, epochs_trained, metadata
        As `NeuralNetwork` describes them.
    """

    losses: list[float]
    history: History
    epochs_trained: int
    metadata: dict[str, Any]

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Return a network that was never trained, whatever a subclass's constructor does."""
        network = super().__new__(cls)
        set_initial_values(network)
        return network

    def __copy__(self) -> Self:
        """Return a network of its own: weights and history are copied too."""
        duplicate = object.__new__(type(self))
        duplicate.__dict__.update(self.__dict__)
        for name in COPIED:
            setattr(duplicate, name, copy.deepcopy(getattr(self, name)))
        return duplicate

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to one .npz file, in one step: it is complete or not there.

        Weights, layers, alpha, `epochs_trained`, `losses`, `history` and `metadata` are kept, the
        weights bit for bit.

        Parameters
        ----------
        path : path-like
            Written as it is, no suffix is appended. A file that is there is replaced.

        Raises
        ------
        OSError
            If it cannot be written; what was there is untouched.
        TypeError
            If the metadata hold what JSON cannot.

        Examples
        --------
        >>> import os, tempfile
        >>> from bp_numba import NeuralNetwork
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     NeuralNetwork([2, 2, 1]).save(os.path.join(folder, "xor.npz"))
        ...     NeuralNetwork.load(os.path.join(folder, "xor.npz"))
        NeuralNetwork: 2-2-1
        """
        from bp_numba.runs.model_files import (  # zipfile takes milliseconds to import
            save_model,
            snapshot,
        )

        save_model(path, snapshot(self))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Return the network that `save` or a checkpoint wrote; the constructor is not called.

        Raises
        ------
        ModelFormatError
            If the file holds no network, or one that is damaged or of a later format. A
            `ValueError`; nothing in a file is ever run.
        OSError
            If it cannot be read.
        """
        from bp_numba.runs.model_files import load_model

        network = cls.__new__(cls)
        network.__dict__.update(vars(load_model(path)))
        return network
