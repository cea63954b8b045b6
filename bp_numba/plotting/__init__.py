"""What there is to look at: plots of a network, and what a notebook shows of one.

In the order to read:

- `loss_curve`: the loss against the epoch, on axes or straight into a file;
- `loss_curves`: those of many networks, and the best among them;
- `decision_boundary`: what a network of two inputs says, over the plane of its inputs;
- `curves`: the losses of an estimator, and what curves look like;
- `axes`: where displays draw if they are given no axes, and files of them; scales and ticks;
- `notebook`: a network as HTML, which needs none of them.

Matplotlib is imported when something is drawn. Nothing is re-exported here: a notebook that shows a
network imports this room, and would pay for displays that it does not use.
"""
