"""From the columns of a table to a network's inputs and targets, and from its outputs back.

Read `values` (what the cells of a column are), with `numerals` and `dates`; `columns` (which are
inputs), `encoders` and `inputs`, with `scaling`; `targets`, with `labels`, and `goals`, with
`guessing` (classes or numbers) and its `evidence`; `splitting` and `samples`; then `preprocessing`,
which a model file keeps in one of the `layouts`, and `describing`, which puts it into words.
`measures` tells how far predictions are from the targets.
"""
