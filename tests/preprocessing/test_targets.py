"""Targets: which task, which classes, and what a new table says of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bp_numba.preprocessing.goals import read_goal
from bp_numba.preprocessing.guessing import FOR_CLASSES, FOR_NUMBERS, Task, guess_task
from bp_numba.preprocessing.targets import HIGH, LOW, MISSING, UNKNOWN, ClassTarget, NumberTargets
from bp_numba.preprocessing.values import read_column
from bp_numba.tables.errors import TableError
from tests.preprocessing.by_hand import numbered, table

NAN = float("nan")
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("cells", "task", "reason", "override"),
    [
        ("a,b,c", "classify", "text", ""),
        ("a,1,b,c", "classify", "text", ""),
        ("true,False", "classify", "booleans", ""),
        ("yes,No,", "classify", "booleans", ""),
        (np.array([True, False]), "classify", "booleans", ""),
        ("0,1,1,0", "classify", "2 different whole numbers", FOR_NUMBERS),
        ("0,1,?,1,0", "classify", "2 different whole numbers", FOR_NUMBERS),
        ("0.0,1.0,1.0,0.0", "classify", "2 different whole numbers", FOR_NUMBERS),
        ([2**53, 2**53 + 1] * 2, "classify", "2 different whole numbers", FOR_NUMBERS),
        (np.array([2**53, 2**53 + 1] * 2), "classify", "2 different whole numbers", FOR_NUMBERS),
        (np.arange(2**53, 2**53 + 40), "regress", "40 different whole numbers", FOR_CLASSES),
        (np.array([1.0, NAN, 2.5]), "regress", "2 different numbers", FOR_CLASSES),
        ("0,1,2,1", "regress", "3 different whole numbers", FOR_CLASSES),
        (["0.5", "1.0"] * 9, "regress", "2 different numbers", FOR_CLASSES),
        (list(range(21)) * 9, "regress", "21 different whole numbers", FOR_CLASSES),
        ("$1,$2,$1,$2", "regress", "2 different whole numbers", FOR_CLASSES),
        (["1,000", "2,000"] * 3, "regress", "2 different whole numbers", FOR_CLASSES),
        ("01,10,01", "classify", "'01' in row 2", FOR_NUMBERS),
        ("10,0.5,01", "classify", "'01' in row 4", FOR_NUMBERS),
        ("1.5,2.5,3,unknown", "classify", "'unknown' in row 5", FOR_NUMBERS),
        ("5 kg,7 kg", "classify", "'5 kg' in row 2, a number and 'kg'", FOR_NUMBERS),
        ("5,$5,6", "classify", "'$5' in row 3", FOR_NUMBERS),
    ],
)
def test_guesses(cells, task, reason, override):
    guess = guess_task(read_column(table({"y": cells}), "y"))
    assert guess == Task(task, reason, override)


def test_guesses_name_the_option_of_decimals():
    (column,) = read_goal(table({"y": ["0,5", "1,25"]}), ["y"], None).columns
    assert guess_task(column).reason == "'0,5' in row 2, a number with --decimal ','"


def test_words_of_a_guess():
    guess = Task("classify", "'x' in row 2", FOR_NUMBERS)
    assert guess.words() == " (guessed from 'x' in row 2; --task regress for numbers)"
    assert guess.because() == (
        " (taken for classes because of 'x' in row 2; --task regress for numbers)"
    )
    assert Task("classify", "text").words() == " (guessed from text)"
    assert Task("regress").words() == Task("regress").because() == ""


@pytest.mark.parametrize(
    ("cells", "labels", "numbers"),
    [
        ("b,a,b", ("a", "b"), [1, 0, 1]),
        ("10,01,10", ("01", "10"), [1, 0, 1]),
        ("10,2,?,10", (2, 10), [1, 0, MISSING, 1]),
        ("1.0,2,1", (1.0, 2.0), [0, 1, 0]),
        (["1,000", "5", "5"], (5, 1000), [1, 0, 0]),
        ("\u22121,1,-1", (-1, 1), [0, 1, 0]),
        ("5%,6%,5%", (5.0, 6.0), [0, 1, 0]),
        ("true,False,TRUE", (False, True), [1, 0, 1]),
        ("Yes,no,yes,Yes", ("Yes", "no"), [0, 1, 0, 0]),
        ("9007199254740993,9007199254740992,", (2**53, 2**53 + 1), [1, 0, MISSING]),
        (
            ["9'007'199'254'740'993", "-9'007'199'254'740'992", "5"],
            (-(2**53), 5, 2**53 + 1),
            [2, 0, 1],
        ),
        (np.array([3, -1, 3]), (-1, 3), [1, 0, 1]),
        (np.array([3.0, NAN, 1.0]), (1.0, 3.0), [1, MISSING, 0]),
        (np.array([True, False]), (False, True), [1, 0]),
    ],
)
def test_classes_and_their_type(cells, labels, numbers):
    goal = read_goal(table({"y": cells}), ["y"], "classify")
    assert goal.classes.labels == labels
    assert set(map(type, goal.classes.labels)) == {type(labels[0])}
    assert goal.values.tolist() == numbers


@pytest.mark.parametrize(
    ("labels", "cells", "numbers"),
    [
        (("01", "10"), "10,10,1", [1, 1, UNKNOWN]),
        (("1", "2", "x"), "1,2,2", [0, 1, 1]),
        (("1", "2", "x"), np.array([1, 2, 3]), [0, 1, UNKNOWN]),
        (("1", "2", "x"), np.array([1.0, NAN, 2.0]), [0, MISSING, 1]),
        (("1.0", "x"), np.array([1.0, 0.5]), [0, UNKNOWN]),
        ((1, 2), "1,1,?", [0, 0, MISSING]),
        ((1, 2), "1,x,2.0,01", [0, UNKNOWN, 1, 0]),
        ((1, 2), np.array([1.0, NAN, 1.5]), [0, MISSING, UNKNOWN]),
        ((0.5, 2.0), "2,0.50,,nan", [1, 0, MISSING, MISSING]),
        ((1000, 5), ["1,000", "$5"], [0, 1]),
        ((0, 1), np.array([True, False]), [1, 0]),
        ((False, True), "True,yes,FALSE,0,2,NA", [1, 1, 0, 0, UNKNOWN, MISSING]),
        ((False, True), np.array([0, 1, 2]), [0, 1, UNKNOWN]),
        (("No", "Yes"), "YES,no,maybe", [1, 0, UNKNOWN]),
        (("No", "Yes"), np.array([True, False]), [1, 0]),
        (("NA", "x"), "NA,?,x", [0, MISSING, 1]),  # of a model that took NA for a class
        (("hi", "lo"), "HI,hi,?", [UNKNOWN, 0, MISSING]),
        (("yes", "x"), "YES,x", [UNKNOWN, 1]),
        (("No", "no", "yes"), "NO,no,yes", [UNKNOWN, 1, 2]),
    ],
)
def test_a_new_table_is_read_as_the_classes_of_the_model(labels, cells, numbers):
    target = ClassTarget("y", labels)
    assert target.read(table({"y": cells})).tolist() == numbers


def test_outputs_of_classes():
    target = ClassTarget("y", ("u", "v", "w"))
    outputs = target.targets(np.array([2, 0]))
    assert outputs.tolist() == [[0, 0, 1], [1, 0, 0]] and target.decode(outputs) == ["w", "u"]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("1,1,?", r"'y' must have two or more classes to be the target, got only 1$"),
        ("a,a", r"'y' must have two or more classes to be the target, got only 'a'$"),
        (",?", r"'y' must have values to be the target, got none in any row$"),
        ("1,inf,1", r"'y' has an infinite value in row 3 \(the header is row 1\)$"),
    ],
)
def test_what_are_no_classes(cells, message):
    with pytest.raises(TableError, match=f"^t.csv: column {message}"):
        read_goal(table({"y": cells}), ["y"], "classify")


def test_dates_are_no_target():
    with pytest.raises(TableError, match="'y' must hold classes or numbers to be the target, got"):
        read_goal(table({"y": "2024-01-01,2024-02-01"}), ["y"], None)


def test_texts_are_no_numbers():
    with pytest.raises(
        TableError, match=r"'x' in row 3 .*; leave its rows out, or --task classify"
    ):
        read_goal(table({"y": "1,x,2.5"}), ["y"], "regress")
    with pytest.raises(TableError, match=r"'x' in row 3 .*; leave its rows out, or --ignore z"):
        read_goal(table({"y": "1,2,3", "z": "1,x,2.5"}), ["y", "z"], None)
    with pytest.raises(TableError, match="--task classify needs one --target, got 2"):
        read_goal(table({"y": "1,2,3", "z": "1,2,2.5"}), ["y", "z"], "classify")


@pytest.mark.parametrize(
    ("columns", "note"),
    [
        ({"y": "1,N/A,2.5"}, "row 3 (the header is row 1) has no target 'y', only 'N/A': left out"),
        ({"y": "a,,b"}, "row 3 (the header is row 1) has no target 'y': left out"),
        (
            {"y": "?,a,,b"},
            "2 rows have no target 'y', the first is row 2 (the header is row 1), only '?': left "
            "out",
        ),
        (
            {"y": "1,?,2.5,3", "z": "1,2,3,"},
            "2 rows have no target of the 2, the first is row 3 (the header is row 1), only '?': "
            "left out",
        ),
    ],
)
def test_rows_without_a_target_are_told(columns, note):
    goal = read_goal(table(columns), list(columns), None)
    assert goal.notes == [note]
    assert len(goal.rows) == len(goal.values) - (2 if "2 rows" in note else 1)


def test_styles_of_targets_are_told():
    goal = read_goal(table({"y": ["$1,000", "$5"]}), ["y"], None)
    assert goal.notes == ["target 'y': thousands separators removed", "target 'y': '$' removed"]
    assert goal.values.tolist() == [[1000], [5]]


@given(st.lists(FINITE, min_size=2, max_size=20), st.sampled_from(["sigmoid", "standard"]))
def test_numbers_and_back(numbers, scale):
    goal = read_goal(table({"x": numbers, "y": numbers}), ["x", "y"], None)
    if min(numbers) == max(numbers):
        with pytest.raises(TableError, match="'x' must have different values to be the target"):
            goal.learn(goal.rows, scale)
        return
    target = goal.learn(goal.rows, scale)
    outputs = target.targets(goal.values)
    assert outputs.shape == (len(numbers), 2)
    if scale == "sigmoid":
        np.testing.assert_allclose([outputs.min(), outputs.max()], [LOW, HIGH])
    else:
        np.testing.assert_allclose(outputs.mean(axis=0), 0, atol=1e-9)
        np.testing.assert_allclose(outputs.std(axis=0), 1)
    atol = 1e-12 * max(map(abs, numbers))
    np.testing.assert_allclose(target.decode(outputs), goal.values, rtol=1e-12, atol=atol)
    assert np.isfinite(target.decode(10 * outputs)).all()


def test_numbers_of_a_new_table():
    target = NumberTargets(("y",), ())
    for cells, numbers in [
        ("1,x,?,2.5", [1, NAN, NAN, 2.5]),
        ("1,inf,2,007", [1, NAN, 2, 7]),
        ("(1),(2),,(3)", [-1, -2, NAN, -3]),
        (["1,000", "TBD", "-", "2,500"], [1000, NAN, NAN, 2500]),
        (["$1", "$2.5", "free", ""], [1, 2.5, NAN, NAN]),
        (["1,000", "TBD", "5%", "7"], [NAN, NAN, NAN, 7]),
        ("a,b,c,d", [NAN] * 4),
        (np.array([NAN] * 4), [NAN] * 4),
        (",,?,", [NAN] * 4),
    ]:
        np.testing.assert_array_equal(target.read(table({"y": cells}))[:, 0], numbers)


def test_numbers_are_learned_from_the_rows_trained_on():
    goal = read_goal(table({"y": numbered(20)}), ["y"], None)
    target = goal.learn(np.array([3, 5]), "sigmoid")
    np.testing.assert_allclose(sorted(target.targets(goal.values[[3, 5]]).ravel()), [LOW, HIGH])
