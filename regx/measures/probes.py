"""Measures from the probes of a run, from probes.csv."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from statistics import fmean

from regx.config.errors import UsageError
from regx.measures.measure import Course, Line, Measure, Number, Reference, SeedRuns
from regx.runs.load import Run
from regx.runs.probes import ProbeValue

__all__ = ["PROBE_FUNCTIONS", "PROBE_MEASURES", "of_probe"]

WHOLE = "network"  # stands for the layer of a quantity that belongs to no single one
OUTPUT = "output"
AFTER_STEP = 100  # the first steps of a run are unlike the rest
MIN_POINTS = 3  # of a line

_Of = Callable[[SeedRuns, Reference], Number]
_Fold = Callable[[Iterable[float]], float]
_Point = tuple[int, str]  # step and layer
_MC = ("mc_arithmetic", "mc_geometric")
_AVERAGED = (("error", "fraction", "error"), ("nll", "nats", "loss"))


def _last(values: Iterable[float]) -> float:
    *_, last = values
    return last


PROBE_FUNCTIONS: dict[str, tuple[_Fold, str]] = {
    "last": (_last, "Last value of a quantity of probes.csv; last(Q, LAYER): of one layer."),
    "mean": (fmean, "Mean of its values over time."),
    "max": (max, "Largest of its values, over time and layers."),
}


def of_probe(function: str, quantity: str, layer: str = "") -> Measure:
    """Measure a quantity of probes.csv.

    Args:
        function: What is made of its values over time: the `last`, their `mean` or their `max`.
        quantity: As probes.csv has it.
        layer: Of one layer only. Otherwise the value of the whole network where there is one, else the mean
            (of `max`, the maximum) over layers.
    """
    name = f"{function}({', '.join(filter(None, (quantity, layer)))})"

    return Measure(
        name=name,
        unit="",
        better=None,
        meaning=f"The {function} of `{quantity}` in probes.csv.",
        over="probes",
        of=_quantity(quantity, PROBE_FUNCTIONS[function][0], layer=layer),
        reads_test=quantity.startswith(("mc_", "weight_scaling_", "subset_readout", "interaction_index")),
    )


def _folded(
    run: Run,
    quantity: str,
    fold: _Fold,
    *,
    layer: str = "",
    hidden: bool = False,
    after: int = -1,
    without: Collection[_Point] = (),
) -> Number:
    """Fold a quantity over time, then over layers.

    Args:
        run: Which.
        quantity: Likewise.
        fold: Over the steps.
        layer: The only layer to look at; empty for all.
        hidden: Whether the output layer is left out.
        after: Steps up to this one are left out, if there are later ones.
        without: Points at which the quantity has no meaning.
    """
    if not run.record.has_learned:
        return Number(value=None, note=run.record.ending)
    found = [row for row in run.probed if row.quantity == quantity and _point(row) not in without]
    layers = list(dict.fromkeys(row.layer for row in found))
    wanted = [layer] if layer else [WHOLE] if WHOLE in layers else layers
    if hidden and not layer:
        wanted = [name for name in wanted if name != OUTPUT]
    if not found or (layer and layer not in layers):
        return _unknown(quantity, layer, layers)
    each = [fold(_over_time(found, name, after)) for name in wanted]
    value = max(each) if fold is max else fmean(each)
    return Number(value=value) if math.isfinite(value) else Number(value=None, note="not finite")


def _point(row: ProbeValue) -> _Point:
    return row.step, row.layer


def _over_time(rows: Iterable[ProbeValue], layer: str, after: int) -> list[float]:
    values = [(row.step, row.value) for row in rows if row.layer == layer]
    late = [value for step, value in values if step > after]
    return late or [value for _, value in values]


def _unknown(quantity: str, layer: str, layers: list[str]) -> Number:
    """Say what is missing: a probe that is not on, or a run too short for it."""
    if layers:
        return Number(value=None, note=f"no {quantity} of layer {layer!r} (layers: {', '.join(layers)})")
    return Number(value=None, note=f"no {quantity} in probes.csv: no probe for it, or too few steps")


def _quantity(
    quantity: str, fold: _Fold = _last, *, layer: str = "", hidden: bool = False, after: int = -1
) -> _Of:
    return lambda runs, _: _folded(runs.only, quantity, fold, layer=layer, hidden=hidden, after=after)


def _gradient_shift(runs: SeedRuns, _: Reference) -> Number:
    """Average over time and layers, where there is a gradient to compare with.

    A layer whose gradient is exactly 0 on a mini-batch (one that is learned to the last bit of fp32, say)
    cannot shift: ||G - G'|| / ||G|| has no value there. Such points are left out and counted. A value that is
    not finite for another reason makes the whole number missing.
    """
    run = runs.only
    points = {_point(row) for row in run.probed if row.quantity == "relative_gradient_shift"}
    norms = (row for row in run.probed if row.quantity == "batch_gradient_norm")
    still = {_point(row) for row in norms if row.value == 0} & points
    if still and still == points:
        return Number(value=None, note="no gradient at any step")
    found = _folded(run, "relative_gradient_shift", fmean, without=still)
    if found.value is None or not still:
        return found
    return Number(value=found.value, note=f"without {len(still)} of {len(points)} points: no gradient")


def _step_shrinkage(runs: SeedRuns, _: Reference) -> Number:
    """Take the logarithm of how much shorter the last steps are than the first."""
    run = runs.only
    first = _folded(run, "step_length_first_tenth", _last)
    last = _folded(run, "step_length_last_tenth", _last)
    if first.value is None or last.value is None or not (first.value > 0 and last.value > 0):
        return Number(value=None, note=first.note or last.note or "no movement")
    return Number(value=math.log(first.value / last.value))


def _max_norm_excess(runs: SeedRuns, _: Reference) -> Number:
    """Return how far a norm ever was above max-norm; in a diverged run, as long as it was finite."""
    run = runs.only
    radius = run.config.optim.max_norm
    if radius is None:
        raise UsageError(f"{run.path}: max_norm_excess needs optim.max_norm")
    peaks = [row.value for row in run.probed if row.quantity == "peak_incoming_norm"]
    if not peaks:
        return _unknown("peak_incoming_norm", "", [])
    finite = [peak for peak in peaks if math.isfinite(peak)]
    if not finite:
        return Number(value=0.0, note="never finite")
    return Number(value=max(0.0, max(finite) / (radius * (1 + 1e-5)) - 1))


def _over_steps(quantity: str, unit: str, *, hidden: bool = False) -> Course:
    """Follow a quantity step by step: that of the network if there is one, else the mean over layers."""

    def line(run: Run) -> Line:
        found = [row for row in run.probed if row.quantity == quantity and math.isfinite(row.value)]
        whole = [row for row in found if row.layer == WHOLE]
        at: dict[float, list[float]] = defaultdict(list)
        for row in whole or found:
            if not (hidden and row.layer == OUTPUT):
                at[row.step].append(row.value)
        return {step: fmean(values) for step, values in at.items()} if len(at) >= MIN_POINTS else {}

    return Course(title=quantity, unit=unit, x="step", of=line)


def _over_counts(quantity: str) -> Course:
    """Follow an average from one network to many. A number that is no average stays the same."""

    def line(run: Run) -> Line:
        values = {row.quantity: row.value for row in run.probed}
        counts = sorted({int(found[1]) for name in values if (found := re.search(r"_k(\d+)$", name))})
        all_values = {count: values.get(f"{quantity}_k{count}", values.get(quantity)) for count in counts}
        return {count: value for count, value in all_values.items() if value is not None}

    title, unit = ("Test error", "fraction") if quantity.endswith("_error") else ("Test loss", "nats")
    return Course(title=title, unit=unit, x="networks averaged", of=line)


def _measure(
    name: str,
    unit: str,
    meaning: str,
    of: _Of,
    *,
    reads_test: bool = False,
    course: Course | None = None,
) -> Measure:
    return Measure(
        name=name,
        unit=unit,
        better=None,
        meaning=meaning,
        over="probes",
        of=of,
        reads_test=reads_test,
        course=course,
    )


_ALL = (
    _measure(
        "drift",
        "sd",
        "Drift of what activation functions get, from step 100 to the end: mean over hidden layers.",
        _quantity("drift_from_reference_output", hidden=True),
        course=_over_steps("drift_from_reference_output", "sd", hidden=True),
    ),
    *(
        _measure(
            f"drift_rate_{stage}",
            "sd",
            f"Mean drift over 50 steps of {of}: mean over hidden layers.",
            _quantity(f"mean_drift_{stage}", hidden=True),
            course=_over_steps(f"drift_{stage}", "sd", hidden=True),
        )
        for stage, of in (
            ("raw", "the weighted sums"),
            ("normalised", "batch norm's output before gamma and beta"),
            ("output", "what activation functions get"),
        )
    ),
    _measure(
        "gradient_shift",
        "",
        "||G - G'|| / ||G|| of the layers' gradients: mean over time and layers.",
        _gradient_shift,
        course=_over_steps("relative_gradient_shift", ""),
    ),
    *(
        _measure(
            name,
            "",
            f"How far the layers' steps do not add up, {how}: mean over time after step 100.",
            _quantity(name, fmean, after=AFTER_STEP),
            course=_over_steps(name, ""),
        )
        for name, how in (
            ("non_additivity", "at the run's own rate"),
            ("non_additivity_common_lr", "at one rate for all runs"),
            ("non_additivity_matched", "with steps of equal relative length"),
        )
    ),
    *(
        _measure(name, unit, meaning, _quantity(name), reads_test=True)
        for name, unit, meaning in (
            (
                "subset_readout_accuracy",
                "fraction",
                "Test accuracy of a read-out of a sixteenth of the units.",
            ),
            ("interaction_index", "", "How far the effects of pairs of units on the loss do not add up."),
            ("mean_abs_correlation", "", "Mean |r| over pairs of hidden units."),
            ("participation_ratio", "directions", "How many directions the hidden activations fill."),
            ("mean_activation", "", "Mean hidden activation."),
            ("quiet_share", "fraction", "Share of hidden activations that are nearly zero."),
        )
    ),
    *(
        _measure(
            f"weight_scaling_{kind}",
            unit,
            f"Test {word} in eval mode, as measured by the probe monte_carlo_dropout.",
            _quantity(f"weight_scaling_{kind}"),
            reads_test=True,
            course=_over_counts(f"weight_scaling_{kind}"),
        )
        for kind, unit, word in _AVERAGED
    ),
    *(
        _measure(
            f"{mean}_{kind}_k{k}",
            unit,
            f"Test {word} of the average of {k} thinned networks.",
            _quantity(f"{mean}_{kind}_k{k}"),
            reads_test=True,
            course=_over_counts(f"{mean}_{kind}"),
        )
        for mean in _MC
        for kind, unit, word in _AVERAGED
        for k in (1, 2, 5, 10, 20, 50, 100, 200)
    ),
    *(
        _measure(
            f"{mean}_matching_k",
            "networks",
            "Networks whose average matches weight scaling.",
            _quantity(f"{mean}_matching_k"),
            reads_test=True,
        )
        for mean in _MC
    ),
    _measure(
        "step_shrinkage",
        "ln",
        "ln of a quotient: mean step length in the first tenth of all steps, divided by that in the last "
        "tenth.",
        _step_shrinkage,
        course=_over_steps("step_length", ""),
    ),
    _measure(
        "late_displacement",
        "",
        "Distance between the weights at the start and the end of the last tenth of all steps.",
        _quantity("displacement_last_tenth"),
    ),
    _measure(
        "late_train_loss_sd",
        "nats",
        "Standard deviation of the training loss within the last epoch.",
        _quantity("late_train_loss_sd"),
    ),
    _measure("churn", "fraction", "Share of predictions that the last epoch changed.", _quantity("churn")),
    _measure(
        "max_norm_excess",
        "fraction",
        "How far the norm of a unit's incoming weights ever was above max-norm, as a fraction of it. 0: "
        "never.",
        _max_norm_excess,
    ),
    _measure(
        "undo_index",
        "",
        "1 if gamma and beta undo batch norm, 0 if they do not; mean over layers.",
        _quantity("undo_index"),
    ),
)
PROBE_MEASURES = {measure.name: measure for measure in _ALL}
