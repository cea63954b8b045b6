"""From a table to inputs and targets, to a model file and back."""

import copy
import json
import math
import random

import numpy as np
import pytest
from hypothesis import assume, given

from bp_numba.preprocessing.preprocessing import Preprocessing
from bp_numba.preprocessing.samples import Wanted, make_samples
from bp_numba.tables.errors import TableError
from tests.preprocessing.by_hand import numbered, table, tables

COLUMNS = {
    "a": "2.5,,3,8,1,2",
    "sex": "m,f,,f,m,f",
    "paid": "yes,no,?,yes,no,no",
    "size": "1,2,1,2,1,2",
    "flat": "3,3,3,3,3,3",
}
CLASSES = {**COLUMNS, "y": "u,v,u,v,u,v"}
NUMBERS = {**COLUMNS, "y": "1,2.5,3,4,5,6", "z": "-10,30,1,2,3,4"}


def learned(columns=CLASSES, targets=("y",), **wanted):
    """Return the preprocessing of a table, learned from all rows."""
    options = {"test_size": 0.0, "categorical": ("size",)} | wanted
    return make_samples(table(columns), Wanted(list(targets), **options)).preprocessing


FIRST_CLASSES = {
    "target": "t",
    "task": "classify",
    "columns": ["a", "b"],
    "scale": "minmax",
    "offsets": [1.0, -2.0],
    "divisors": [2.0, 0.5],
    "classes": ["u", "v", "w"],
    "target_range": [],
}
FIRST_NUMBERS = {
    "target": "t",
    "task": "regress",
    "columns": ["a"],
    "scale": "none",
    "offsets": [0.0],
    "divisors": [1.0],
    "classes": [],
    "target_range": [-10.0, 30.0],
}
LAYOUTS = {
    "classes": learned().to_dict(),
    "numbers": learned(NUMBERS, ("y", "z"), target_scale="standard").to_dict(),
    "first_classes": FIRST_CLASSES,
    "first_numbers": FIRST_NUMBERS,
}


def through_json(values):
    return Preprocessing.from_dict(json.loads(json.dumps(values)))


def test_inputs_and_their_names():
    preprocessing = learned()
    assert preprocessing.input_names == [
        *("a", "a is missing", "sex = f", "sex = m", "sex is missing", "paid", "paid is missing"),
        *("size = 1", "size = 2", "flat"),
    ]
    assert preprocessing.columns == list(COLUMNS)
    assert preprocessing.count_inputs() == "7 and 3 indicators"
    assert learned({"a": "1,2", "y": "u,v"}, categorical=()).count_inputs() == "1"
    gap = learned({"a": "1,,3", "y": "u,v,u"}, categorical=())
    assert gap.count_inputs() == "1 and 1 indicator"
    matrix, notes = preprocessing.inputs(table(COLUMNS))
    assert notes == [] and matrix[2].tolist() == [2 / 7, 0, 1, 0, 1, 0, 1, 1, 0, 0]


def test_descriptions_are_for_people():
    assert learned().describe() == [
        "inputs: 10, from 5 columns",
        "  a: numbers from 1 to 8; gaps become 2.5, marked by an indicator",
        "  sex: 2 categories: f, m; gaps become 'f', marked by an indicator",
        "  paid: booleans; gaps become False, marked by an indicator",
        "  size: 2 categories: 1, 2; gaps become '1'",
        "  flat: numbers, 3, the same in all rows trained on: ignored; gaps become 3",
        "target: y, 2 classes: u, v",
    ]
    amounts = learned(
        {"a": "2%,4%", "y": "1.5,3"}, categorical=(), scale="standard", target_scale="standard"
    )
    assert amounts.describe() == [
        "inputs: 1, from 1 column",
        "  a: numbers in % with mean 3 and standard deviation 1; gaps become 3",
        "target: y, numbers with mean 2.25 and standard deviation 0.75",
    ]
    assert learned(NUMBERS, scale="none").describe()[1].startswith("  a: numbers as they are; ")
    assert learned(NUMBERS).describe()[-1] == (
        "target: y, numbers from 1 to 6, 0.1 to 0.9 at the output"
    )


def test_descriptions_of_columns_and_classes_of_several_lines():
    made = make_samples(table({"a\nb": numbered(8), "y": ["u\nv", "w"] * 4}), Wanted(["y"]))
    lines = made.preprocessing.describe()
    assert lines[1].startswith("  a b: numbers from ")
    assert lines[-1] == "target: y, 2 classes: u v, w"


def test_columns_that_a_new_table_lacks():
    with pytest.raises(TableError, match=r"t.csv lacks the columns 'a', 'flat'; it has 'sex', 'x'"):
        learned().inputs(table({"sex": "m,f", "x": "1,2"} | dict.fromkeys(["paid", "size"], "1,1")))


def test_what_a_table_says_of_classes():
    preprocessing = learned()
    actual = preprocessing.actual(table({"y": "u,?,w,v,x"}))
    assert actual.values.tolist() == [0, -2, -1, 1, -1]
    assert actual.is_known.tolist() == [True, False, False, True, False]
    assert actual.notes == [
        "2 rows have a class of 'y' that the model does not know, the first is row 4 (the header "
        "is row 1): left out of the score",
        "row 3 (the header is row 1) has no target 'y': left out of the score",
    ]
    assert preprocessing.actual(table({"x": "1,2"})) is None


def test_what_a_table_says_of_numbers():
    preprocessing = learned(NUMBERS, ("y", "z"))
    actual = preprocessing.actual(table({"y": "1,x,3", "z": "1,2,"}))
    np.testing.assert_array_equal(actual.values, [[1, 1], [np.nan, 2], [3, np.nan]])
    assert actual.is_known.tolist() == [True, False, False]
    assert actual.notes == [
        "2 rows have no number as target 'y', 'z', the first is row 3 (the header is row 1): left "
        "out of the score"
    ]
    assert preprocessing.actual(table({"y": "1,2"})) is None


@given(tables())
def test_rows_in_are_rows_out_in_their_order(made):
    try:
        samples = make_samples(made, Wanted(["y"], test_size=0.0))
    except TableError:
        assume(False)
    preprocessing = samples.preprocessing
    matrix, _ = preprocessing.inputs(made)
    assert matrix.shape == (made.rows, len(preprocessing.input_names))
    assert np.isfinite(matrix).all() and matrix.flags.c_contiguous
    np.testing.assert_array_equal(through_json(preprocessing.to_dict()).inputs(made)[0], matrix)
    assert through_json(preprocessing.to_dict()) == preprocessing
    assert len(preprocessing.describe()) == len(preprocessing.columns) + 2
    flipped = {name: _reversed(made.cells(name)) for name in made.columns}
    backwards, _ = preprocessing.inputs(table(flipped))
    np.testing.assert_array_equal(backwards, matrix[::-1])


def _reversed(cells):
    if isinstance(cells, np.ndarray):
        return cells[::-1]
    return [cells.values[code] if code >= 0 else "" for code in cells.codes[::-1]]


@pytest.mark.parametrize("scale", ["sigmoid", "standard"])
def test_targets_and_back(scale):
    preprocessing = learned(NUMBERS, ("y", "z"), target_scale=scale)
    actual = preprocessing.actual(table(NUMBERS)).values
    outputs = preprocessing.targets(actual)
    assert preprocessing.outputs == 2 and preprocessing.target_names == ["y", "z"]
    np.testing.assert_allclose(preprocessing.decode(outputs), actual, atol=1e-12)
    assert preprocessing.task == "regress" and preprocessing.classes == []
    assert learned().task == "classify" and learned().classes == ["u", "v"]
    assert learned().decode(np.array([[0.1, 0.2]])) == ["v"] and learned().outputs == 2


def test_the_first_layout_predicts_the_same():
    preprocessing = through_json(FIRST_CLASSES)
    made = table({"b": "-2,-1.5,007", "a": np.array([1, 3, 5])})
    matrix, notes = preprocessing.inputs(made)
    assert matrix.tolist() == [[0, 0], [1, 1], [2, 18]] and notes == []
    assert preprocessing.decode(np.eye(3)) == ["u", "v", "w"]
    assert preprocessing.actual(table({"t": "w,u,w"})).values.tolist() == [2, 0, 2]
    numbers = through_json(FIRST_NUMBERS)
    assert numbers.inputs(table({"a": "true,false"}))[0].tolist() == [[1], [0]]
    np.testing.assert_array_equal(
        numbers.decode(np.array([[0.1], [0.9], [0.3]]))[:, 0],
        [-10 + (output - 0.1) / (0.9 - 0.1) * 40 for output in (0.1, 0.9, 0.3)],
    )
    for first in (preprocessing, numbers):
        assert through_json(first.to_dict()) == first
        assert "gaps are refused" in first.describe()[1]


def test_the_first_layout_has_no_fill():
    with pytest.raises(TableError, match=r"column 'b' has a missing value \(or NaN\) in row 3 \("):
        through_json(FIRST_CLASSES).inputs(table({"a": "1,2", "b": "1,?"}))


@pytest.mark.parametrize(
    ("layout", "path", "value", "message"),
    [
        ("classes", ["more"], 1, "must hold version, task"),
        ("classes", ["version"], 3, "version must be 2"),
        ("classes", ["version"], 2.0, "version must be 2"),
        ("classes", ["task"], "guess", "task must be one of"),
        ("classes", ["task"], ["classify"], "task must be one of"),
        ("classes", ["scale"], "log", "scale must be one of"),
        ("classes", ["columns"], [], "columns must be a list of one or more"),
        ("classes", ["columns", 0], 7, "kind of a column must be one of"),
        ("classes", ["columns", 0, "kind"], "date", "kind of a column must be one of"),
        ("classes", ["columns", 0, "kind"], "boolean", "a boolean column must hold kind, name"),
        ("classes", ["columns", 0, "name"], "sex", "columns must have different names"),
        ("classes", ["columns", 0, "name"], None, "the name of a column must be a text"),
        ("classes", ["columns", 0, "name"], "\ud800", "the name of a column must be a text"),
        ("classes", ["columns", 0, "indicator"], 1, "must be booleans"),
        ("classes", ["columns", 0, "fill"], None, "an indicator needs a fill"),
        ("classes", ["columns", 0, "fill"], 1, "fill must be a finite number"),
        ("classes", ["columns", 0, "fill"], math.nan, "fill must be a finite number"),
        ("classes", ["columns", 0, "unit"], 5, "unit must be a text"),
        ("classes", ["columns", 0, "offset"], math.inf, "offset and divisor must be finite"),
        ("classes", ["columns", 0, "offset"], 10**400, "offset and divisor must be finite"),
        ("classes", ["columns", 0, "divisor"], 0.0, "divisor must not be 0"),
        ("classes", ["columns", 0, "factor"], 3.0, "factor must be a power of two"),
        ("classes", ["columns", 0, "factor"], -2.0, "factor must be a power of two"),
        ("classes", ["columns", 1, "categories"], [], "categories must differ"),
        ("classes", ["columns", 1, "categories"], ["f", "f"], "categories must differ"),
        ("classes", ["columns", 1, "categories"], ["f", ["m"]], "categories must differ"),
        ("classes", ["columns", 1, "fill"], "x", "fill must be one of the categories"),
        ("classes", ["columns", 2, "fill"], 1.0, "fill must be a boolean"),
        ("classes", ["targets"], [], "targets must be a list of one or more"),
        ("classes", ["targets", 0], "y", "targets must hold one name"),
        ("classes", ["targets", 0, "name"], 1, "columns must have different names"),
        ("classes", ["target_scale"], "sigmoid", "target_scale must be none"),
        ("classes", ["classes"], ["u"], "two or more different values"),
        ("classes", ["classes"], ["u", "u"], "two or more different values"),
        ("classes", ["classes"], [1, True], "values of one type"),
        ("classes", ["classes"], [[1], [2]], "values of one type"),
        ("classes", ["classes"], [1.0, math.nan], "values of one type"),
        ("classes", ["classes"], {"u": 1, "v": 2}, "values of one type"),
        ("numbers", ["classes"], ["u", "v"], "classes must be empty"),
        ("numbers", ["target_scale"], None, "target_scale"),
        ("numbers", ["targets", 0], {"name": "y"}, "targets must be scaled"),
        ("numbers", ["targets", 1, "name"], "y", "different names"),
        ("numbers", ["targets", 1, "divisor"], 0.0, "divisor must not be 0"),
        ("first_classes", ["more"], 1, "must hold version"),
        ("first_classes", ["columns"], ["a", "a"], "different names"),
        ("first_classes", ["columns"], "ab", "columns must be a list"),
        ("first_classes", ["target"], None, "different names"),
        ("first_classes", ["offsets"], [0.0], "offsets must be a list"),
        ("first_classes", ["divisors"], [1.0, "1"], "must be finite numbers"),
        ("first_classes", ["divisors"], [1.0, 0.0], "divisor must not be 0"),
        ("first_classes", ["classes"], ["u"], "two or more"),
        ("first_classes", ["target_range"], [0.0, 1.0], "target_range must be empty"),
        ("first_numbers", ["classes"], ["u", "v"], "classes must be empty"),
        ("first_numbers", ["target_range"], [1.0, 1.0], "target_range must be two"),
        ("first_numbers", ["target_range"], [0.0, math.inf], "target_range must be two"),
        ("first_numbers", ["target_range"], [-1.7e308, 1.7e308], "must be finite"),
    ],
)
def test_dicts_of_others(layout, path, value, message):
    with pytest.raises(ValueError, match=message):
        Preprocessing.from_dict(_changed(LAYOUTS[layout], path, value))


def _changed(values, path, value):
    values = holder = copy.deepcopy(values)
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return values


@pytest.mark.parametrize("values", [None, [], {}, "table", 1, {"version": 2}])
def test_what_is_no_dict_of_ours(values):
    with pytest.raises(ValueError, match="must hold version, task"):
        Preprocessing.from_dict(values)


JUNK = [
    *(None, True, False, 0, 1, -1, 2, 10**30, 10**400, 0.0, -1.0, 0.5, 1e308, 5e-324, 2.0**900),
    *(math.nan, math.inf, "", "a", "y", "u", "number", "category", "regress", "\udc80", "%"),
    *([], [1.0], [1.0, 2.0], ["u", "v"], [True, False], [1, 2, 3], {}, {"name": "a"}, [[]], [{}]),
]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_mutated_json_is_refused_or_works(layout):
    accepted = 0
    for seed in range(500):
        values = _mutated(LAYOUTS[layout], random.Random(seed))
        try:
            preprocessing = Preprocessing.from_dict(values)
        except ValueError:
            continue
        accepted += 1
        cells = dict.fromkeys(preprocessing.columns, "1,0,1")
        targets = {name: "u,v,1" for name in preprocessing.target_names if name not in cells}
        made = table(cells | targets)
        matrix, _ = preprocessing.inputs(made)
        assert matrix.shape == (3, len(preprocessing.input_names)) and np.isfinite(matrix).all()
        outputs = np.linspace(0, 1, 2 * preprocessing.outputs).reshape(2, -1)
        assert len(preprocessing.decode(outputs)) == 2
        assert preprocessing.actual(made) is not None
        assert all(line.encode() for line in preprocessing.describe())
        assert through_json(preprocessing.to_dict()) == preprocessing
    assert 5 < accepted < 400


def _mutated(values, generator):
    """Return a copy in which a value or two are others, or are gone."""
    values = copy.deepcopy(values)
    for _ in range(generator.randint(1, 2)):
        holder = values
        while True:
            key = generator.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
            if not (
                holder[key] and isinstance(holder[key], dict | list)
            ) or not generator.randrange(4):
                break
            holder = holder[key]
        if generator.randrange(4):
            holder[key] = copy.deepcopy(generator.choice(JUNK))
        elif len(holder) > 1:
            del holder[key]
    return values
