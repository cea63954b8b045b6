"""Files that are damaged, or made to do harm."""

import contextlib
import io
import json
import random
import tracemalloc
import zipfile

import numpy as np

from bp_numba import ModelFormatError


class Harmful:
    """Would leave a trace if it were unpickled."""

    trace: list = []

    def __reduce__(self):
        return (self.trace.append, (1,))


def rewritten(content, compression=zipfile.ZIP_STORED, more=(), **changes):
    """Return a file whose header, or whose arrays, are others."""
    archive = np.load(io.BytesIO(content))
    header = json.loads(archive["header"].tobytes())
    arrays = {name: archive[name] for name in archive.files if name != "header"}
    for name, value in changes.items():
        if name in arrays:
            arrays[name] = value
        elif value is None:
            del header[name]
        else:
            header[name] = value
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    arrays.update(more)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as target:
        for name, array in arrays.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, array, allow_pickle=True)
            target.writestr(f"{name}.npy", entry.getvalue())
    return file.getvalue()


def mutated(content, seed):
    """Return a file that is cut off, or has other bits, other bytes, or some of them twice."""
    generator, changed = random.Random(seed), bytearray(content)
    match seed % 4:
        case 0:
            del changed[generator.randrange(len(changed)) :]
        case 1:
            for _ in range(generator.randint(1, 8)):
                changed[generator.randrange(len(changed))] ^= 1 << generator.randrange(8)
        case 2:
            start = generator.randrange(len(changed))
            changed[start : start + 40] = generator.randbytes(generator.randrange(80))
        case 3:
            start, end = sorted(generator.sample(range(len(changed)), 2))
            changed[start:start] = changed[start:end]
    return changed


@contextlib.contextmanager
def refused_or_harmless(folder):
    """Assert that a changed file is refused by its name, or loaded as before, in little memory.

    What the change hit does not matter then: a time, an attribute, a comment.
    """
    tracemalloc.start()
    try:
        yield
    except ModelFormatError as error:
        assert str(folder) in str(error)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 5_000_000
