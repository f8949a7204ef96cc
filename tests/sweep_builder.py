"""Folders of sweeps with given curves: the record that a sweep writes, and its runs beside it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from run_builder import build_run

from regx.runs.sweep import ArmRecord, SweepFolder, SweepRecord, SweepRun

Settings = Mapping[str, Any]


def build_sweep(
    runs_dir: Path,
    arms: Mapping[str, Settings],
    *,
    name: str = "toggles",
    seeds: Sequence[int] = range(6),
    cells: Sequence[Settings] = ({},),
    tuned: Mapping[str, Settings] | None = None,
    num_trials: Mapping[str, int] | None = None,
    curves: Callable[[str, Settings, int], dict[str, Any] | None] = lambda *_: {},
) -> Path:
    """Write a sweep with all its runs.

    Args:
        runs_dir: Folder of the runs.
        arms: What each arm sets, by dotted path of two parts.
        name: Of the experiment.
        seeds: Confirmation seeds.
        cells: Cells of the grid.
        tuned: What tuning chose for each arm.
        num_trials: Of each arm.
        curves: What `build_run` gets for an arm, a cell and a seed; None for a run that is not there.
    """
    records, runs = [], []
    built: dict[str, Path] = {}
    for arm, settings in arms.items():
        best = (tuned or {}).get(arm, {})
        records.append(
            ArmRecord(name=arm, settings=dict(settings), num_trials=(num_trials or {}).get(arm, 0))
        )
        for cell in cells:
            for seed in seeds:
                sections = _sections({"optim.lr": 0.1, **settings, **cell, **best})
                changes = curves(arm, cell, seed)
                place = runs_dir if changes is not None else runs_dir / "not_there"
                key = repr((place, sections, seed))
                if key not in built:  # arms of the same config share their runs
                    built[key] = build_run(place, name=name, seed=seed, **{**(changes or {}), **sections})
                path = built[key]
                runs.append(
                    SweepRun(
                        stage="confirm",
                        arm=arm,
                        cell=dict(cell),
                        tuned=dict(best),
                        seed=seed,
                        folder=path.name,
                    )
                )
    folder = SweepFolder.named(name, "cpu", runs_dir)
    folder.path.mkdir(parents=True, exist_ok=True)
    SweepRecord(
        name=name,
        question="Which is better?",
        tier="cpu",
        digest="0" * 64,
        regx="0.1.0",
        seeds=tuple(seeds),
        tune_by="final_valid_loss" if tuned else None,
        arms=tuple(records),
        runs=tuple(runs),
    ).write(folder.record)
    return folder.path


def _sections(settings: Settings) -> dict[str, dict[str, Any]]:
    """Turn dotted paths of two parts into sections of a config."""
    sections: dict[str, dict[str, Any]] = {}
    for path, value in settings.items():
        section, _, key = path.partition(".")
        sections.setdefault(section, {})[key] = value
    return sections
