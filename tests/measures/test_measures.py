"""What claims may measure: of one run, over a grid, of what probes found, and how names are read."""

import math
from pathlib import Path
from typing import Any

import pytest
from run_builder import built_run, write_probes

from regx.config.errors import UsageError
from regx.measures.measure import CellRun, Number, Reference, SeedRuns
from regx.measures.registry import find_measure, list_measures, shown_measures
from regx.runs.load import Run
from regx.runs.probes import ProbeValue

REFERENCE = Reference(target_error=0.25, train_loss=0.4)


def value(name: str, run: Run) -> float | None:
    return find_measure(name).counted(SeedRuns.single(run), REFERENCE).value


class TestOfARun:
    def test_every_measure_of_compare_is_there(self, tmp_path: Path) -> None:
        run = built_run(tmp_path)
        for measure in shown_measures():
            if measure.name != "valid_accuracy_area":
                assert value(measure.name, run) == measure.number(SeedRuns.single(run), REFERENCE).value
        assert value("valid_accuracy_area", run) == pytest.approx((0.6 + 0.75) / 2)

    def test_times(self, tmp_path: Path) -> None:
        """Train losses 1, 0.4, 0.1 after 10, 20, 30 steps of 30 images; errors 0.5, 0.3, 0.2."""
        run = built_run(tmp_path)
        assert value("steps_to_train_loss", run) == 20
        assert value("examples_to_train_loss", run) == 600
        assert value("steps_to_target", run) == pytest.approx(25)
        assert value("examples_to_target", run) == pytest.approx(750)

    def test_the_time_lies_between_two_epochs(self, tmp_path: Path) -> None:
        reference = Reference(train_loss=0.25)
        found = find_measure("steps_to_train_loss").counted(SeedRuns.single(built_run(tmp_path)), reference)
        assert found.value == pytest.approx(25)

    @pytest.mark.parametrize(
        ("name", "budget"),
        [("steps_to_target", 30.0), ("epochs_to_target", 3.0), ("examples_to_target", 900.0)],
    )
    def test_a_time_that_is_too_long_is_the_budget(self, tmp_path: Path, name: str, budget: float) -> None:
        reference = Reference(target_error=0.01)
        assert find_measure(name).counted(SeedRuns.single(built_run(tmp_path)), reference) == Number(
            value=budget, note="censored"
        )

    def test_a_training_loss_that_is_never_reached_too(self, tmp_path: Path) -> None:
        reference = Reference(train_loss=0.01)
        found = find_measure("steps_to_train_loss").counted(SeedRuns.single(built_run(tmp_path)), reference)
        assert found == Number(value=30.0, note="censored")

    def test_a_diverged_run_guesses(self, tmp_path: Path) -> None:
        run = built_run(tmp_path, status="diverged")
        found = find_measure("test_error").counted(SeedRuns.single(run), REFERENCE)
        assert found == Number(value=0.9, note="diverged: counted as chance")
        assert value("final_valid_accuracy", run) == pytest.approx(0.1)
        assert value("valid_accuracy_area", run) == pytest.approx(0.1)
        assert value("best_epoch_test_error", run) == 0.9
        assert value("diverged", run) == 1

    def test_a_diverged_run_has_no_loss(self, tmp_path: Path) -> None:
        found = find_measure("loss_gap").counted(
            SeedRuns.single(built_run(tmp_path, status="diverged")), REFERENCE
        )
        assert found == Number(value=None, note="diverged")

    def test_several_cells_are_refused(self, tmp_path: Path) -> None:
        runs = tuple(
            CellRun({"optim.lr": rate}, built_run(tmp_path, optim={"lr": rate})) for rate in (0.1, 0.2)
        )
        with pytest.raises(UsageError, match=r"a: has 2 cells .optim.lr.; choose one with `cells`"):
            find_measure("loss_gap").counted(SeedRuns(arm="a", runs=runs, reference={}), REFERENCE)


class TestOverAGrid:
    """Gains 0.1, 1 and 10, with final validation errors 0.5, 0.2 and 0.3; where `lost`, the last diverged."""

    def grid(self, folder: Path, *, lost: bool = False, axis: str = "model.init.gain") -> SeedRuns:
        runs = []
        for gain, error in ((0.1, 0.5), (1.0, 0.2), (10.0, 0.3)):
            status = "diverged" if lost and gain == 10 else "done"
            run = built_run(
                folder, valid_errors=(0.9, 0.8, error), status=status, model={"init": {"gain": gain}}
            )
            runs.append(CellRun({axis: gain}, run))
        return SeedRuns(arm="a", runs=tuple(runs), reference={axis: 1.0})

    @pytest.mark.parametrize(
        ("name", "lost", "expected"),
        [
            ("range(final_valid_accuracy)", False, 0.3),
            ("range(final_valid_accuracy)", True, 0.7),
            ("drop(final_valid_accuracy)", False, 0.3),
            ("drop(final_valid_accuracy)", True, 0.7),
            ("largest(diverged)", True, 1.0),
            ("smallest(final_valid_error)", False, 0.2),
            ("lr_star", False, 1.0),
            ("lr_min", False, 1.0),
            ("lr_max", False, 10.0),
            ("lr_max", True, 1.0),
            ("stable_width", True, 0.0),
            ("optimum(final_valid_loss)", True, None),
        ],
    )
    def test_values(self, tmp_path: Path, name: str, lost: bool, expected: float | None) -> None:
        found = find_measure(name).counted(self.grid(tmp_path, lost=lost), REFERENCE).value
        assert found == (expected if expected is None else pytest.approx(expected))

    def test_a_ladder_that_works_to_its_end_says_so(self, tmp_path: Path) -> None:
        assert find_measure("lr_max").counted(self.grid(tmp_path), REFERENCE).note == "the whole ladder works"

    def test_a_parabola_has_its_minimum(self, tmp_path: Path) -> None:
        runs = []
        for drop, error in ((0.2, 0.3), (0.5, 0.2), (0.8, 0.3)):
            run = built_run(tmp_path, valid_errors=(0.9, 0.8, error), model={"drop_prob": {"hidden": drop}})
            runs.append(CellRun({"model.drop_prob.hidden": drop}, run))
        grid = SeedRuns(arm="a", runs=tuple(runs), reference={})
        assert find_measure("optimum(final_valid_loss)").counted(grid, REFERENCE).value == pytest.approx(0.5)

    def test_the_best_time_of_a_grid_is_censored_only_where_all_are(self, tmp_path: Path) -> None:
        measure = find_measure("smallest(steps_to_target)")
        reached, never = (Reference(target_error=error) for error in (0.81, 0.01))
        assert measure.counted(self.grid(tmp_path / "a", lost=True), reached) == Number(
            value=pytest.approx(19.0)
        )
        assert measure.counted(self.grid(tmp_path / "b"), never) == Number(value=30.0, note="censored")

    def test_one_run_is_no_grid(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="needs one axis of the grid that varies"):
            find_measure("lr_max").counted(SeedRuns.single(built_run(tmp_path)), REFERENCE)


class TestOfProbes:
    ROWS = (
        ProbeValue(50, "hidden1", "q", 1.0),
        ProbeValue(50, "hidden2", "q", 3.0),
        ProbeValue(200, "hidden1", "q", 2.0),
        ProbeValue(200, "hidden2", "q", 6.0),
        ProbeValue(50, "network", "non_additivity", 0.9),
        ProbeValue(200, "network", "non_additivity", 0.1),
        ProbeValue(300, "network", "non_additivity", 0.3),
        ProbeValue(300, "hidden1", "drift_from_reference_output", 0.2),
        ProbeValue(300, "hidden2", "drift_from_reference_output", 0.4),
        ProbeValue(300, "output", "drift_from_reference_output", 9.0),
        ProbeValue(300, "network", "step_length_first_tenth", 8.0),
        ProbeValue(300, "network", "step_length_last_tenth", 2.0),
        ProbeValue(300, "hidden1", "peak_incoming_norm", 2.0),
        ProbeValue(300, "output", "peak_incoming_norm", 3.00001),
        ProbeValue(300, "network", "nothing", math.nan),
    )

    def probed(self, folder: Path, radius: float = 3.0, **changes: Any) -> Run:
        run = built_run(folder, optim={"lr": 0.1, "max_norm": radius}, **changes)
        write_probes(run.path, self.ROWS)
        return run

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("last(q)", 4.0),
            ("mean(q)", 3.0),
            ("max(q)", 6.0),
            ("last(q, hidden1)", 2.0),
            ("non_additivity", 0.2),
            ("drift", 0.3),
            ("step_shrinkage", math.log(4)),
            ("max_norm_excess", 0.0),
            ("last(nothing)", None),
        ],
    )
    def test_values(self, tmp_path: Path, name: str, expected: float | None) -> None:
        found = value(name, self.probed(tmp_path))
        assert found == (expected if expected is None else pytest.approx(expected))

    def test_a_norm_outside_the_ball_is_an_excess(self, tmp_path: Path) -> None:
        assert value("max_norm_excess", self.probed(tmp_path, radius=2.0)) == pytest.approx(0.5, abs=1e-4)

    def test_a_norm_is_looked_at_in_a_diverged_run_too(self, tmp_path: Path) -> None:
        assert value("max_norm_excess", self.probed(tmp_path, status="diverged")) == 0.0

    def test_a_quantity_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        run = self.probed(tmp_path)
        found = find_measure("last(p)").counted(SeedRuns.single(run), REFERENCE)
        assert found == Number(value=None, note="no p in probes.csv: no probe for it, or too few steps")
        found = find_measure("last(q, hidden3)").counted(SeedRuns.single(run), REFERENCE)
        assert found == Number(value=None, note="no q of layer 'hidden3' (layers: hidden1, hidden2)")

    def test_without_probes_the_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"probes.csv: no such file; the measure needs a probe"):
            value("drift", built_run(tmp_path))


class TestNames:
    def test_every_listed_measure_is_found(self) -> None:
        names = [name for name, _, _ in list_measures()]
        assert len(names) > 70
        for name in names:
            find_measure(name.replace("(M)", "(test_error)").replace("(Q)", "(weight_norm)"))

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("test_eror", "no measure 'test_eror'; did you mean 'test_error'?"),
            ("median(test_error)", r"no measure 'median\(test_error\)' \(known: optimum\(...\)"),
            ("range(test_eror)", "no measure 'test_eror' of a run; did you mean 'test_error'?"),
            ("range(test_error, hidden1)", "no measure"),
        ],
    )
    def test_others_are_refused(self, name: str, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            find_measure(name)

    @pytest.mark.parametrize("name", ["loss_gap", "test_error", "best_epoch_test_error", "range(test_loss)"])
    def test_what_reads_test_images_says_so(self, name: str) -> None:
        assert find_measure(name).reads_test
        assert not find_measure("final_valid_loss").reads_test
