"""Time of an epoch: NeuralNetwork beside ReferenceNetwork. Run ``python -m bench.speed``."""

from statistics import median

from bench.problems import PROBLEMS, describe_machine, make, seconds_of_fit, verify
from bp_numba import NeuralNetwork, ReferenceNetwork

ROUNDS = 7
EPOCHS = {"xor": (100_000, 500), "digits": (50, 2)}
"""Epochs in a round of NeuralNetwork and of ReferenceNetwork: a fraction of a second each."""


def main():
    """Print a line for each problem: microseconds per sample and the ratio of the two."""
    print(describe_machine())
    for name, problem in PROBLEMS.items():
        split = problem.load(0)
        compiled, reference = (make(kind, problem) for kind in (NeuralNetwork, ReferenceNetwork))
        ours, theirs = EPOCHS[name]
        verify(problem, split, theirs)
        times = [
            (
                seconds_of_fit(compiled, split, ours) / ours,
                seconds_of_fit(reference, split, theirs) / theirs,
            )
            for _ in range(ROUNDS)
        ]
        microseconds = [median(column) / len(split.X) * 1e6 for column in zip(*times, strict=True)]
        ratios = sorted(theirs / ours for ours, theirs in times)
        print(
            f"{name} {'-'.join(map(str, problem.layers))}: {microseconds[0]:.3f} us per sample, "
            f"ReferenceNetwork {microseconds[1]:.2f} us, {median(ratios):.1f} times as long "
            f"({ratios[0]:.1f} to {ratios[-1]:.1f} in {ROUNDS} rounds)"
        )


if __name__ == "__main__":
    main()
