"""Many networks trained by one call, each as `fit` would train it.

To be read in this order: `fit` is what users call; `members` are its networks, checked, with their
samples; `tasks` are some of them that are trained together, in `lanes` on samples that are `listed`
for that, or one `alone`; a `crew` does the tasks, in this thread or with joblib; `watching` is who
is told. `files` loads many networks.
"""
