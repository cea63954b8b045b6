/* Backpropagation sample by sample: the loops one writes in C, in an order that vectorises.

   Matrix l is units[l] x units[l + 1], row-major, and follows matrix l - 1 in weights. The bias
   is a unit like any other. activations holds all layers one after the other, deltas too. */

#include <math.h>
#include <string.h>

static void forward(const double *restrict W, const double *restrict a, double *restrict next,
                    long rows, long columns)
{
    for (long j = 0; j < columns; j++)
        next[j] = 0.0;
    for (long i = 0; i < rows; i++)
        for (long j = 0; j < columns; j++)
            next[j] += a[i] * W[i * columns + j];
    for (long j = 0; j < columns; j++)
        next[j] = 1.0 / (1.0 + exp(-next[j]));
}

static void backward(const double *restrict W, const double *restrict a,
                     const double *restrict d_next, double *restrict d, long rows, long columns)
{
    for (long i = 0; i < rows; i++) {
        double error = 0.0;
        for (long j = 0; j < columns; j++)
            error += W[i * columns + j] * d_next[j];
        d[i] = error * a[i] * (1.0 - a[i]);
    }
}

static void update(double *restrict W, const double *restrict a, const double *restrict d_next,
                   long rows, long columns, double alpha)
{
    for (long i = 0; i < rows; i++) {
        const double step = alpha * a[i];
        for (long j = 0; j < columns; j++)
            W[i * columns + j] -= step * d_next[j];
    }
}

void online_sgd(long last, const long *units, double *weights, double *activations,
                double *deltas, const double *X, const double *y, long rows, long epochs,
                double alpha)
{
    double *W[last], *a[last + 1], *d[last + 1];
    W[0] = weights, a[0] = activations, d[0] = deltas;
    for (long l = 0; l < last; l++) {
        a[l + 1] = a[l] + units[l];
        d[l + 1] = d[l] + units[l];
        if (l + 1 < last)
            W[l + 1] = W[l] + units[l] * units[l + 1];
    }
    for (long epoch = 0; epoch < epochs; epoch++)
        for (long row = 0; row < rows; row++) {
            const double *target = y + row * units[last];
            memcpy(a[0], X + row * units[0], units[0] * sizeof(double));
            for (long l = 0; l < last; l++)
                forward(W[l], a[l], a[l + 1], units[l], units[l + 1]);
            for (long j = 0; j < units[last]; j++)
                d[last][j] = (a[last][j] - target[j]) * a[last][j] * (1.0 - a[last][j]);
            for (long l = last - 1; l > 0; l--)
                backward(W[l], a[l], d[l + 1], d[l], units[l], units[l + 1]);
            for (long l = 0; l < last; l++)
                update(W[l], a[l], d[l + 1], units[l], units[l + 1], alpha);
        }
}
