"""Tables that people have, read from files as named columns of cells.

Read `table`, `reading`, `text_files`, and what that asks: `dialect`, `records`, `header`, `names`.
"""
