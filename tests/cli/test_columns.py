"""Which columns are targets, inputs and categories, and the spelling of numbers in options."""

import re

import numpy as np
import polars
import pytest

from bp_numba import NeuralNetwork
from bp_numba.cli.main import main
from bp_numba.cli.networks import load_network
from tests.cli.conftest import SHORT, csv_file, predictions, run, two_groups, write


@pytest.fixture
def data(tmp_path):
    """A table of two numbers to predict from, two that follow, and a code."""
    generator = np.random.default_rng(0)
    a, b = generator.random((2, 30))
    columns = {"a": a, "sum": a + b, "code": [3, 7, 9] * 10, "b": b, "less": a - b}
    return write(tmp_path / "data.csv", columns)


def first_line(capsys, data, *options):
    return run(capsys, "train", data, *SHORT, *options).out.splitlines()[0]


@pytest.mark.parametrize("network", ["sigmoid", "mlp"])
def test_several_targets(network, data, tmp_path, capsys):
    model = tmp_path / "model.npz"
    options = ["--target", "less", "--target", "sum", "--network", network, "--save", model]
    shown = run(capsys, "train", data, *options, "--epochs", 300, "--alpha", 0.02).out
    assert "targets 'less', 'sum', inputs: 3\n" in shown
    assert re.findall(r"\[INFO\] (\w+): R2", shown) == ["less", "sum"]
    assert re.findall(r"\[INFO\] target: (\w+), numbers", shown) == ["less", "sum"]
    header, rows = predictions(run(capsys, "predict", model, data).out)
    assert header == ["less", "sum"]
    columns, actual = predictions(data.read_text())
    actual = np.array(actual, dtype=float)[:, [columns.index("less"), columns.index("sum")]]
    np.testing.assert_allclose(np.array(rows, dtype=float), actual, atol=0.4)


@pytest.mark.parametrize(
    ("asked", "named"), [("last", "less"), ("2", "sum"), ("5", "less"), ("sum", "sum")]
)
def test_a_target_by_its_place(asked, named, data, capsys):
    assert f"target '{named}', inputs: 4" in first_line(capsys, data, "--target", asked)


def test_a_name_comes_before_a_place(tmp_path, capsys):
    data = tmp_path / "data.parquet"
    columns = {"last": [0, 1] * 9, "1": range(18), "2": [5, 6, 7] * 6}
    polars.DataFrame(columns).write_parquet(data)
    assert "target 'last', inputs: 2" in first_line(capsys, data, "--target", "last")
    assert "target '1', inputs: 2" in first_line(capsys, data, "--target", "1")
    assert "target '2', inputs: 1" in first_line(capsys, data, "--target", "3", "--ignore", "last")


@pytest.fixture
def indexed(tmp_path):
    """A table whose first column is an index without a name, and whose third is empty."""
    lines = [f"{i},{i * 7 % 5},,{i * 3 % 7},{'hi' if i % 2 else 'lo'},{i / 3}" for i in range(30)]
    return csv_file(tmp_path, "\n".join([",a,,b,kind,Unnamed: 5", *lines]), "indexed.csv")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--target", "5"], "target 'kind', inputs: 3"),
        (["--target", "last"], "target 'Unnamed: 5', inputs: "),
        (["--target", "kind", "--ignore", "2"], "columns a"),
        (["--target", "kind", "--ignore", "4"], "columns b"),
        (["--target", "kind", "--ignore", "1", "--ignore", "3", "--ignore", "2"], "columns a"),
        (["--target", "kind", "--categorical", "4"], "target 'kind', inputs: 9"),
    ],
)
def test_columns_are_counted_as_in_the_file(options, said, indexed, capsys, tmp_path):
    model = tmp_path / "model.npz"
    line = first_line(capsys, indexed, *options, "--save", model)
    if said.startswith("columns "):
        assert f"  {said[-1]}: " not in run(capsys, "info", model).out
    else:
        assert said in line


def test_a_column_that_was_left_out_is_asked_for(tmp_path, capsys):
    lines = [f"{i},{i * 7 % 5},{'hi' if i % 2 else 'lo'}" for i in range(30)]
    data = csv_file(tmp_path, "\n".join(["Unnamed: 0,a,kind", *lines]))
    why = "column 'Unnamed: 0' numbers the rows: left out as an index"
    for name in ("1", "Unnamed: 0"):
        for option, others in (("--target", []), ("--categorical", ["--target", "kind"])):
            assert main(["train", str(data), *others, option, name, *SHORT]) == 1
            error = capsys.readouterr().err
            must = f"{option} must name another column, got '{name}': {why}"
            assert error == f"bp-numba: {data}: {must}\n"
        assert "inputs: 1" in first_line(capsys, data, "--target", "kind", "--ignore", name)


def test_columns_that_are_left_out(data, tmp_path, capsys):
    model = tmp_path / "model.npz"
    options = ["--target", "sum", "--ignore", "less", "--ignore", "3", "--save", model]
    assert "inputs: 2" in first_line(capsys, data, *options)
    shown = run(capsys, "info", model).out
    assert "  a: " in shown and "  b: " in shown and "code" not in shown
    new = write(tmp_path / "new.csv", {"b": [0.5], "a": [0.5]})  # without the others
    assert len(predictions(run(capsys, "predict", model, new).out)[1]) == 1


def test_numbers_that_are_names(data, tmp_path, capsys):
    model = tmp_path / "model.npz"
    options = ["--target", "sum", "--categorical", "code", "--save", model]
    assert "inputs: 6" in first_line(capsys, data, *options)
    assert "code: 3 categories: 3, 7, 9; gaps become" in run(capsys, "info", model).out
    new = {"a": [0.5] * 3, "b": [0.5] * 3, "less": [0] * 3, "code": ["9", "9.0", "8"]}
    captured = run(capsys, "predict", model, write(tmp_path / "new.csv", new))
    _, (nine, same, unseen) = predictions(captured.out)
    assert nine == same != unseen and "a value that no row trained on had, as '8'" in captured.err


@pytest.mark.parametrize("codes", [(2**53, 2**53 + 1), (2**64 - 2, 2**64 - 1)])
def test_large_numbers_that_are_names_are_the_same_in_all_formats(codes, tmp_path, capsys):
    columns = {"c": [codes[i % 2] for i in range(40)], "y": ["lo", "hi"] * 20}
    frame, found = polars.DataFrame(columns, strict=False), []
    frame.write_csv(tmp_path / "d.csv")
    frame.write_parquet(tmp_path / "d.parquet")
    for path in tmp_path.glob("d.*"):
        model = tmp_path / "model.npz"
        run(capsys, "train", path, "--target", "y", "--categorical", "c", "--save", model)
        shown = run(capsys, "info", model).out
        assert f"c: 2 categories: {codes[0]}, {codes[1]}; gaps become" in shown
        for data in tmp_path.glob("d.*"):
            captured = run(capsys, "predict", model, data)
            assert "no row trained on had" not in captured.err
            found.append(predictions(captured.out)[1])
    assert found == [[["lo"], ["hi"]] * 20] * 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "6"], "has no column '6'"),
        (["--target", "0"], "has no column '0'"),
        (["--target", "sum", "--target", "2"], "--target must name different columns"),
        (["--target", "a", "--ignore", "a"], "--ignore must name another column than --target"),
        (["--target", "a", "--categorical", "a"], "--categorical must name another column than"),
        (["--target", "sum", "--target", "a", "--task", "classify"], "needs one --target, got 2"),
    ],
)
def test_columns_that_cannot_be(options, message, data, capsys):
    assert main(["train", str(data), *options, *SHORT]) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


@pytest.mark.parametrize("sizes", ["5-4", "5,4"])
@pytest.mark.parametrize("network", ["sigmoid", "mlp"])
def test_sizes_of_layers(sizes, network, tmp_path, capsys):
    data, path = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    options = ["--network", network, "--layers", sizes, *SHORT, "--save", path]
    run(capsys, "train", data, "--target", "label", *options)
    assert load_network(path).layers == [3, 5, 4, 1 if network == "mlp" else 2]


@pytest.mark.parametrize("epochs", ["1e2", "1_00", "100.0", "100"])
def test_numbers_of_epochs(epochs, tmp_path, capsys):
    data, path = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    options = ["--epochs", epochs, "--display-update", "2e1", "--save", path]
    output = run(capsys, "train", data, "--target", "label", *options).out
    assert NeuralNetwork.load(path).epochs_trained == 100 and output.count("epoch=") == 6


def test_defaults(tmp_path, capsys):
    data = two_groups(tmp_path / "data.csv", rows=60)
    shown = run(capsys, "train", data, "--target", "label").out
    assert "NeuralNetwork: 3-32-2, alpha 0.05, " in shown
    assert "rows: 40 to train on, 4 to validate with, 16 to test with" in shown
    assert "[INFO] early stopping after epoch " in shown or "[INFO] the end after epoch" in shown
    shown = run(capsys, "train", data, "--target", "label", "--network", "mlp").out
    assert "MLPClassifier: 3-100-1, relu, adam, alpha 0.001, up to 2000 epochs, " in shown


@pytest.mark.parametrize("network", ["sigmoid", "mlp"])
def test_balanced_classes_are_found_more_often(network, tmp_path, capsys):
    generator = np.random.default_rng(0)
    rare = np.arange(400) % 20 == 0
    x = generator.normal(size=400) + 1.5 * rare
    data = write(tmp_path / "data.csv", {"x": x, "label": np.where(rare, "rare", "usual")})
    model = tmp_path / "model.npz"
    recalls, balanced = [], []
    for weight in ([], ["--class-weight", "balanced"]):
        options = ["--network", network, "--epochs", 50, *weight, "--save", model]
        shown = run(capsys, "train", data, "--target", "label", *options).out
        assert "rows: 300 to train on, 100 to test with" in shown
        said = run(capsys, "predict", model, data).err
        recalls.append(float(re.search(r"rare +\S+ +(\S+) +20\n", said)[1]))
        balanced.append(float(re.search(r"balanced accuracy (\S+)", said)[1]))
    assert recalls[0] < 0.3 and recalls[1] > 0.6
    assert balanced[1] > balanced[0] + 0.1
    assert "class weight balanced" in run(capsys, "info", model).out
