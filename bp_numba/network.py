"""The network that users import: checks arguments once and hands the work to compiled kernels."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bp_numba import validation as check
from bp_numba.fitting import samples_to_train_on, samples_to_validate, training_of
from bp_numba.reference import ReferenceNetwork
from bp_numba.runs.monitor import Monitor, Watching, check_callback
from bp_numba.runs.stateful import Stateful
from bp_numba.training import activation, prediction
from bp_numba.training.choice import overridden, stands_in_for
from bp_numba.training.loss import half_squared_error
from bp_numba.training.run import Run
from bp_numba.training.single_step import train_one, train_rows


@stands_in_for("sigmoid", "sigmoid_deriv", "fit_partial", "predict", "calculate_loss")
class NeuralNetwork(Stateful, ReferenceNetwork):
    """A fully connected network of sigmoid layers, trained by compiled backpropagation.

    A drop-in replacement for the NumPy teaching class: the same interface, the same numbers and
    the same printed output, many times faster.

    Parameters
    ----------
    layers : sequence of int
        Number of inputs, of units in each hidden layer, and of outputs, without bias units: two
        or more positive integers. Stored by reference.
    alpha : float, default 0.1
        Learning rate, a finite number.

    Attributes
    ----------
    W : list of ndarray
        Weight matrix l has shape `(layers[l] + 1, layers[l + 1] + 1)`, the last one
        `(layers[-2] + 1, layers[-1])`; the extra units carry the bias. Initial values are
        `np.random.randn(...) / sqrt(layers[l])` from NumPy's global generator. Training changes
        these arrays in place; they may be replaced by other arrays of floats whose shapes chain.
    layers, alpha
        As given; alpha is read anew at every call and every epoch.
    losses : list of float
        The losses at the display points of the last `fit`, those that it prints.
    history : History
        All display points since the network was made.
    epochs_trained : int
        Epochs that `fit` has gone through since the network was made.
    metadata : dict
        Yours, for what JSON can hold; kept in files, also if you assign another dict.

    Raises
    ------
    ValueError
        If layers are not two or more positive integers, or too large for this machine's memory;
        if alpha is not finite.
    TypeError
        If alpha is no number.

    Notes
    -----
    Methods may be overridden, in a subclass or on an instance. If `sigmoid`, `sigmoid_deriv` or
    `fit_partial` is, training runs sample by sample in NumPy and calls it.

    `losses`, `history`, `epochs_trained` and `metadata` are read from a record of the network's
    own. Attributes, methods and properties of yours may have these names, or `save` and `load`:
    you then get yours, and the package does not touch it and goes on with its record.

    The method is stochastic gradient descent without shuffling on the squared error: D. E.
    Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating
    errors", Nature 323 (1986).

    Examples
    --------
    >>> import numpy as np
    >>> from bp_numba import NeuralNetwork
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> y = np.array([[0], [1], [1], [0]])
    >>> np.random.seed(0)
    >>> nn = NeuralNetwork([2, 2, 1], alpha=0.5)
    >>> nn
    NeuralNetwork: 2-2-1
    >>> nn.fit(X, y, epochs=20000, displayUpdate=10000)
    [INFO] epoch=1, loss=0.5541668
    [INFO] epoch=10000, loss=0.0005943
    [INFO] epoch=20000, loss=0.0002300
    >>> print(nn.predict(X).round(3).ravel())
    [0.006 0.988 0.992 0.014]
    """

    def __init__(self, layers: Sequence[int], alpha: float = 0.1) -> None:
        check.check_layers(layers)
        check.check_alpha(alpha)
        super().__init__(layers, alpha)

    def _repr_html_(self) -> str:
        from bp_numba.plotting.notebook import network_html

        return network_html(self)

    def sigmoid(self, x: Any) -> Any:
        """Return 1 / (1 + exp(-x)), element by element; large arrays by the compiled kernel.

        The kernel's error is below 2.5 ulp, and where exp overflows it gives no warning.
        """
        if type(x) is np.ndarray and x.size >= activation.MANY:
            return activation.sigmoid(x, self._bp_numba_record)
        return 1.0 / (1.0 + np.exp(-x))

    def fit(
        self,
        X: Any,
        y: Any,
        epochs: int = 1000,
        displayUpdate: float = 100,
        *,
        verbose: int = True,
        progress: bool = False,
        callback: Callable[["NeuralNetwork", int, Any], Any] | None = None,
        validation: tuple[Any, Any] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: float = 60.0,
        initial_epoch: int = 0,
    ) -> None:
        """Train on every row of X in turn, `epochs` times, and print the loss now and then.

        Parameters
        ----------
        X : array_like of shape (n, layers[0])
            Samples, without the column of ones; never changed. One-dimensional X counts as one
            column.
        y : array_like of shape (n, layers[-1]), (n, 1) or (n,)
            Targets; a single column serves all outputs. Beware of one-dimensional y: it trains
            as expected, but the printed loss, as in the reference, is the sum over all n x n
            pairs of predictions and targets. Pass `y[:, np.newaxis]` for the true loss.
        epochs : int, default 1000
            Passes over the samples. They are counted from 1 in every call, but training goes on
            from the present weights; see `initial_epoch`.
        displayUpdate : number, default 100
            `[INFO] epoch=..., loss=...` is printed after the first epoch and after every one
            that this divides; 0 means every epoch. These are the display points.
        verbose : bool or int, default True
            Whether the losses are printed; with a number n only those after the first epoch and at
            every n-th display point. `losses` and `history` hold them all in any case.
        progress : bool, default False
            Show a progress bar, in a terminal or a notebook; needs tqdm.
        callback : callable, optional
            `callback(network, epoch, loss)` is called at the display points; training stops if it
            returns True. If it has methods `begin()` and `end(network)`, they are called before
            the first epoch and after the last, as `EarlyStopping` needs it.
        validation : (X, y), optional
            Samples whose loss is shown and recorded beside that of the samples trained on.
        checkpoint : path-like, optional
            File that the network is saved to at once, at the ends of epochs, when training ends,
            and after Ctrl-C or an error: then as it was when the last slice of whole epochs ended,
            0.1 s or one epoch ago. `load` it and go on with `initial_epoch=nn.epochs_trained`:
            the weights are bit for bit those of an uninterrupted run. A file that is there must
            hold a network of the same layers that was trained for no more epochs. Weights that are
            not finite are never saved: the file keeps the last finite ones, with a RuntimeWarning.
        checkpoint_every : float, default 60.0
            Seconds between two checkpoints, at least.
        initial_epoch : int, default 0
            Epochs of this run that lie behind: counting and display points go on as if they had
            been trained in this call, up to `epochs`.

        Raises
        ------
        ValueError, TypeError
            If an argument, alpha or the weights cannot be used; nothing is trained then.
        OSError
            If the checkpoint cannot be written at the beginning or the end. In between that is a
            warning.
        ModuleNotFoundError
            If a progress bar is asked for and tqdm not installed.
        KeyboardInterrupt
            Within a fraction of a second after Ctrl-C; the weights are those reached so far.

        Examples
        --------
        >>> import numpy as np
        >>> from bp_numba import NeuralNetwork
        >>> np.random.seed(0)
        >>> nn = NeuralNetwork([2, 2, 1], alpha=0.5)
        >>> nn.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]], epochs=2)
        [INFO] epoch=1, loss=0.5541668
        """
        epochs = check.check_epochs(epochs)
        done = check.check_initial_epoch(initial_epoch, epochs)
        run = Run(done, epochs, check.check_display_update(displayUpdate))
        every = check.check_seconds(checkpoint_every, "checkpoint_every")
        if callback is not None:
            check_callback(callback)
        samples = samples_to_train_on(self, X, y)
        watched = None if validation is None else samples_to_validate(self, validation)
        training = training_of(self, samples, watched)
        watching = Watching(verbose, progress, callback, checkpoint, every)
        numbers = len(samples.X), None if watched is None else len(watched.X)
        monitor = Monitor(self, run, numbers, watching)
        try:
            stops = False
            while done < epochs and not stops:
                part = training.advance(run, done, one_point=callback is not None)
                done, stops = part.epoch, monitor.slice_ended(part)
            monitor.end()
        except BaseException:
            monitor.interrupted()
            raise

    def fit_partial(self, x: Any, y: Any) -> None:
        """Make one update with the gradient summed over the rows of x.

        Parameters
        ----------
        x : array_like of shape (layers[0] + 1,) or (n, layers[0] + 1)
            One sample or a batch, the trailing 1 of the bias included.
        y : array_like
            Targets that broadcast to the outputs' shape, (n, layers[-1]).

        Raises
        ------
        ValueError, TypeError
            If an argument, alpha or the weights cannot be used; nothing is changed then.

        Examples
        --------
        >>> from bp_numba import NeuralNetwork
        >>> NeuralNetwork([2, 2, 1]).fit_partial([0, 1, 1], 1)
        """
        alpha, record = check.check_alpha(self.alpha), self._bp_numba_record
        x, y = check.as_numbers(x, "x"), check.as_numbers(y, "y")
        own = overridden(self, "sigmoid", "sigmoid_deriv")
        if not own and train_one(self.W, x, y, alpha, record):
            return
        if x.ndim < 2:
            x = x.reshape(1, -1)
        matrices = check.check_weights(self.W)
        check.check_samples(x, len(matrices[0]), has_bias=True, name="x")
        check.check_broadcast(y, (len(x), matrices[-1].shape[1]), "y", exact=True)
        if own:
            super().fit_partial(x, y)
        else:
            train_rows(matrices, x, y, alpha, record)

    def predict(self, X: Any, addBias: bool = True) -> Any:
        """Return the outputs for each row of X.

        Parameters
        ----------
        X : array_like of shape (n, layers[0]) or (layers[0],)
            Samples, or a single one.
        addBias : bool, default True
            Append the column of ones; False says that X already holds it.

        Returns
        -------
        ndarray of shape (n, layers[-1])
            New, C-contiguous, float64; a single sample gives one row.

        Raises
        ------
        ValueError, TypeError
            If X is not numeric or has the wrong number of columns, or the weights are no matrices
            of numbers whose shapes chain.

        Examples
        --------
        >>> from bp_numba import NeuralNetwork
        >>> NeuralNetwork([2, 2, 1]).predict([0, 1]).shape
        (1, 1)
        """
        X = check.as_numbers(X, "X")
        if X.ndim < 2:
            X = X.reshape(1, -1)
        if not overridden(self, "sigmoid"):
            return prediction.predict(self.W, X, not addBias, self._bp_numba_record)
        matrices = check.check_matrices(self.W)
        check.check_samples(X, len(matrices[0]), has_bias=not addBias)
        return np.ascontiguousarray(super().predict(X, addBias), dtype=np.float64)

    def calculate_loss(self, X: Any, targets: Any) -> Any:
        """Return half the sum of squared errors over all rows and outputs.

        Parameters
        ----------
        X : array_like of shape (n, layers[0] + 1)
            Samples, the column of ones included.
        targets : array_like of shape (n, layers[-1]) or (n, 1)
            Targets. One-dimensional ones count as a single row and are broadcast: with one
            output unit the result is the sum over all n x n pairs, as in the reference.

        Returns
        -------
        float
            A `np.float64`: a sum, not a mean.

        Raises
        ------
        ValueError, TypeError
            If X or targets are not numeric or do not fit the network.

        Examples
        --------
        >>> import numpy as np
        >>> from bp_numba import NeuralNetwork
        >>> np.random.seed(1)
        >>> print(f"{NeuralNetwork([2, 2, 1]).calculate_loss([[0, 1, 1]], [[1]]):.6f}")
        0.108196
        """
        targets = check.as_numbers(targets, "targets")
        if overridden(self, "predict"):
            return half_squared_error(self.predict(X, addBias=False), targets)
        predictions = NeuralNetwork.predict(self, X, addBias=False)
        check.check_broadcast(targets, predictions.shape, "targets")
        return half_squared_error(predictions, targets)
