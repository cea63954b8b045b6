"""What a network remembers beside its weights, and how it is copied, saved and loaded."""

import copy
import os
from collections.abc import Iterable
from typing import Any, Self, TypeVar

from bp_numba.runs.history import History
from bp_numba.runs.state import RECORD, Record, State, record_of


class _Making:
    """The class's attribute `RECORD`: makes the record of an instance that has none yet.

    It needs no constructor, which a subclass may not call, and no lock, which a fork could inherit:
    `setdefault` gives two threads one record.
    """

    def __get__(self, network: Any, kind: type) -> Any:
        return self if network is None else network.__dict__.setdefault(RECORD, Record())


class _Reading:
    """A field of the record, readable under its name.

    There is no `__set__`: what a user assigns is an attribute of the instance, which wins.
    """

    def __set_name__(self, kind: type, name: str) -> None:
        self._name = name

    def __get__(self, network: Any, kind: type) -> Any:
        return self if network is None else getattr(record_of(network), self._name)


def _readable() -> Any:
    return _Reading()


class Stateful:
    """A network with a record, which can be copied and kept in files; see `state.Record`.

    Nothing in the package reads or writes the public names below, which users may use for what they
    like, except that `save` asks for `metadata` that were assigned.

    Attributes
    ----------
    losses, history, epochs_trained, metadata
        As `NeuralNetwork` describes them.
    """

    _bp_numba_record = _Making()

    losses: list[float] = _readable()
    history: History = _readable()
    epochs_trained: int = _readable()
    metadata: dict[str, Any] = _readable()

    def __copy__(self) -> Self:
        """Return a network of its own: weights and record are copied too, all else is shared."""
        duplicate = object.__new__(type(self))
        Stateful.__setstate__(duplicate, object.__getstate__(self))
        duplicate.__dict__[RECORD] = copy.deepcopy(record_of(self))
        duplicate.W = copy.deepcopy(self.W)  # type: ignore[attr-defined]
        return duplicate

    def __setstate__(self, state: Any) -> None:
        """Take over the attributes of a copy or a pickle, also of one from before records."""
        attributes, slots = state if isinstance(state, tuple) else (state, None)
        self.__dict__.update(attributes or {})
        for name, value in (slots or {}).items():
            setattr(self, name, value)
        if RECORD not in self.__dict__ and _is_unrecorded(self.__dict__):
            values = {name: self.__dict__.pop(name) for name in _PLAIN}
            self.__dict__[RECORD] = Record(**values)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to one .npz file, in one step: it is complete or not there.

        Weights, layers, alpha, `epochs_trained`, `losses`, `history` and `metadata` are kept, the
        weights bit for bit. Metadata are those that you assigned to this network, if they are a
        dict; with a warning they are left out if JSON cannot hold them. Whatever else you set,
        also under the other names, is no part of the file.

        Parameters
        ----------
        path : path-like
            Written as it is, no suffix is appended. A file that is there is replaced.

        Raises
        ------
        OSError
            If it cannot be written; what was there is untouched.
        TypeError
            If the metadata, when they were not assigned, hold what JSON cannot.

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
            warn_of_metadata,
        )

        warn_of_metadata(self)
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

        return network_in(load_model(path), cls)


Network = TypeVar("Network", bound=Stateful)


def network_in(state: State, kind: type[Network]) -> Network:
    """Return the network in a state, of a class whose constructor is not called."""
    network = kind.__new__(kind)
    network.__dict__.update(layers=state.layers, alpha=state.alpha, W=state.W)
    network.__dict__[RECORD] = state.record()
    return network


_PLAIN = {"losses": list, "history": History, "epochs_trained": int, "metadata": dict}
"""What networks had instead of a record, and its types, as their pickles show."""


def _is_unrecorded(attributes: dict[str, Any]) -> bool:
    return all(type(attributes.get(name)) is kind for name, kind in _PLAIN.items())


def listed(networks: Any) -> list[Any]:
    """Return the networks of an iterable; raise TypeError if it is none, as a single network."""
    if not isinstance(networks, Iterable):
        raise TypeError(f"networks must be an iterable of NeuralNetworks, got {networks!r:.60}")
    return list(networks)
