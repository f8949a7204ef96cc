"""The registered claims: all are there, with exact quotations, from comparisons that are fair."""

import math
from collections import Counter
from pathlib import Path

import pytest

from regx.claims.parts import ClaimPart, parts_of
from regx.claims.registry import Registered, Registry, read_registry, starter_folder
from regx.claims.sentences import course_text
from regx.config import Experiment, load_experiment
from regx.config.sections.claim import ClaimConfig

EMPIRICAL = tuple(f"C{number:02}" for number in range(1, 22))
FIVE_SEEDS = {"C09", "C11"}
# The smallest effects that were registered, as numbers in the unit of the contrast.
SMALLEST = {
    "C02": math.log(1.05),
    "C03": 0.1,
    "C04": 0.0015,
    "C05": 0.01,
    "C06": math.log(1.10),
    "C07": math.log(1.05),
    "C08": 1,
    "C09": math.log(2),
    "C10": 1,
    "C11": 0.1,
    "C12": 1,
    "C13": 0.32,
    "C14": 0.32,
    "C15": 0.05,
    "C16": math.log(1.25),
    "C17": math.log2(5),
    "C18": 0.1,
    "C19": math.log(1.05),
    "C20": math.log(1.05),
    "C21": math.log(1.05),
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return read_registry([starter_folder()]).only(course_text().claims)


@pytest.fixture(scope="module")
def experiments(registry: Registry) -> dict[Path, Experiment]:
    return {path: load_experiment(path) for path in {item.path for item in registry.registered}}


def registered(registry: Registry, name: str) -> Registered:
    item = registry.find(name)
    assert isinstance(item, Registered)
    return item


def test_each_empirical_claim_is_registered_once(registry: Registry) -> None:
    assert tuple(item.id for item in registry.empirical) == EMPIRICAL


def test_the_families_are_complete(registry: Registry) -> None:
    assert Counter(registry.family_sizes) == Counter({"dropout": 9, "batch_norm": 12})
    assert {item.id for item in registry.empirical if item.claim.family == "dropout"} == set(EMPIRICAL[:9])


@pytest.mark.parametrize("name", EMPIRICAL)
def test_a_claim_quotes_its_sentences_word_by_word(registry: Registry, name: str) -> None:
    sentences = [sentence.text for sentence in course_text().sentences if name in sentence.claims]
    assert registered(registry, name).claim.quote == " ".join(sentences)


@pytest.mark.parametrize("name", EMPIRICAL)
def test_a_claim_says_all_that_a_sceptic_asks_for(registry: Registry, name: str) -> None:
    claim = registered(registry, name).claim
    assert all((claim.published, claim.deviations, claim.traps, claim.expected, claim.beside))


def test_every_comparison_names_measures_that_there_are(registry: Registry) -> None:
    for item in registry.registered:
        assert all(part.measures for part in parts_of(item.claim))


@pytest.mark.parametrize("name", SMALLEST)
def test_a_claim_has_the_smallest_effect_that_was_registered(registry: Registry, name: str) -> None:
    claim = registered(registry, name).claim
    amount = claim.within if name == "C04" else claim.smallest_effect
    assert amount is not None
    assert amount.value == pytest.approx(SMALLEST[name])


@pytest.mark.parametrize("name", EMPIRICAL)
def test_a_claim_has_its_number_of_seeds(
    registry: Registry, experiments: dict[Path, Experiment], name: str
) -> None:
    for item in registry.settings_of(registered(registry, name)):
        assert len(experiments[item.path].seeds) == (5 if name in FIVE_SEEDS else 10)


def test_every_tuned_arm_has_as_many_trials_as_the_others(experiments: dict[Path, Experiment]) -> None:
    for experiment in experiments.values():
        if plan := experiment.tune:
            trials = {arm: len(plan.points(arm)) for arm in experiment.arms if plan.tries(arm)}
            assert len(set(trials.values())) == 1, experiment.name
            assert plan.seeds == (1000, 1001)


def test_only_controls_go_untuned(experiments: dict[Path, Experiment], registry: Registry) -> None:
    """An arm that decides is tuned, has a tuned arm's values as its control, or climbs a ladder of rates."""
    for item in registry.registered:
        experiment = experiments[item.path]
        for part in decisive(item.claim):
            for arm in part.contrast.arms:
                assert is_fair(experiment, arm), f"{item.id}: {arm}"


def test_no_measure_that_reads_test_images_tunes_or_sets_a_target(
    experiments: dict[Path, Experiment],
) -> None:
    assert all("valid" in e.tune.by or "target" in e.tune.by for e in experiments.values() if e.tune)


def is_fair(experiment: Experiment, arm: str) -> bool:
    if experiment.name == "sigmoid_drift":  # the paper's own settings; no arm is compared with another
        return True
    climbs = "optim.lr" in experiment.cells_of(arm)[0]
    return climbs or (experiment.tune is not None and bool(experiment.tune.of(arm)))


def decisive(claim: ClaimConfig) -> list[ClaimPart]:
    return [item for item in parts_of(claim) if not item.part.startswith("beside")]


def test_arms_that_are_compared_have_one_budget(
    experiments: dict[Path, Experiment], registry: Registry
) -> None:
    """C10 is about budgets, so there they differ; elsewhere epochs, batches and precision are the same."""
    for item in registry.registered:
        experiment = experiments[item.path]
        for part in [] if item.id == "C10" else decisive(item.claim):
            configs = [experiment.config(arm, experiment.first(arm), 0) for arm in part.contrast.arms]
            budgets = {
                (c.train.epochs, c.train.batch_size, c.train.precision, c.data.num_train, c.train.stop_if)
                for c in configs
            }
            assert len(budgets) == 1, f"{item.id}: {part.part}"
