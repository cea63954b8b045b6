"""Kernels on the user's own matrices: row after row, without padding, a sample at a time.

The same steps as in `kernels`, of which see the symbols. Vectors at the end of a row are loaded
and stored only as far as the row goes. For a single sample that costs less than packing.
"""

from bp_numba.kernels.layout import FlatNetwork, Floats
from bp_numba.kernels.sigmoid import sigmoid
from bp_numba.kernels.tiles import ROWS, derivative, lanes, load, nothing, same, tile, total
from bp_numba.simd.arithmetic import first_lanes, fma, sum_rows
from bp_numba.simd.internals import kernel
from bp_numba.simd.tracing import Index, Memory, Vector, operation


@operation(tile(ROWS))
def partial_sums(memory: Memory) -> list[Vector]:
    """Return the zeros that a matrix-vector product begins with."""
    return [memory.zero()] * ROWS


@operation(tile(1))
def partial_sum(memory: Memory) -> list[Vector]:
    """Return the zero that the rows beyond the last group of `ROWS` are added to."""
    return [memory.zero()]


@operation(same)
def multiply_rows(
    sums: list[Vector],
    activations: Memory,
    i: Index,
    matrix: Memory,
    at: Index,
    columns: Index,
    count: Index,
) -> list[Vector]:
    """Return sums[r] + activations[i + r] * (the first count elements at `at` + r * columns)."""
    return [
        fma(matrix.load_first(at + columns * r, count), activations.broadcast(i + r), partial)
        for r, partial in enumerate(sums)
    ]


@operation(nothing)
def activate_sums(
    sums: list[Vector], rest: list[Vector], activations: Memory, at: Index, count: Index
) -> None:
    """Write sigmoid(sum of sums and rest) in the first count lanes and zeros in the others."""
    net = total([sums[0] + rest[0], *sums[1:]])
    activations.store(at, first_lanes(sigmoid(net), count))


@operation(tile())
def dot_products(memory: Memory) -> list[Vector]:
    """Return the zeros that the dot products of `lanes` rows begin with."""
    return [memory.zero()] * memory.vector.count


@operation(tile())
def broadcast_rows(activations: Memory, i: Index) -> list[Vector]:
    """Return activations[i + r], each in all lanes of a vector, for `lanes` rows."""
    return [activations.broadcast(i + r) for r in range(activations.vector.count)]


@operation(same)
def multiply_and_update_rows(
    products: list[Vector],
    a: list[Vector],
    matrix: Memory,
    at: Index,
    columns: Index,
    rows: Index,
    count: Index,
    step: Vector,
) -> list[Vector]:
    """Return products[r] + w * step of the first rows, and update the rows.

    w are the first count elements at `at` + columns * r; then they get w + a[r] * step.
    """
    for r, partial in enumerate(products):
        first = count.where_less(r, rows)
        w = matrix.load_first(at + columns * r, first)
        products[r] = fma(w, step, partial)
        matrix.store_first(at + columns * r, first, fma(a[r], step, w))
    return products


@operation(lambda products: products.dtype)
def sum_products(products: list[Vector]) -> Vector:
    """Return the vector whose lane r is the sum of products[r]."""
    return sum_rows(products)


@operation(nothing)
def hidden_step(
    products: Vector, activations: Memory, at: Index, count: Index, steps: Memory, to: Index
) -> None:
    """Write products a (1 - a) in the first count lanes, and zeros in the others."""
    step = products * derivative(activations.load(at))
    steps.store(to, first_lanes(step, count))


@operation(nothing)
def update_row(
    matrix: Memory, at: Index, count: Index, activations: Memory, i: Index, step: Vector
) -> None:
    """Change the first count elements at `at` by activations[i] * step."""
    w = matrix.load_first(at, count)
    matrix.store_first(at, count, fma(activations.broadcast(i), step, w))


@kernel
def forward_rows(net: FlatNetwork, matrix: Floats, l: int) -> None:
    """Write a_{l+1}[j] = sigmoid(sum over i of a_l[i] * W_l[i, j])."""
    rows, columns, a = net.units[l], net.units[l + 1], net.unit_offsets[l]
    for j in range(0, columns, lanes(matrix)):
        sums, rest = partial_sums(matrix), partial_sum(matrix)
        at, count = j, columns - j
        for i in range(0, rows - ROWS + 1, ROWS):
            sums = multiply_rows(sums, net.activations, a + i, matrix, at, columns, count)
            at += ROWS * columns
        for i in range(rows // ROWS * ROWS, rows):
            rest = multiply_rows(rest, net.activations, a + i, matrix, at, columns, count)
            at += columns
        activate_sums(sums, rest, net.activations, net.unit_offsets[l + 1] + j, count)


@kernel
def backward_rows(net: FlatNetwork, matrix: Floats, l: int) -> None:
    """Write s_l[i] = (sum over j of W_l[i, j] s_{l+1}[j]) a_l[i] (1 - a_l[i]), and update W_l."""
    v, rows, columns = lanes(matrix), net.units[l], net.units[l + 1]
    for i in range(0, rows, v):
        a_at = net.unit_offsets[l] + i
        products = dot_products(matrix)
        a = broadcast_rows(net.activations, a_at)
        for j in range(0, columns, v):
            at, step = i * columns + j, load(net.steps, net.unit_offsets[l + 1] + j)
            products = multiply_and_update_rows(
                products, a, matrix, at, columns, rows - i, columns - j, step
            )
        hidden_step(sum_products(products), net.activations, a_at, rows - i, net.steps, a_at)


@kernel
def update_rows(net: FlatNetwork, matrix: Floats) -> None:
    """Change W_0[i, j] += a_0[i] s_1[j]."""
    columns = net.units[1]
    for i in range(net.units[0]):
        for j in range(0, columns, lanes(matrix)):
            step = load(net.steps, net.unit_offsets[1] + j)
            update_row(matrix, i * columns + j, columns - j, net.activations, i, step)
