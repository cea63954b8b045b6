"""From the columns of a table to a network's inputs and targets, and from its outputs back.

Read `values` (what the cells of a column are), `encoders` and `inputs`, `targets` and `goals`,
`samples`, then `preprocessing`, which a model file keeps.
"""
