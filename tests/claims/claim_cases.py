"""Claims with given numbers: an experiment's file, its lock and its measures, without any run."""

from collections.abc import Callable, Mapping
from pathlib import Path

from small_config import small_yaml

from regx.claims.lock import rule_digest
from regx.claims.measuring import MeasureRow, write_measures
from regx.claims.parts import parts_of
from regx.claims.results import Lock, LockedClaim, LockedPart, ResultsFolder
from regx.config import Experiment, Tier, load_experiment
from regx.config.sections.claim import ClaimConfig

BASE = small_yaml()
HEAD = """
name: {name}
question: Does it?
base: ../base.yaml
arms: {{a: {{}}, b: {{optim.momentum: 0.9}}}}
seeds: {seeds}
claims:
"""
PROSE = "says: It does., source: 'Somebody 2014, section 1', family: {family}"

Values = Callable[[str, str, int], float | None]  # part, arm, seed -> number


def claim(claim_id: str, rule: str, family: str = "own") -> str:
    """Write one claim as a line of YAML; `rule` is its measure, contrast and so on."""
    return f"  - {{id: {claim_id}, {PROSE.format(family=family)}, {rule}}}\n"


def write_experiment(folder: Path, claims: str, *, name: str = "try", seeds: int = 10) -> Path:
    """Write an experiment of two arms with claims."""
    (folder / "base.yaml").write_text(BASE)
    path = folder / "experiments" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEAD.format(name=name, seeds=seeds) + claims)
    return path


def lock_of(experiment: Experiment) -> Lock:
    """Fix plain amounts; arms are taken as they are named."""
    return Lock(
        experiment=experiment.name,
        tier=experiment.tier,
        digest=experiment.digest,
        seeds=experiment.seeds,
        tune_by=None,
        arms=(),
        claims={item.id: _locked(experiment, item) for item in experiment.claims},
    )


def _locked(experiment: Experiment, item: ClaimConfig) -> LockedClaim:
    parts: dict[str, LockedPart] = {}
    for comparison in parts_of(item):
        sides = [side[0] for side in comparison.contrast.sides]
        amount = comparison.amount
        parts[comparison.part] = LockedPart(
            first=sides[0],
            second=sides[1] if sides[1:] else None,
            amount=comparison.config.always if amount is None else amount.value,
            target_error=0.5,
        )
    return LockedClaim(
        rule=rule_digest(experiment, item),
        when="2026-01-01 00:00",
        num_runs_before=0,
        parts=tuple(parts[str(number + 1)] for number in range(len(item.parts))),
        if_censored=parts.get("if censored"),
        beside=tuple(part for name, part in parts.items() if name.startswith("beside")),
    )


def rows_of(
    experiment: Experiment, values: Values, notes: Mapping[tuple[str, int], str] | None = None
) -> list[MeasureRow]:
    """Make the rows of measures.csv from a formula; `notes` are by arm and seed."""
    lock = lock_of(experiment)
    rows = []
    for item in experiment.claims:
        for comparison in parts_of(item):
            for arm, measure in zip(
                [side[0] for side in comparison.contrast.sides], comparison.measures, strict=True
            ):
                rows += [
                    MeasureRow(
                        claim=item.id,
                        part=comparison.part,
                        measure=measure.name,
                        arm=arm,
                        seed=seed,
                        value=values(comparison.part, arm, seed),
                        note=(notes or {}).get((arm, seed), ""),
                    )
                    for seed in lock.seeds
                ]
    return rows


def write_results(root: Path, path: Path, values: Values, tier: Tier = "cpu") -> ResultsFolder:
    """Write lock.json and measures.csv of an experiment."""
    experiment = load_experiment(path, tier)
    folder = ResultsFolder.named(root, tier, experiment.name)
    lock_of(experiment).write(folder.lock)
    write_measures(folder.measures, rows_of(experiment, values))
    return folder


def spread(seed: int) -> float:
    """Return a small number that differs from seed to seed and has mean 0 over 10 of them."""
    return 0.01 * ((7 * seed) % 10 - 4.5)
