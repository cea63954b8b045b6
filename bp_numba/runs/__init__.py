"""What accompanies a run of training: who watches it, when it stops, and files that outlive it.

Read `monitor` (the [INFO] lines, and everyone else who is told), `history` and `stopping`, then
`state` (what a network's files hold, field by field), `stateful` (how networks are copied, saved
and loaded), `model_files` and `checkpoint`; `many_files` and `many_checkpoint` are the same for
many networks. `archives` are read without trusting them; `files` are replaced in one step;
`json_values` checks what is read.
"""
