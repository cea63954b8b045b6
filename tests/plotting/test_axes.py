"""When Matplotlib and its pyplot come in."""

from tests.conftest import run_python


def test_matplotlib_is_imported_when_something_is_drawn():
    code = """
import sys
from bp_numba import DecisionBoundaryDisplay, LossCurveDisplay
LossCurveDisplay(epochs=[1], losses=[0.5])
assert "matplotlib" not in sys.modules
"""
    run_python(code)


def test_pyplot_is_used_without_axes_only_and_never_shows(tmp_path):
    code = """
import sys
from matplotlib.figure import Figure
from bp_numba import DecisionBoundaryDisplay, LossCurveDisplay, NeuralNetwork
nn = NeuralNetwork([2, 1])
nn.fit([[0, 1]], [[1]], epochs=2, verbose=False)
LossCurveDisplay.from_network(nn, Figure().subplots())
DecisionBoundaryDisplay.from_network(nn, ax=Figure().subplots())
assert "matplotlib.pyplot" not in sys.modules
import matplotlib.pyplot as plt
plt.switch_backend("Agg")
plt.show = None
display = LossCurveDisplay.from_network(nn)
assert display.figure_ is plt.gcf()
assert DecisionBoundaryDisplay.from_network(nn).figure_ is plt.gcf() is not display.figure_
"""
    run_python(code)
