"""Model files that are mutated: refused in one line, or they predict as before."""

import contextlib
import copy
import io
import json
import random

import numpy as np
import pytest

from bp_numba.cli.main import main
from tests.cli.conftest import SHORT, run, write
from tests.runs.hostile import mutated, rewritten

ROWS = 24
COLUMNS = {
    "a": [i % 7 + 0.5 for i in range(ROWS)],
    "gaps": ["" if i % 5 == 0 else i % 3 for i in range(ROWS)],
    "plan": [("free", "größer", "NA")[i % 3] for i in range(ROWS)],
    "paid": [("yes", "no")[i % 4 // 2] for i in range(ROWS)],
    "same": [3] * ROWS,
    "label": [("u", "v")[i % 2] for i in range(ROWS)],
    "y": [i * 1.5 for i in range(ROWS)],
    "z": [-i * 0.5 for i in range(ROWS)],
}
TARGETS = {"classes": ["label"], "numbers": ["y", "z"]}


@pytest.fixture(params=[(n, t) for n in ("sigmoid", "mlp") for t in TARGETS], ids="-".join)
def saved(request, tmp_path, capsys):
    """Return a model file, its table, and the predictions for the table."""
    network, target = request.param
    data, model = write(tmp_path / "data.csv", COLUMNS), tmp_path / "model.npz"
    options = [part for name in TARGETS[target] for part in ("--target", name)]
    options += ["--network", network, "--layers", 3, *SHORT, "--save", model]
    run(capsys, "train", data, *options)
    return model, data, run(capsys, "predict", model, data).out


def outcome(model, data):
    """Return what is printed of predictions, or None if the file is refused in one line."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        code = main(["predict", str(model), str(data)])
    if not code:
        return out.getvalue()
    assert code == 1 and out.getvalue() == ""
    error = errors.getvalue()
    assert error.startswith("bp-numba: ") and error.count("\n") == 1
    return None


def test_mutated_bytes(saved):
    model, data, expected = saved
    content, refused = model.read_bytes(), 0
    for seed in range(125):  # 500 of the four files
        model.write_bytes(mutated(content, seed))
        found = outcome(model, data)
        refused += found is None
        assert found in (None, expected), seed
    assert refused > 15


def places(values, path=()):
    """Yield the path of each value in nested dicts and lists."""
    yield path
    items = values.items() if isinstance(values, dict) else enumerate(values)
    for key, value in items if isinstance(values, dict | list) else ():
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))
        else:
            yield (*path, key)


OTHERS = [None, True, 0, 1, -1, 2.5, 1e308, float("nan"), float("inf"), 10**30, "", "a", "\ud800"]
OTHERS += [[], {}, [1], ["a", "a"], {"kind": "number"}]


def changed(values, generator):
    """Return a copy with one value another, gone, or there twice."""
    values = copy.deepcopy(values)
    *path, last = generator.choice([path for path in places(values) if path])
    holder = values
    for key in path:
        holder = holder[key]
    match generator.randrange(4):
        case 0:
            del holder[last]
        case 1 if isinstance(holder, list):
            holder.append(holder[last])
        case _:
            holder[last] = generator.choice(OTHERS)
    return values


def test_mutated_descriptions(saved):
    """Such as are valid may mean something else; nothing but a line comes of the others."""
    model, data, expected = saved
    content = model.read_bytes()
    with np.load(model) as archive:
        metadata = json.loads(archive["header"].tobytes())["metadata"]
    refused = 0
    for seed in range(40):
        table = changed(metadata["table"], random.Random(seed))
        model.write_bytes(rewritten(content, metadata=metadata | {"table": table}))
        found = outcome(model, data)
        refused += found is None
        if found is not None:
            assert found.count("\n") == expected.count("\n")
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            assert main(["info", str(model)]) == 0
    assert refused > 15


def test_mutated_headers(saved):
    model, data, expected = saved
    content = model.read_bytes()
    with np.load(model) as archive:
        header = json.loads(archive["header"].tobytes())
    del header["metadata"]
    for seed in range(40):
        other = changed(header, random.Random(seed))
        gone = dict.fromkeys(header.keys() - other.keys())
        model.write_bytes(rewritten(content, **(other | gone)))
        assert outcome(model, data) in (None, expected), seed
