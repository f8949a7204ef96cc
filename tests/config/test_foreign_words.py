"""What people write who come from other tools: they read what regx has in its place, or that it has none."""

import re
from pathlib import Path

import pytest
import yaml

from regx.config import hints
from regx.config.hints import choice_hint, example_for, read_words, unknown_experiment_key, unknown_key
from regx.config.schema import keys_of, settings_of
from regx.config.sections.experiment import ExperimentFile

WORDS = read_words()
SETTINGS = {setting.path for setting in settings_of()}
NAMES = {setting.name for setting in settings_of()}  # what an answer may call by its last word
MAPPINGS = ("", *(setting.path for setting in settings_of() if setting.keys))


def answer(path: str) -> str:
    parent, _, key = path.rpartition(".")
    siblings = tuple(setting.name for setting in settings_of() if setting.path.rpartition(".")[0] == parent)
    return unknown_key(parent, key, 0.5, siblings)


def of_an_experiment(key: str) -> str:
    return unknown_experiment_key("", key, 1, keys_of("", root=ExperimentFile))


ANSWERS = {
    # path -> what the answer must say, and what it must not
    "optim.kind": ("SGD only", "lr_decay"),
    "optim.optimizer": ("SGD only", "under"),
    "optim.type": ("SGD only", "family"),
    "optim.name": ("SGD only", "data"),
    "optim.betas": ("SGD only", "momentum_"),
    "optim.eps": ("SGD only", "batch_norm"),
    "adam": ("SGD only", "belongs"),
    "optimizer": ("SGD only", "write `optim`"),
    "net": ("write `model.family`", "top level"),
    "dataset": ("write `name` under data", "top level"),
    "train.steps": ("train.epochs", "momentum"),
    "train.max_steps": ("train.epochs", "momentum"),
    "optim.steps": ("train.epochs", "belongs"),
    "max_steps": ("train.epochs", "momentum"),
    "train.max_epochs": ("write `epochs`", "under"),
    "num_epochs": ("write `epochs` under train", "belongs"),
    "epochs": ("belongs under train", "mean"),
    "optim.batch_size": ("belongs under train", "mean"),
    "data.num_workers": ("in memory", "threads"),
    "train.num_workers": ("in memory", "threads"),
    "data.pin_memory": ("in memory", "threads"),
    "data.shuffle": ("shuffled", "belongs"),
    "model.net": ("write `model.family`", "top level"),
    "model.name": ("write `model.family`", "top level"),
    "model.type": ("write `model.family`", "top level"),
    "model.layers": ("model.hidden_sizes", "family"),
    "model.hidden": ("model.hidden_sizes", "drop_prob"),
    "model.init.kind": ("write `scheme`", "belongs"),
    "model.weight_init": ("write `init`", "under"),
    "model.layer_norm": ("batch norm only", "mean"),
    "model.norm": ("write `batch_norm`", "max_norm"),
    "model.dropout": ("drop_prob", "conv"),
    "optim.scheduler": ("write `lr_decay`", "under"),
    "lr_scheduler": ("write `lr_decay` under optim", "belongs"),
    "scheduler": ("write `lr_decay` under optim", "belongs"),
    "optim.lr_decay.gamma": ("factor", "affine"),
    "optim.rate": ("write `lr`", "drop_prob"),
    "train.rate": ("known here", "drop_prob"),
    "train.dropout": ("drop_prob: {hidden: 0.5}` under model", "belongs"),
    "model.batch_norm.decay": ("update_weight", "lr_decay"),
    "model.alpha": ("known here", "lr"),
    "data.channels": ("follows from the data", "conv_channels"),
    "train.eps": ("known here", "batch_norm"),
    "optim.warmup_steps": ("no warm-up", "momentum"),
    "train.learning_rate": ("write `lr` under optim", "belongs"),
    "train.early_stopping": ("no early stopping", "mean"),
    "train.patience": ("no early stopping", "mean"),
    "train.label_smoothing": ("no label smoothing", "mean"),
    "train.grad_clip": ("clips no gradients", "mean"),
    "train.gradient_clip_val": ("clips no gradients", "mean"),
    "train.checkpoint_every": ("--checkpoint-seconds", "eval_every"),
    "train.output_dir": ("--out", "mean"),
    "data.val_split": ("fixed split", "mean"),
    "data.num_classes": ("follows from the data", "mean"),
    "data.mixup": ("no such change", "belongs"),
    "trainer": ("write `train`", "mean"),
    "seeds": ("--seed 0-4", "mean"),
    "model.batch_norm.steps": ("known here", "mean"),
}  # fmt: skip


@pytest.mark.parametrize("path", ANSWERS)
def test_a_word_of_another_tool_gets_the_answer_that_helps(path: str) -> None:
    wanted, misleading = ANSWERS[path]
    said = answer(path)
    assert wanted in said
    assert misleading not in said


def test_a_section_under_another_name_is_told_from_a_word() -> None:
    assert unknown_key("", "optimizer", {"lr": 0.1}, keys_of("")) == "unknown key; write `optim`"
    assert unknown_key("", "network", {"family": "cnn"}, keys_of("")) == "unknown key; write `model`"


def named_settings(answer: str) -> list[str]:
    """List the settings that an answer names: itself where it is a path, else what stands in backticks."""
    return re.findall(r"`([a-z_]+(?:\.[a-z_]+)*)`", answer) if " " in answer else [answer]


def test_every_answer_names_settings_that_exist() -> None:
    answers = {answer for by_word in WORDS.settings.values() for answer in by_word.values()}
    assert len(answers) > 50
    for said in answers:
        named = named_settings(said)
        for path in named:
            assert path in SETTINGS if "." in path else path in NAMES, said
        assert named or "regx" in said or "leave it out" in said, said
    assert WORDS.settings.keys() <= {"everywhere", *MAPPINGS}


@pytest.mark.parametrize("parent", MAPPINGS)
def test_every_foreign_word_in_every_section_is_answered_from_the_table(parent: str) -> None:
    """No word of the table is taken for a slip of the keyboard, or sent to a section that has not got it."""
    siblings = keys_of(parent)
    for word in {*WORDS.settings["everywhere"], *WORDS.settings.get(parent, ())}:
        if word in siblings:
            continue
        said = unknown_key(parent, word, 1, siblings)
        assert "did you mean" not in said, (parent, word, said)
        assert "belongs" not in said, (parent, word, said)
        for name in named_settings(said):
            assert name in SETTINGS | NAMES, (parent, word, said)


def test_a_word_stands_once_for_each_mapping() -> None:
    path = Path(hints.__file__).with_name("words.yaml")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    places = [place for places in content["settings"] for place in places.split()]
    for place in places:
        rows = [rows for where, rows in content["settings"].items() if place in where.split()]
        words = [word for answers in rows for found in answers.values() for word in found.split()]
        assert len(words) == len(set(words)), place


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("lr", "`set: {optim.lr: ...}`"),
        ("learning_rate", "`set: {optim.lr: ...}`"),
        ("epochs", "`set: {train.epochs: ...}`"),
        ("max_steps", "write `train.epochs`"),
        ("early_stopping", "no early stopping"),
        ("optimizer", "SGD only"),
        ("seed", "write `seeds`"),
    ],
)
def test_an_experiment_says_where_a_setting_of_its_runs_goes(key: str, said: str) -> None:
    assert said in of_an_experiment(key)


def test_choices() -> None:
    """Other words for a choice are known; words that look like one and mean something else are left alone."""
    choices = {setting.path: setting.choices for setting in settings_of()}
    known = {choice for found in choices.values() for choice in found}
    assert set(WORDS.choices.values()) <= known
    for word in WORDS.no_choices:
        assert all(choice_hint(word, found) == "" for found in choices.values()), word
    assert "'standardize'" in choice_hint("normalize", choices["data.preprocess"])
    assert "'he'" in choice_hint("kaiming_normal", choices["model.init.scheme"])
    assert "'relu'" in choice_hint("ReLU", choices["model.activation"])


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("optim", "adam", ": write {lr: 0.1}; regx has SGD only"),
        ("optim", 0.01, ": write {lr: 0.01}"),
        ("model.pool", "max", ""),
        ("train", "fast", ""),
        ("train", 10, ": write {epochs: 10}"),
        ("data", "digits", ": write {name: digits}"),
        ("data", 5000, ""),
        ("optim.lr_decay", "CosineAnnealingLR", ": write {kind: cosine}"),
    ],
)
def test_a_single_value_for_a_mapping(path: str, value: object, said: str) -> None:
    """What would not load is not proposed: no `{lr: adam}`."""
    assert example_for(path, value) == said
