"""A network in a file: an archive with a header and the weight matrices.

    header.npy       format, version, the fields of `runs.state.State` in their order, and the
                     shapes of the matrices
    W0.npy, W1.npy   the matrices, of any dtype of floats

`many_files` has the files of many networks.
"""

import contextlib
import warnings
from typing import Any

import numpy.typing as npt

from bp_numba.runs.archives import ONE, Archive, Path, reading, require, write_archive
from bp_numba.runs.json_values import are_chained_shapes, json_copy
from bp_numba.runs.state import ENTRIES, GROWING, RECORDED, State, record_of
from bp_numba.validation import check_weights


def snapshot(network: Any) -> State:
    """Return a network's present state; the fields in `GROWING` are shared, all others copied."""
    record, kept = record_of(network), {}
    for name, entry in ENTRIES.items():
        value = getattr(record if name in RECORDED else network, name)
        if name == "metadata":
            value = _metadata(network, value)
        kept[name] = value if name in GROWING else entry.keep(value)
    return State(**kept, W=[w.copy() for w in check_weights(network.W, read_only=True)])


def _metadata(network: Any, recorded: Any) -> Any:
    """Return what a user assigned to `metadata` if it is a dict that JSON can hold."""
    assigned = network.__dict__.get("metadata")
    with contextlib.suppress(*_NOT_FOR_JSON):
        return json_copy(assigned) if isinstance(assigned, dict) else recorded
    return recorded


def warn_of_metadata(network: Any) -> None:
    """Warn if a user has assigned metadata that are not saved, since JSON cannot hold them."""
    if (error := metadata_error(network)) is not None:
        text = f"metadata are not saved, since JSON cannot hold them: {error}"
        warnings.warn(text, RuntimeWarning, stacklevel=3)


def metadata_error(network: Any) -> Exception | None:
    """Return why JSON cannot hold the metadata that a user has assigned; None if it can."""
    assigned = network.__dict__.get("metadata")
    try:
        json_copy(assigned if isinstance(assigned, dict) else None)
    except _NOT_FOR_JSON as error:
        return error
    return None


_NOT_FOR_JSON = TypeError, RecursionError
"""What `json_copy` raises."""


def save_model(path: Path, state: State) -> None:
    """Write a file in one step: until it is complete, readers find the one that was there before.

    Raises
    ------
    OSError
        If it cannot be written; what was there before is untouched.
    TypeError
        If the metadata are nothing that JSON can hold.
    """
    write_archive(path, ONE, header_of(state), {f"W{l}": w for l, w in enumerate(state.W)})


def load_model(path: Path) -> State:
    """Read a file.

    Nothing in it is run, and no more memory is taken than a few times its size.

    Raises
    ------
    ModelFormatError
        If the file holds no network, or one that is damaged or of a later format, or a list of
        them.
    OSError
        If it cannot be read.
    """
    with reading(path) as archive:
        header = archive.header(ONE)
        check_header(header)
        return state_of(header, _matrices(archive, header["shapes"]))


def header_of(state: State) -> dict[str, Any]:
    """Return what the header of a file says of a network."""
    entries = {name: entry.write(getattr(state, name)) for name, entry in ENTRIES.items()}
    return {**entries, "shapes": [w.shape for w in state.W]}


def check_header(header: Any) -> None:
    """Raise ModelFormatError unless a dict is what `header_of` returns."""
    for name, entry in ENTRIES.items():
        if entry.required or name in header:
            value = header.get(name)
            require(entry.is_valid(value), f"{name} must {entry.must}".format(value))
    shapes = header.get("shapes")
    require(
        are_chained_shapes(shapes),
        f"shapes must be those of matrices that chain, got {shapes!r:.60}",
    )


def state_of(header: dict[str, Any], matrices: list[npt.NDArray[Any]]) -> State:
    """Return the state that a valid header and the weights are of."""
    values = {name: entry.read(header[name]) for name, entry in ENTRIES.items() if name in header}
    return State(**values, W=matrices)


def _matrices(archive: Archive, shapes: list[list[int]]) -> list[npt.NDArray[Any]]:
    names = [f"W{l}.npy" for l in range(len(shapes))]
    require(
        sorted(names) == sorted(archive.names),
        f"must hold a header, {len(shapes)} weight matrices, and nothing else",
    )
    matrices = [archive.array(name) for name in names]
    for name, w, shape in zip(names, matrices, shapes, strict=True):
        require(
            w.dtype.kind == "f" and list(w.shape) == shape,
            f"{name} must hold floats of shape {tuple(shape)}, got {w.dtype} of shape {w.shape}",
        )
    return matrices
