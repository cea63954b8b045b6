"""fit_many and scikit-learn's searches on joblib's backends: threads, processes, Dask.

Whatever does the work, and whoever of them dies, the results are those of one thread, bit for bit.
"""

import contextlib
import itertools
import os
import warnings

import numpy as np
import pytest

from bp_numba import EarlyStopping, NeuralNetwork, fit_many
from tests.conftest import digits, needs_jit
from tests.many.workers import die, in_the_midst_of, threads_of_blas

joblib = pytest.importorskip("joblib")

pytestmark = needs_jit

COUNT = 200
BACKENDS = ["threading", "loky"]

LAYERS = {
    "own": ([2, 2, 1], [4, 8, 3], [64, 32, 16, 10]),
    "shared": ([8, 2, 3], [8, 8, 3], [8, 48, 16, 3]),
}
"""Of networks with samples of their own, and with the same: the last of each are not for lanes."""


def make(kind):
    np.random.seed(0)
    layers = LAYERS[kind]
    return [NeuralNetwork(layers[k % 3], alpha=0.1 + k / COUNT) for k in range(COUNT)]


def samples(kind, rows=40):
    """Return X and y for networks of `make`: of different numbers of rows where each has its own.

    X of the largest are beyond a kilobyte, so that joblib gives each to one Dask worker.
    """
    rng = np.random.default_rng(0)
    if kind == "shared":
        return rng.random((rows, 8)), np.eye(3)[rng.integers(3, size=rows)]
    pairs = [
        (rng.random((rows + k % 5, nn.layers[0])), rng.random((rows + k % 5, nn.layers[-1])))
        for k, nn in enumerate(make(kind))
    ]
    return tuple(map(list, zip(*pairs, strict=True)))


def results(networks):
    """Return all that fit_many has left in networks but the time."""
    histories = [nn.history.to_dict() for nn in networks]
    for history in histories:
        assert len(history.pop("seconds")) == len(history["epochs"])
    return [
        ([w.tolist() for w in nn.W], nn.losses, nn.epochs_trained, history)
        for nn, history in zip(networks, histories, strict=True)
    ]


def trained(kind, epochs, n_jobs=1, **options):
    networks = make(kind)
    fit_many(networks, *samples(kind), epochs, epochs // 3, n_jobs=n_jobs, **options)
    return results(networks)


def plant(act, folder, name="advance"):
    """Have the workers of the backend act when they are in the midst of a function."""
    parallel = joblib.Parallel(n_jobs=2, batch_size=1)
    pids = parallel(joblib.delayed(os.getpid)() for _ in range(4))
    assert act is not die or os.getpid() not in pids, "the tests themselves would die"
    parallel(joblib.delayed(in_the_midst_of)(name, act, folder) for _ in range(4))


@contextlib.contextmanager
def processes(**options):
    """Have two new processes of loky, and none afterwards."""
    loky = pytest.importorskip("joblib.externals.loky")
    loky.get_reusable_executor().shutdown(wait=True)
    try:
        with joblib.parallel_config("loky", **options):
            yield
    finally:
        loky.get_reusable_executor().shutdown(wait=True)


@contextlib.contextmanager
def cluster(**options):
    """Have two processes of Dask; yield how joblib is told of it."""
    distributed = pytest.importorskip("distributed")
    options = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", **options}
    with (
        distributed.LocalCluster(
            n_workers=2, processes=True, silence_logs="CRITICAL", **options
        ) as two,
        distributed.Client(two) as client,
    ):
        client.wait_for_workers(2)  # where there is one so far, joblib does all in this process
        yield


def on(backend):
    return processes() if backend == "loky" else joblib.parallel_config(backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", LAYERS)
def test_two_jobs_give_the_bits_of_one(kind, backend):
    expected = trained(kind, 30)
    with on(backend):
        assert trained(kind, 30, n_jobs=2) == expected


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")  # of Python 3.12 and later
def test_a_backend_that_returns_all_results_at_once():
    """Ray's does too: both are made of the pool of `multiprocessing`."""
    expected = trained("shared", 30)
    with joblib.parallel_config("multiprocessing"):
        assert trained("shared", 30, n_jobs=2) == expected


@pytest.mark.parametrize("backend", BACKENDS)
def test_callbacks_and_validation_with_two_jobs(backend):
    def run(n_jobs):
        calls, networks = [], make("shared")
        rng = np.random.default_rng(1)
        validation = rng.random((30, 8)), np.eye(3)[rng.integers(3, size=30)]

        def callback(nn, epoch, loss):
            calls.append((networks.index(nn), epoch, float(loss)))
            return epoch >= 20 and len(nn.layers) == 3  # the smaller ones stop

        fit_many(
            networks,
            *samples("shared"),
            epochs=40,
            displayUpdate=10,
            n_jobs=n_jobs,
            callback=callback,
            validation=validation,
        )
        return calls, results(networks)

    expected = run(1)
    with on(backend):
        assert run(2) == expected
    calls, left = expected
    stopped = {number for number, epoch, _ in calls} - {n for n, epoch, _ in calls if epoch > 20}
    assert len(stopped) == sum(epochs == 20 for _, _, epochs, _ in left) > COUNT / 2
    assert all(None not in history["validation_losses"] for *_, history in left)


@pytest.mark.parametrize("backend", BACKENDS)
def test_early_stopping_of_each_with_two_jobs(backend):
    def run(n_jobs):
        stopping = [EarlyStopping(patience=2, min_delta=0.02) for _ in range(COUNT)]
        left = trained("own", 60, n_jobs, callback=stopping)
        return left, [(one.best_epoch, one.best_loss) for one in stopping]

    expected = run(1)
    with on(backend):
        assert run(2) == expected


@pytest.mark.parametrize("backend", BACKENDS)
def test_overflows_are_to_numpy_what_they_are_where_fit_many_is_called(backend):
    def train():
        np.random.seed(0)
        networks = [NeuralNetwork([2, 3, 1]) for _ in range(4)]
        for nn in networks:
            nn.W = [(1000 * w).astype(np.float16) for w in nn.W]  # losses are NumPy's
        fit_many(networks, [[-1e3, 1e3], [1e3, 1e3]], [[0], [1]], epochs=2, n_jobs=2)

    for state in "ignore", "raise", "call":
        calls = []
        with (
            on(backend),
            warnings.catch_warnings(record=True) as caught,
            np.errstate(over=state, call=lambda *error, to=calls: to.append(error)),
            pytest.raises(FloatingPointError) if state == "raise" else contextlib.nullcontext(),
        ):
            warnings.simplefilter("always")
            train()
        assert not caught
        assert bool(calls) == (state == "call" and backend == "threading")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("is_mapped", [True, False])
def test_large_samples_are_read_only_maps(is_mapped, backend, tmp_path):
    """Those of a file are; joblib makes maps of all beyond a megabyte, for its processes."""
    X, y = samples("shared", 20_000)
    path = tmp_path / "X.npy"
    np.save(path, X)
    mapped = np.load(path, mmap_mode="r") if is_mapped else X

    def run(X, n_jobs):
        networks = make("shared")[:6]
        fit_many(networks, X, y, 2, n_jobs=n_jobs)
        return results(networks)

    expected = run(X, 1)
    with on(backend):
        assert run(mapped, 2) == expected
    assert (np.load(path) == X).all()


def test_a_process_that_is_killed(tmp_path):
    expected = trained("own", 600, n_jobs=2)
    with processes():
        plant(die, tmp_path)
        assert trained("own", 600, n_jobs=2) == expected
    assert (tmp_path / "died").exists()


def train_eight_for_long():
    fit_many(make("shared")[2:24:3], *samples("shared"), epochs=20_000, n_jobs=2)


def blas_in(folder):
    """Return how many threads BLAS was seen to have in the midst of tasks."""
    return {text for path in folder.glob("*.txt") for text in path.read_text().split()}


def test_blas_has_one_thread_in_threads(tmp_path):
    with joblib.parallel_config("threading"):
        in_the_midst_of("advance", threads_of_blas, tmp_path)
        train_eight_for_long()
    assert blas_in(tmp_path) == {"1"}


def test_blas_has_one_thread_in_processes(tmp_path):
    with processes(inner_max_num_threads=2):
        plant(threads_of_blas, tmp_path)
        train_eight_for_long()
    assert blas_in(tmp_path) == {"1"}


@pytest.mark.slow
class TestDask:
    def test_blas_has_one_thread(self, tmp_path):
        many = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "2")
        with cluster(env=many), joblib.parallel_config("dask"):
            plant(threads_of_blas, tmp_path)
            train_eight_for_long()
        assert blas_in(tmp_path) == {"1"}

    @pytest.mark.parametrize("kind", LAYERS)
    @pytest.mark.parametrize("is_killed", [False, True])
    def test_fit_many_as_in_threads(self, is_killed, kind, tmp_path):
        expected = trained(kind, 2000, n_jobs=2)
        with cluster(), joblib.parallel_config("dask"):
            if is_killed:
                plant(die, tmp_path)
            assert trained(kind, 2000, n_jobs=2) == expected
        assert (tmp_path / "died").exists() == is_killed

    @pytest.mark.filterwarnings("ignore:.*Maximum iterations")
    @pytest.mark.parametrize("is_killed", [False, True])
    def test_grid_search_as_in_threads(self, is_killed, tmp_path):
        """Where a worker may die, all workers must have all arrays: joblib gives one to one only.

        And Dask must leave them there, which its memory manager would not.
        """
        selection = pytest.importorskip("sklearn.model_selection")
        X, y = digits.load(0)[:2]
        y = y.argmax(axis=1)
        splits = list(selection.StratifiedKFold(3).split(X, y))
        with joblib.parallel_config("threading"):
            expected = searched(X, y, splits)
        dask = pytest.importorskip("dask")
        arrays = [X, y, *itertools.chain(*splits)] if is_killed else None
        with (
            dask.config.set({"distributed.scheduler.active-memory-manager.start": not is_killed}),
            cluster(),
            joblib.parallel_config("dask", scatter=arrays),
        ):
            if is_killed:
                plant(die, tmp_path, "_fit_and_score")
            assert searched(X, y, splits) == expected
        assert (tmp_path / "died").exists() == is_killed


def searched(X, y, splits):
    """Return what a grid search over 24 candidates has found, but the time."""
    from sklearn.model_selection import GridSearchCV

    from bp_numba import MLPClassifier

    grid = {
        "hidden_layer_sizes": [(8,), (16,), (32,), (16, 8)],
        "alpha": [1e-4, 1e-2, 1.0],
        "learning_rate_init": [1e-3, 1e-2],
    }
    model = MLPClassifier(max_iter=30, tol=0, n_iter_no_change=31, random_state=0)
    search = GridSearchCV(model, grid, cv=splits, n_jobs=2).fit(X, y)
    scores = {
        name: values.tolist()
        for name, values in search.cv_results_.items()
        if "score" in name and "time" not in name
    }
    assert len(scores["mean_test_score"]) == 24
    return scores, search.best_params_, [w.tolist() for w in search.best_estimator_.coefs_]
