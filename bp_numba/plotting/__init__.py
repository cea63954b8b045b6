"""What there is to look at: plots of a network, and what a notebook shows of one.

In the order to read:

- `loss_curve`: the loss against the epoch, on axes or straight into a file;
- `decision_boundary`: what a network of two inputs says, over the plane of its inputs;
- `curves`: the losses of an estimator, and what curves look like;
- `axes`: where the two displays draw if they are given no axes; scales and ticks;
- `notebook`: a network as HTML, which needs none of them.

Matplotlib is imported when something is drawn. Nothing is re-exported here: a notebook that shows a
network imports this room, and would pay for displays that it does not use.
"""
