"""From a table to samples."""

import tracemalloc

import numpy as np
import pytest

from bp_numba.preprocessing.samples import Wanted, make_samples
from bp_numba.tables.errors import TableError
from bp_numba.tables.table import Table
from tests.preprocessing.by_hand import numbered, table

WITHOUT = "; --validation-size 0 keeps none to validate with"


@pytest.mark.parametrize("scale", ["minmax", "standard"])
def test_scaling_is_learned_from_the_rows_trained_on_only(scale):
    values = np.random.default_rng(0).permutation(40.0 * np.arange(40))
    made = table({"a": values, "b": values[::-1], "y": values})
    wanted = Wanted(["y"], scale=scale, test_size=0.3, validation_size=0.2)
    samples = make_samples(made, wanted)
    if scale == "minmax":
        np.testing.assert_allclose([samples.X.min(axis=0), samples.X.max(axis=0)], [[0, 0], [1, 1]])
    else:
        np.testing.assert_allclose(samples.X.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(samples.X.std(axis=0), 1)
    np.testing.assert_allclose([samples.y.min(), samples.y.max()], [0.1, 0.9])
    others = np.concatenate([samples.validation[0], samples.X_test])
    assert len(others) == 40 - len(samples.X) and (others.min() < 0 or others.max() > 1)
    assert samples.sizes() == [len(samples.X), len(samples.validation[0]), len(samples.X_test)]


@pytest.mark.parametrize(
    ("task", "validation_size", "digest", "sizes"),
    [
        ("classify", 0.0, "c8e2a9069abdb37d", [45, 0, 15]),
        ("classify", 0.2, "37317a98102e2c0f", [36, 9, 15]),
        ("regress", 0.0, "1deb0a6075994b3a", [45, 0, 15]),
        ("regress", 0.2, "2528135ab3321f6e", [36, 9, 15]),
    ],
)
def test_numbers_give_the_samples_of_release_1(task, validation_size, digest, sizes):
    rows = np.arange(60)
    columns = {
        "a": rows * 7 % 13 / 10,
        "b": rows * rows % 17 - 8.0,
        "c": rows % 5,
        "flag": rows % 4 == 1,
        "flat": np.full(60, 7),
        "y": rows * 11 % 3 if task == "classify" else np.sqrt(rows),
    }
    spelt = {name: list(map(str, cells.tolist())) for name, cells in columns.items()}
    for made in (table(columns), table(spelt)):
        samples = make_samples(made, Wanted(["y"], validation_size=validation_size, seed=3))
        assert samples.task.name == task and samples.digest() == digest
        assert samples.sizes() == sizes and samples.notes == []


def test_each_row_goes_to_one_part_with_its_target():
    cells = [("u", "v", "", "w")[row % 4] for row in range(40)]
    made = table({"a": np.arange(0.0, 80, 2), "y": cells})
    samples = make_samples(made, Wanted(["y"], scale="none", validation_size=0.2, seed=1))
    X = np.concatenate([samples.X, samples.validation[0], samples.X_test])[:, 0]
    classes = [samples.y.argmax(axis=1), samples.validation[1].argmax(axis=1), samples.test_values]
    expected = {2 * row: "uvw".index(cells[row]) for row in range(40) if cells[row]}
    assert dict(zip(X.tolist(), np.concatenate(classes).tolist(), strict=True)) == expected
    assert samples.notes == [
        "10 rows have no target 'y', the first is row 4 (the header is row 1): left out"
    ]


def test_several_targets():
    made = table({"a": numbered(20), "y": numbered(20), "z": numbered(20)[::-1]})
    samples = make_samples(made, Wanted(["z", "y"]))
    assert samples.y.shape == (15, 2) and samples.test_values.shape == (5, 2)
    assert samples.preprocessing.columns == ["a"]
    assert samples.task.words() == " (guessed from 2 targets)"
    np.testing.assert_allclose(
        [samples.y.min(axis=0), samples.y.max(axis=0)], [[0.1] * 2, [0.9] * 2]
    )


def test_columns_that_are_left_out():
    made = table({"a": numbered(8), "b": numbered(8), "y": "u,v,u,v,u,v,u,v"})
    samples = make_samples(made, Wanted(["y"], ignore=["a", "a"]))
    assert samples.preprocessing.columns == ["b"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted(["y"], ignore=["aa"]), r"^t.csv has no column 'aa' \(did you mean 'a'\?\)"),
        (Wanted(["Y"]), r"^t.csv has no column 'Y' \(did you mean 'y'\?\)"),
        (Wanted(["y"], categorical=["c"]), "^t.csv has no column 'c'"),
        (Wanted(["y"], ignore=["y"]), "--ignore must name another column than --target, got 'y'"),
        (Wanted(["y"], categorical=["y"]), "--categorical must name another column than --target"),
        (Wanted(["y"], ignore=["a"], categorical=["a"]), "--categorical must .* than --ignore"),
        (Wanted(["y", "y"]), "--target must name different columns, got 'y' twice"),
        (
            Wanted(["y"], ignore=["a", "b"]),
            r"^t.csv must have columns beside 'y' and those of --ignore \(a, b\), got none$",
        ),
        (Wanted(["y", "a", "b"]), "must have columns beside 'y', 'a', 'b', got none$"),
        (
            Wanted(["a"], class_weight="balanced"),
            "--class-weight balanced needs classes, got targets that are numbers",
        ),
    ],
)
def test_columns_that_cannot_be_chosen(wanted, message):
    made = table({"a": numbered(8), "b": numbered(8), "y": "u,v,u,v,u,v,u,v"})
    with pytest.raises(TableError, match=message):
        make_samples(made, wanted)


def test_rare_classes_name_the_way_out():
    start = (
        "t.csv: each class of 'y' must have two or more rows, one to train on and one to test on, "
        "got one of class "
    )
    end = "; --test-size 0 trains on all rows, or leave such rows out"
    guessed = (
        " (taken for classes because of 4 different whole numbers; --task regress for numbers)"
    )
    here = "in row 3 (the header is row 1)"
    for cells, task, message in [
        ("1,40,1,2,2,3,3,1", None, f"{start}40 {here}{guessed}{end}"),
        ("1,40,1,2,2,3,3,1", "classify", f"{start}40 {here} (--task regress for numbers){end}"),
        ("a,b,a,c", "classify", f"{start}'b' {here}, and 1 more such classes{end}"),
        ("a,b,a,a", None, f"{start}'b' {here} (taken for classes because of text){end}"),
    ]:
        made = table({"a": numbered(cells.count(",") + 1), "y": cells})
        with pytest.raises(TableError) as error:
            make_samples(made, Wanted(["y"], task=task))
        assert str(error.value) == message
        assert make_samples(made, Wanted(["y"], task=task, test_size=0.0)).rows[0] == made.rows


@pytest.mark.parametrize(
    ("cells", "validation_size", "message"),
    [
        ("1.5,2", 0.0, "t.csv must have at least 3 rows, got 2"),
        ("1.5,2,,?", 0.0, "t.csv must have at least 3 rows with a target, got 2 of 4"),
        ("1.5,2,3", 0.2, f"t.csv must have at least 4 rows, got 3{WITHOUT}"),
    ],
)
def test_too_few_rows(cells, validation_size, message):
    made = table({"a": numbered(cells.count(",") + 1), "y": cells})
    with pytest.raises(TableError) as error:
        make_samples(made, Wanted(["y"], validation_size=validation_size))
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("cells", "test_size", "which", "got"),
    [
        (
            "a,a,b,b",
            0.25,
            "rows of a class left by --test-size 0.25",
            "2 of 4, each of a class of its own",
        ),
        ("a,b,?,c", 0.0, "rows of a class", "3, each of a class of its own"),
        (
            "a,a,a,b,b",
            0.99,
            "rows of a class left by --test-size 0.99",
            "2 of 5, each of a class of its own",
        ),
        (",".join(numbered(60)), 0.99, "rows left by --test-size 0.99", "1 of 60"),
    ],
)
def test_no_rows_left_to_validate_with(cells, test_size, which, got):
    made = table({"a": numbered(cells.count(",") + 1), "y": cells})
    with pytest.raises(TableError) as error:
        make_samples(made, Wanted(["y"], test_size=test_size, validation_size=0.5))
    needs = "one to train on and one to validate with"
    assert str(error.value) == f"t.csv must have two or more {which}, {needs}, got {got}{WITHOUT}"


def test_balanced_classes():
    made = table({"a": numbered(44), "y": ["rare" if i % 11 == 0 else "often" for i in range(44)]})
    plain = make_samples(made, Wanted(["y"]))
    samples = make_samples(made, Wanted(["y"], class_weight="balanced"))
    assert samples.sizes() == plain.sizes() == [33, 0, 11]
    assert samples.y.sum(axis=0).tolist() == [30, 30] and len(samples.X) == 60
    assert set(map(tuple, samples.X)) == set(map(tuple, plain.X))
    np.testing.assert_array_equal(samples.X_test, plain.X_test)


def test_rows_to_validate_with_are_balanced_too():
    made = table({"a": numbered(88), "y": ["rare" if i % 11 == 0 else "often" for i in range(88)]})
    wanted = Wanted(["y"], validation_size=0.5, class_weight="balanced")
    samples = make_samples(made, wanted)
    assert samples.sizes() == make_samples(made, wanted._replace(class_weight=None)).sizes()
    assert samples.validation[1].sum(axis=0).tolist() == [30, 30]


def test_digests_differ_where_training_would():
    columns = {"a": numbered(20), "y": "u,v" + ",u,v" * 9}
    digests = {
        make_samples(table(columns), Wanted(["y"], **options)).digest()
        for options in ({}, {"seed": 1}, {"scale": "none"}, {"validation_size": 0.2})
    }
    assert len(digests) == 4


def test_memory_is_that_of_one_matrix_and_a_column_or_two():
    rows, width = 20_000, 30

    def cells(number):
        return np.random.default_rng(number).normal(size=rows)

    columns = {f"x{i}": lambda i=i: cells(i) for i in range(width)}
    made = Table("t.csv", rows, columns | {"y": lambda: np.arange(rows) % 2 == 0})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bp_numba.preprocessing.inputs.KEPT_BYTES", 0)
        tracemalloc.start()
        try:
            make_samples(made, Wanted(["y"]))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 8 * rows * (width + 12)  # the targets of classes, rows, and columns in work
