"""Tables that people have, read from files as named columns of cells.

Read `table`, then `reading`, which takes the bytes of `sources` to one of three formats: `arrays`
(.npz), `parquet`, and `text_files`. These ask `encoding`, `dialect` (what separates columns),
`decimals` (what separates decimals), `records`, `header` and `names`, and keep cells as `texts`.
`looks` and `gaps` tell numbers and empty cells from other text; `errors` has what is raised.
"""
