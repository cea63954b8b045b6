"""Integers that are known only when a kernel runs."""

import numpy as np
import pytest

from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index
from tests.simd.calling import call


@operation
def write_integers(a: Index, b: Index, out: Memory) -> None:
    results = [a + b, a + 3, a - b, a - 3, a * b, a * -2, a // 8, a.rounded_down(8)]
    choices = [a.where(a, "<", b), a.where(a, "==", 3), b.where(b.constant(3), "<", b)]
    limits = [a.at_most(b), a.at_most(3), a.at_least(b), a.at_least(1)]
    for number, result in enumerate([*results, *choices, *limits]):
        out[number] = result


@pytest.mark.parametrize("a", [-20, -8, -1, 0, 3, 7, 8, 59])
@pytest.mark.parametrize("b", [-9, 0, 3, 4])
def test_integers(a, b):
    out = np.full(16, -99)
    call(write_integers, None, a, b, out)
    results = [a + b, a + 3, a - b, a - 3, a * b, a * -2, a // 8, a // 8 * 8]
    choices = [a if a < b else 0, a if a == 3 else 0, b if b > 3 else 0]
    limits = [min(a, b), min(a, 3), max(a, b), max(a, 1)]
    assert out.tolist() == [*results, *choices, *limits, -99]
