"""The chart: how many times as fast as the reference each rival trains."""

MARKERS = "oDsv^<>P"


def draw(results, path):
    """Write a dot plot of the cases that all rivals ran, on a logarithmic axis."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [row for row in results["rows"] if row["training"]]
    titles = list(dict.fromkeys(row["title"] for row in rows))
    rivals = list(dict.fromkeys(row["rival"] for row in rows))
    figure, axes = pyplot.subplots(figsize=(8, 1.2 + 0.4 * len(titles)), layout="constrained")
    for place, (rival, marker) in enumerate(zip(rivals, MARKERS, strict=False)):
        points = [row for row in rows if row["rival"] == rival]
        axes.plot(
            [row["times_reference"] for row in points],
            [titles.index(row["title"]) for row in points],
            marker,
            markersize=12 if place == 0 else 6,
            markeredgewidth=2 if place == 0 else 1,
            fillstyle="none" if place == 0 else "full",  # a ring, others show through
            label=rival,
        )
    axes.set(xscale="log", xlabel="times as fast as ReferenceNetwork (training, one thread)")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_yticks(range(len(titles)), titles)
    axes.invert_yaxis()
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False)
    # Without the version of matplotlib, the same figures give the same file.
    metadata = {"Software": None} if str(path).endswith(".png") else None
    figure.savefig(path, dpi=80, metadata=metadata)
    pyplot.close(figure)
