"""FANN, the C library, in double precision: incremental training on the squared error.

Its hidden bias units are constants, those of the teaching class are computed like other units; it
keeps its sigmoids off 0 and 1; and it draws its own weights: setting them takes minutes.
"""

import ctypes
import ctypes.util

import numpy as np

INCREMENTAL, LINEAR_ERROR, SIGMOID = 0, 0, 3


class TrainingData(ctypes.Structure):
    """The `struct fann_train_data` of version 2.2: sizes and pointers to rows."""

    _fields_ = [
        ("errno", ctypes.c_int),
        ("error_log", ctypes.c_void_p),
        ("error_text", ctypes.c_char_p),
        ("rows", ctypes.c_uint),
        ("inputs", ctypes.c_uint),
        ("outputs", ctypes.c_uint),
        ("X", ctypes.c_void_p),
        ("y", ctypes.c_void_p),
    ]


def load_library():
    """Return the library with the types of the functions used here."""
    library = ctypes.CDLL(ctypes.util.find_library("doublefann"))
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    for name, result, *arguments in (
        ("create_standard_array", pointer, ctypes.c_uint, pointer),
        ("destroy", None, pointer),
        ("randomize_weights", None, pointer, ctypes.c_double, ctypes.c_double),
        ("set_activation_function_hidden", None, pointer, integer),
        ("set_activation_function_output", None, pointer, integer),
        ("set_train_error_function", None, pointer, integer),
        ("set_training_algorithm", None, pointer, integer),
        ("set_learning_rate", None, pointer, ctypes.c_float),
        ("train_epoch", ctypes.c_float, pointer, pointer),
        ("run", ctypes.POINTER(ctypes.c_double), pointer, pointer),
    ):
        function = getattr(library, f"fann_{name}")
        function.restype, function.argtypes = result, arguments
    return library


fann = load_library()


def row_pointers(array):
    """Return the addresses of the rows of a C-contiguous array."""
    return array.ctypes.data + np.arange(len(array), dtype=np.uintp) * array.strides[0]


class Network:
    """A network that the library owns."""

    def __init__(self, layers, weights, alpha):
        self.outputs = layers[-1]
        sizes = np.array(layers, dtype=np.uint32)
        self.ann = fann.fann_create_standard_array(len(sizes), sizes.ctypes.data)
        fann.fann_set_activation_function_hidden(self.ann, SIGMOID)
        fann.fann_set_activation_function_output(self.ann, SIGMOID)
        fann.fann_set_train_error_function(self.ann, LINEAR_ERROR)
        fann.fann_set_training_algorithm(self.ann, INCREMENTAL)
        fann.fann_set_learning_rate(self.ann, alpha)
        ctypes.CDLL(None).srand(0)  # the library has seeded it anew
        bound = np.sqrt(3 / layers[0])  # the variance of the reference's first matrix
        fann.fann_randomize_weights(self.ann, -bound, bound)

    def __del__(self):
        fann.fann_destroy(self.ann)

    def train(self, X, y, epochs):
        """Make one call per epoch."""
        X, y = (np.ascontiguousarray(array, dtype=np.float64) for array in (X, y))
        X_rows, y_rows = row_pointers(X), row_pointers(y)
        data = TrainingData(
            rows=len(X),
            inputs=X.shape[1],
            outputs=y.shape[1],
            X=X_rows.ctypes.data,
            y=y_rows.ctypes.data,
        )
        for _ in range(epochs):
            fann.fann_train_epoch(self.ann, ctypes.byref(data))

    def outcome(self, X):
        """Return the outputs for X."""
        X = np.ascontiguousarray(X, dtype=np.float64)
        rows = row_pointers(X).tolist()
        return [np.array([fann.fann_run(self.ann, x)[: self.outputs] for x in rows])]
