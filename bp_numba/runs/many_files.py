"""Many networks in one file: an archive with a header and one array of all weights.

    header.npy       format, version, and `networks`: a list of what the header of a model file
                     says of each, with `dtypes`, the types of its matrices
    weights.npy      the bytes of all matrices, one after the other, in C order

A member for each matrix would take a tenth of a millisecond to write and to read.
"""

import math
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from bp_numba.runs.archives import MANY, ModelFormatError, Path, reading, require, write_archive
from bp_numba.runs.model_files import check_header, header_of, metadata_error, snapshot, state_of
from bp_numba.runs.state import State
from bp_numba.runs.stateful import Stateful, listed


def save_many(path: Path, networks: Iterable[Any]) -> None:
    """Write networks to one .npz file, in one step: it is complete or not there.

    Parameters
    ----------
    path : path-like
        Written as it is, no suffix is appended. A file that is there is replaced.
    networks : iterable of NeuralNetwork
        Of any layers. The file holds of each what `NeuralNetwork.save` keeps.

    Raises
    ------
    OSError
        If the file cannot be written; what was there is untouched.
    TypeError, ValueError
        If one of them is no network or cannot be saved; the error names its number.

    Examples
    --------
    >>> import os, tempfile
    >>> from bp_numba import NeuralNetwork, load_many, save_many
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_many(os.path.join(folder, "all.npz"), [NeuralNetwork([2, n, 1]) for n in (2, 3)])
    ...     load_many(os.path.join(folder, "all.npz"))
    [NeuralNetwork: 2-2-1, NeuralNetwork: 2-3-1]
    """
    networks = listed(networks)
    states = snapshots(networks)
    warn_of_metadata_of(networks)
    save_states(path, states)


def snapshots(networks: Iterable[Any]) -> list[State]:
    """Return the present states of networks; what grows in training is shared with them.

    Raises
    ------
    TypeError, ValueError
        If one of them is no network or cannot be saved; the error names its number.
    """
    states = []
    for number, network in enumerate(networks):
        try:
            if not isinstance(network, Stateful):
                raise TypeError(f"must be a NeuralNetwork, got {network!r:.60}")
            states.append(snapshot(network))
        except (TypeError, ValueError) as error:
            raise type(error)(f"networks[{number}]: {error}") from None
    return states


def warn_of_metadata_of(networks: Iterable[Any]) -> None:
    """Warn, once for all, if metadata that were assigned are not saved."""
    for number, network in enumerate(networks):
        if (error := metadata_error(network)) is not None:
            text = f"metadata of networks[{number}] are not saved, since JSON cannot hold them"
            warnings.warn(f"{text}: {error}", RuntimeWarning, stacklevel=3)
            break


def save_states(path: Path, states: Iterable[State]) -> None:
    """Write a file in one step: until it is complete, readers find the one that was there before.

    Raises
    ------
    OSError
        If it cannot be written; what was there before is untouched.
    TypeError
        If metadata are nothing that JSON can hold.
    """
    headers, parts = [], []
    for state in states:
        headers.append({**header_of(state), "dtypes": [w.dtype.str for w in state.W]})
        parts += [w.tobytes() for w in state.W]
    weights = np.frombuffer(b"".join(parts), dtype=np.uint8)
    write_archive(path, MANY, {"networks": headers}, {"weights": weights})


def load_states(path: Path) -> list[State]:
    """Read a file.

    Nothing in it is run, and no more memory is taken than a few times its size.

    Raises
    ------
    ModelFormatError
        If the file holds no list of networks, or is damaged or of a later format. A network that
        is not valid is named by its number.
    OSError
        If it cannot be read.
    """
    with reading(path) as archive:
        headers = archive.header(MANY).get("networks")
        require(isinstance(headers, list), f"networks must be a list, got {headers!r:.60}")
        require(archive.names == ["weights.npy"], "must hold a header, weights, and nothing else")
        weights = archive.array("weights.npy")
        require(weights.dtype == np.uint8 and weights.ndim == 1, "the weights must be bytes")
        return _states(headers, weights)


def _states(headers: list[Any], weights: npt.NDArray[Any]) -> list[State]:
    states, start, known = [], 0, dict[str, np.dtype[Any]]()
    for number, header in enumerate(headers):
        try:
            _check(header, known)
            matrices = []
            for name, shape in zip(header["dtypes"], header["shapes"], strict=True):
                end = start + math.prod(shape) * known[name].itemsize
                require(end <= len(weights), "its weights are not all there")
                matrices.append(weights[start:end].view(known[name]).reshape(shape).copy())
                start = end
            states.append(state_of(header, matrices))
        except ModelFormatError as error:
            raise ModelFormatError(f"networks[{number}]: {error}") from None
    require(start == len(weights), f"{len(weights) - start} bytes of weights are of no network")
    return states


def _check(header: Any, known: dict[str, np.dtype[Any]]) -> None:
    """Raise ModelFormatError unless the header is one; add the types in it to the known ones."""
    require(isinstance(header, dict), f"must be a dict, got {header!r:.60}")
    check_header(header)
    names, count = header.get("dtypes"), len(header["shapes"])
    require(
        isinstance(names, list) and len(names) == count and all(map(_is_float, names)),
        f"dtypes must be types of floats for {count} matrices, got {names!r:.60}",
    )
    known.update((name, np.dtype(name)) for name in names if name not in known)


def _is_float(name: Any) -> bool:
    if not isinstance(name, str):
        return False
    try:
        return np.dtype(name).kind == "f"
    except (TypeError, ValueError, SyntaxError):
        return False
