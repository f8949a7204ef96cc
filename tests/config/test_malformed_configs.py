"""What users get wrong, and the line that they read: the exact place and the reason."""

from pathlib import Path
from typing import get_args

import pytest

from regx.config import ConfigError, load_run
from regx.config.sections.train import ProbeName

GOOD = """\
name: mine
data:
  name: digits
  train_size: 300
model:
  family: cnn
  conv_channels: [8, 16]
  batch_norm: true
optim:
  lr: 0.1
train:
  batch_size: 50
"""


def problems_of(path: Path, *overrides: str) -> list[str]:
    """Load, and return the lines of the error with the file's name cut off."""
    with pytest.raises(ConfigError) as error:
        load_run(path, overrides)
    return str(error.value).replace(str(path).replace("\0", "\\u0000"), "FILE").split("\n")


def edited(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def also(line: str) -> str:
    return GOOD + line + "\n"


FILES = {
    # keys
    "unknown key, near miss": (
        edited("  batch_norm: true", "  drop_probs: {hidden: 0.2}"),
        "FILE:8:3: model.drop_probs: unknown key (did you mean 'drop_prob'?)",
    ),
    "unknown key, nothing near": (
        edited("  batch_size: 50", "  zebra: 50"),
        "FILE:12:3: train.zebra: unknown key (known here: epochs, batch_size, precision, threads, "
        "target_error, bn_reestimate_images, eval_every, stop_if)",
    ),
    "unknown section": (
        also("zebra: 1"),
        "FILE:13:1: zebra: unknown key (known here: name, data, model, optim, train, probes, seed, device)",
    ),
    "key in the wrong section": (
        edited("  batch_size: 50", "  momentum: 0.9"),
        "FILE:12:3: train.momentum: unknown key here; it belongs under optim",
    ),
    "key of a section at the top": (
        also("epochs: 3"),
        "FILE:13:1: epochs: unknown key here; it belongs under train",
    ),
    "key of the top in a section": (
        edited("  batch_size: 50", "  seed: 1"),
        "FILE:12:3: train.seed: unknown key here; it belongs at the top level",
    ),
    "empty key": (
        edited("  batch_size: 50", "  '': 50"),
        "FILE:12:3: train.: unknown key (known here: epochs, batch_size, precision, threads, "
        "target_error, bn_reestimate_images, eval_every, stop_if)",
    ),
    "duplicate key": (
        edited("  lr: 0.1", "  lr: 0.1\n  lr: 0.2"),
        "FILE:11:3: 'lr' stands here twice (first in line 10)",
    ),
    "duplicate section": (also("optim: {lr: 0.2}"), "FILE:13:1: 'optim' stands here twice (first in line 9)"),
    "missing name": (
        GOOD.removeprefix("name: mine\n"),
        "FILE:1:1: name: missing; text",
    ),
    "missing section": (
        edited("optim:\n  lr: 0.1\n", ""),
        "FILE:1:1: optim: missing; a mapping with lr, lr_decay, momentum, nesterov, weight_decay, max_norm, "
        "train_only, freeze_layers",
    ),
    "missing family": (
        edited("  family: cnn\n", ""),
        "FILE:5:1: model.family: missing; one of cnn, mlp",
    ),
    "merge key": (
        edited("  lr: 0.1", "  <<: {lr: 0.1}\n  lr: 0.1"),
        "FILE:10:3: optim.<<: merge keys are not read; use `extends: other.yaml`",
    ),
    "a list as a key": (
        edited("  lr: 0.1", "  ? [lr]\n  : 0.1\n  lr: 0.1"),
        "FILE:10:5: a key must be a word",
    ),
    # names from elsewhere
    "keep_prob": (
        edited("  batch_norm: true", "  keep_prob: 0.8"),
        "FILE:8:3: model.keep_prob: unknown key; write `drop_prob: {hidden: 0.2}` "
        "(Srivastava's p is 1 - drop_prob)",
    ),
    "keep_prob by slot": (
        edited("  batch_norm: true", "  keep_prob: {input: 0.9, hidden: 0.5}"),
        "FILE:8:3: model.keep_prob: unknown key; write `drop_prob: {input: 0.1, hidden: 0.5}` "
        "(Srivastava's p is 1 - drop_prob)",
    ),
    "keep_prob inside drop_prob": (
        edited("  batch_norm: true", "  drop_prob: {keep_prob: 0.8}"),
        "FILE:8:15: model.drop_prob.keep_prob: unknown key; write `hidden: 0.2` (Srivastava's "
        "p is 1 - drop_prob)",
    ),
    "dropout": (
        edited("  batch_norm: true", "  dropout: 0.3"),
        "FILE:8:3: model.dropout: unknown key; write `drop_prob: {hidden: 0.3}` (the probability of zeroing)",
    ),
    "dropout at the top": (
        also("dropout: 0.3"),
        "FILE:13:1: dropout: unknown key; write `drop_prob: {hidden: 0.3}` under model (the "
        "probability of zeroing)",
    ),
    "bare p": (
        edited("  batch_norm: true", "  p: 0.3"),
        "FILE:8:3: model.p: unknown key; write `drop_prob` for the probability of zeroing (torch's p), "
        "or 1 - p for Srivastava's p",
    ),
    "learning_rate": (
        edited("  lr: 0.1", "  lr: 0.1\n  learning_rate: 0.1"),
        "FILE:11:3: optim.learning_rate: unknown key; write `lr`",
    ),
    "batchnorm": (
        edited("  batch_norm: true", "  batchnorm: true"),
        "FILE:8:3: model.batchnorm: unknown key; write `batch_norm`",
    ),
    "bn at the top": (also("bn: true"), "FILE:13:1: bn: unknown key; write `batch_norm` under model"),
    "momentum of batch norm": (
        edited("batch_norm: true", "batch_norm: {momentum: 0.1}"),
        "FILE:8:16: model.batch_norm.momentum: unknown key; write `update_weight`, the weight "
        "of the NEW batch "
        "(torch's momentum; Keras's is 1 - that)",
    ),
    "ghost_batch_size": (
        edited("batch_norm: true", "batch_norm: {ghost_batch_size: 10}"),
        "FILE:8:16: model.batch_norm.ghost_batch_size: unknown key; write `ghost_size`",
    ),
    "frozen": (
        edited("  lr: 0.1", "  lr: 0.1\n  frozen: 1"),
        "FILE:11:3: optim.frozen: unknown key; write `freeze_layers`",
    ),
    "only bn": (
        edited("  lr: 0.1", "  lr: 0.1\n  train_only: bn"),
        "FILE:11:15: optim.train_only: must be one of all, batch_norm (got 'bn'; did you mean 'batch_norm'?)",
    ),
    "mask without its epoch": (
        edited("  batch_norm: true", "  drop_mask: {kind: fixed}"),
        "FILE:8:3: model.drop_mask.from_epoch: missing; a whole number in [1, 100000]",
    ),
    "another kind of mask": (
        edited("  batch_norm: true", "  drop_mask: {kind: frozen}"),
        "FILE:8:21: model.drop_mask.kind: must be one of per_image, fixed (got 'frozen')",
    ),
    "number for noise": (
        edited("batch_norm: true", "batch_norm: {noise: 0.5}"),
        "FILE:8:23: model.batch_norm.noise: must be a mapping: write {mean_sd: 0.5, scale_max: 1.25} "
        "(got 0.5)",
    ),
    "word for a mask": (
        edited("  batch_norm: true", "  drop_mask: fixed"),
        "FILE:8:14: model.drop_mask: must be a mapping: write {kind: fixed, from_epoch: 1} (got 'fixed')",
    ),
    "epoch for a stop rule": (
        edited("batch_size: 50", "stop_if: 5\n  batch_size: 50"),
        "FILE:12:12: train.stop_if: must be a mapping: write {epoch: 5, train_loss_above: 2} (got 5)",
    ),
    "optimizer": (also("optimizer: {lr: 0.1}"), "FILE:13:1: optimizer: unknown key; write `optim`"),
    # types
    "number in quotes": (
        edited("lr: 0.1", "lr: '0.1'"),
        "FILE:10:7: optim.lr: must be a number: write 0.1 (got '0.1')",
    ),
    "word for a number": (
        edited("lr: 0.1", "lr: fast"),
        "FILE:10:7: optim.lr: must be a number (got 'fast')",
    ),
    "boolean for a number": (
        edited("lr: 0.1", "lr: true"),
        "FILE:10:7: optim.lr: must be a number (got true)",
    ),
    "nothing for a number": (edited("lr: 0.1", "lr:"), "FILE:10:6: optim.lr: must be a number (got null)"),
    "list for a number": (
        edited("lr: 0.1", "lr: [0.1]"),
        "FILE:10:7: optim.lr: must be a number (got [0.1])",
    ),
    "base 60": (edited("lr: 0.1", "lr: 12:30"), "FILE:10:7: optim.lr: must be a number (got '12:30')"),
    "underscores": (
        edited("train_size: 300", "train_size: 3_00"),
        "FILE:4:15: data.train_size: must be a whole number: write 300 (got '3_00')",
    ),
    "hexadecimal": (
        edited("batch_size: 50", "batch_size: 0x10"),
        "FILE:12:15: train.batch_size: must be a whole number (got '0x10')",
    ),
    "float for a count": (
        edited("batch_size: 50", "batch_size: 5e1"),
        "FILE:12:15: train.batch_size: must be a whole number: write 50 (got 50.0)",
    ),
    "fraction for a count": (
        edited("batch_size: 50", "batch_size: 2.5"),
        "FILE:12:15: train.batch_size: must be a whole number (got 2.5)",
    ),
    "yes for a boolean": (
        edited("batch_norm: true", "batch_norm: yes"),
        "FILE:8:15: model.batch_norm: must be true or false (got 'yes')",
    ),
    "1 for a boolean": (
        edited("  lr: 0.1", "  lr: 0.1\n  nesterov: 1"),
        "FILE:11:13: optim.nesterov: must be true or false (got 1)",
    ),
    "number for a list": (
        edited("[8, 16]", "8"),
        "FILE:7:18: model.conv_channels: must be a list: write [8] (got 8)",
    ),
    "word in a list": (
        edited("[8, 16]", "[8, many]"),
        "FILE:7:22: model.conv_channels[1]: must be a whole number (got 'many')",
    ),
    "word for a section": (
        edited("data:\n  name: digits\n  train_size: 300", "data: digits"),
        "FILE:2:7: data: must be a mapping: write {name: digits} (got 'digits')",
    ),
    "list for a section": (
        edited("train:\n  batch_size: 50", "train: [50]"),
        "FILE:11:8: train: must be a mapping (got [50])",
    ),
    "number for the name": (
        edited("name: mine", "name: 12"),
        "FILE:1:7: name: must be text: write '12' (got 12)",
    ),
    "path for the name": (
        edited("name: mine", "name: ../mine"),
        "FILE:1:7: name: must be at most 64 letters, digits, _, - or ., a letter or digit "
        "first (got '../mine')",
    ),
    "accent in the name": (
        edited("name: mine", "name: été"),
        "FILE:1:7: name: must be at most 64 letters, digits, _, - or ., a letter or digit first (got 'été')",
    ),
    # ranges and choices
    "negative rate": (edited("lr: 0.1", "lr: -0.1"), "FILE:10:7: optim.lr: must be > 0 (got -0.1)"),
    "probability of 1": (
        edited("  batch_norm: true", "  drop_prob: {hidden: 1.0}"),
        "FILE:8:23: model.drop_prob.hidden: must be in [0, 1) (got 1.0)",
    ),
    "probability in a list": (
        edited("  batch_norm: true", "  drop_prob: {conv: [0.1, 1.5]}"),
        "FILE:8:27: model.drop_prob.conv[1]: must be in [0, 1) (got 1.5)",
    ),
    "max-norm 0": (
        edited("lr: 0.1", "lr: 0.1\n  max_norm: 0"),
        "FILE:11:13: optim.max_norm: must be > 0; omit it to switch it off (got 0)",
    ),
    "not a number": (
        edited("lr: 0.1", "lr: .nan"),
        "FILE:10:7: optim.lr: must be a finite number (got .nan)",
    ),
    "infinity": (edited("lr: 0.1", "lr: -.inf"), "FILE:10:7: optim.lr: must be a finite number (got -.inf)"),
    "overflow to infinity": (
        edited("lr: 0.1", "lr: 1e999"),
        "FILE:10:7: optim.lr: must be a finite number (got .inf)",
    ),
    "huge count": (
        edited("batch_size: 50", "epochs: 1000000000000"),
        "FILE:12:11: train.epochs: must be <= 100000 (got 1000000000000)",
    ),
    "number of 5,000 digits": (
        edited("batch_size: 50", f"epochs: {'9' * 5000}"),
        "FILE:12:11: is a number of 5000 characters",
    ),
    "no convolutions": (edited("[8, 16]", "[]"), "FILE:7:18: model.conv_channels: must not be empty"),
    "too many layers": (
        edited("  batch_norm: true", f"  hidden_sizes: [{'1, ' * 65}]"),
        "FILE:8:17: model.hidden_sizes: must have at most 64 items (got 65)",
    ),
    "unknown data set": (
        edited("name: digits", "name: imagenet"),
        "FILE:3:9: data.name: must be one of digits, mnist, fashion_mnist, cifar10 (got 'imagenet')",
    ),
    "spelling of a data set": (
        edited("name: digits\n  train_size: 300", "name: CIFAR-10"),
        "FILE:3:9: data.name: must be one of digits, mnist, fashion_mnist, cifar10 "
        "(got 'CIFAR-10'; did you mean 'cifar10'?)",
    ),
    "gpu": (
        also("device: gpu"),
        "FILE:13:9: device: must be one of auto, cpu, cuda, mps (got 'gpu'; did you mean 'cuda'?)",
    ),
    "a probe that does not exist": (
        also("probes: [weight_norm]"),
        f"FILE:13:10: probes[0]: must be one of {', '.join(get_args(ProbeName))}"
        " (got 'weight_norm'; did you mean 'weight_norms'?)",
    ),
    "a probe twice": (
        also("probes: [weight_norms, weight_norms]"),
        "FILE:13:9: probes: names a probe twice (got ['weight_norms', 'weight_norms'])",
    ),
    "a probe outside a list": (
        also("probes: weight_norms"),
        "FILE:13:9: probes: must be a list: write [weight_norms] (got 'weight_norms')",
    ),
    # values with several forms
    "decay as a word": (
        edited("lr: 0.1", "lr: 0.1\n  lr_decay: cosine"),
        "FILE:11:13: optim.lr_decay: must be a mapping: write {kind: cosine} (got 'cosine')",
    ),
    "decay as a number": (
        edited("lr: 0.1", "lr: 0.1\n  lr_decay: 0.9"),
        "FILE:11:13: optim.lr_decay: must be a mapping: write {kind: exponential, factor: 0.95} (got 0.9)",
    ),
    "decay of no kind": (
        edited("lr: 0.1", "lr: 0.1\n  lr_decay: {factor: 0.9}"),
        "FILE:11:13: optim.lr_decay: needs a `kind`, one of none, exponential, step, "
        "inverse_time, linear, cosine",
    ),
    "decay of unknown kind": (
        edited("lr: 0.1", "lr: 0.1\n  lr_decay: {kind: cosin}"),
        "FILE:11:20: optim.lr_decay.kind: must be one of none, exponential, step, "
        "inverse_time, linear, cosine "
        "(got 'cosin'; did you mean 'cosine'?)",
    ),
    "decay without its parameter": (
        edited("lr: 0.1", "lr: 0.1\n  lr_decay: {kind: exponential}"),
        "FILE:11:3: optim.lr_decay.factor: missing; a number in (0, 1]",
    ),
    "parameter of another kind": (
        edited("lr: 0.1", "lr: 0.1\n  lr_decay: {kind: cosine, factor: 0.9}"),
        "FILE:11:28: optim.lr_decay.factor: does not belong to this kind (known here: kind, end_factor)",
    ),
    "momentum as a word": (
        edited("lr: 0.1", "lr: 0.1\n  momentum: high"),
        "FILE:11:13: optim.momentum: must be a number (got 'high')",
    ),
    "ramp out of range": (
        edited("lr: 0.1", "lr: 0.1\n  momentum: {start: 0.5, end: 1, steps: 10}"),
        "FILE:11:31: optim.momentum.end: must be in [0, 1) (got 1)",
    ),
    "batch norm with a wrong eps": (
        edited("batch_norm: true", "batch_norm: {eps: 0}"),
        "FILE:8:21: model.batch_norm.eps: must be in (0, 1] (got 0)",
    ),
    "drop_prob as a number": (
        edited("batch_norm: true", "drop_prob: 0.5"),
        "FILE:8:14: model.drop_prob: must be a mapping: write {hidden: 0.5} (got 0.5)",
    ),
    # YAML
    "open bracket": (
        edited("[8, 16]", "[8, 16"),
        "FILE:8:13: is not valid YAML: expected ',' or ']', but got ':'",
    ),
    "tab": (
        edited("  lr: 0.1", "\tlr: 0.1"),
        "FILE:10:1: is not valid YAML: found character '\\t' that cannot start any token "
        "(indent with spaces, not tabs)",
    ),
    "crooked indentation": (
        edited("  family: cnn", "   family: cnn"),
        "FILE:7:3: is not valid YAML: expected <block end>, but found '<block mapping start>'",
    ),
    "tag": (
        edited("lr: 0.1", "lr: !!float 0.1"),
        "FILE:10:7: tags are not allowed (got tag:yaml.org,2002:float)",
    ),
    "tag that would run code": (
        edited("name: mine", "name: !!python/object/apply:os.system [ls]"),
        "FILE:1:7: tags are not allowed (got tag:yaml.org,2002:python/object/apply:os.system)",
    ),
    "alias of nothing": (
        edited("lr: 0.1", "lr: *rate"),
        "FILE:10:7: alias *rate has no anchor &rate before it",
    ),
    "alias of itself": (
        edited("lr: 0.1", "lr: &rate [*rate]"),
        "FILE:10:14: alias *rate is inside its own anchor",
    ),
    "two documents": (
        also("---\nname: other"),
        "FILE:13:1: a second document begins here; one file holds one",
    ),
    "control character": (
        edited("name: mine", "name: mi\x07ne"),
        "FILE:1:9: holds a control character (U+0007)",
    ),
    "empty": ("", "FILE: is empty"),
    "only a comment": ("# nothing\n", "FILE: is empty"),
    "a list": ("- name: mine\n", "FILE:1:1: must be a mapping of keys to values (`name: ...`)"),
    "a word": ("mine\n", "FILE:1:1: must be a mapping of keys to values (`name: ...`)"),
    "too deep": ("a: " + "[" * 40 + "]" * 40, "FILE:1:36: is nested more than 32 levels deep"),
    "too large": ("# " + "x" * 100_000, "FILE: is larger than 100,000 bytes; is it a config?"),
}


@pytest.mark.parametrize(("text", "expected"), FILES.values(), ids=FILES)
def test_a_malformed_file_is_answered_with_its_place_and_reason(
    text: str, expected: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    assert problems_of(path) == [expected]


OVERRIDES = {
    "no equals sign": ("optim.lr", "--set optim.lr: write key=value, e.g. optim.lr=0.1"),
    "no key": ("=0.1", "--set =0.1: write key=value, e.g. optim.lr=0.1"),
    "hole in the path": ("optim..lr=1", "--set optim..lr=1: write key=value, e.g. optim.lr=0.1"),
    "word for a boolean": (
        "model.batch_norm=yes",
        "--set model.batch_norm=yes: must be true or false (got 'yes')",
    ),
    "no value": ("optim.lr=", "--set optim.lr=: must be a number (got null)"),
    "unknown key": ("optim.lrr=1", "--set optim.lrr=1: unknown key (did you mean 'lr'?)"),
    "unknown section": (
        "zebra.lr=1",
        "--set zebra.lr=1: zebra: unknown key (known here: name, data, model, optim, train, "
        "probes, seed, device)",
    ),
    "bad YAML": (
        "optim.lr=[1",
        "--set optim.lr=[1: is not valid YAML: expected ',' or ']', but got '<stream end>'",
    ),
    "item of a list": (
        "model.conv_channels.0=4",
        "--set model.conv_channels.0=4: a list is set as a whole, e.g. model.conv_channels=[8, 16]",
    ),
    "inside a number": (
        "optim.lr.start=1",
        "--set optim.lr.start=1: optim.lr: must be a number (got {start: 1})",
    ),
    "part of a mapping": (
        "optim.lr_decay={kind: step, factor: 0.5}",
        "--set optim.lr_decay={kind: step, factor: 0.5}: optim.lr_decay.every_epochs: missing; "
        "a whole number in [1, 100000]",
    ),
    "duplicate key": (
        "model.pool={size: 2, size: 3}",
        "--set model.pool={size: 2, size: 3}: 'size' stands here twice",
    ),
    "extends": (
        "extends=x.yaml",
        "--set extends=x.yaml: belongs at the top of a file and cannot be overridden",
    ),
    "tag": ("optim.lr=!!int 1", "--set optim.lr=!!int 1: tags are not allowed (got tag:yaml.org,2002:int)"),
    "line break": (
        "name=a\nb",
        "--set name=a\\nb: must be at most 64 letters, digits, _, - or ., a letter or digit first "
        "(got 'a b')",
    ),
}


@pytest.mark.parametrize(("override", "expected"), OVERRIDES.values(), ids=OVERRIDES)
def test_a_malformed_override_is_answered_with_itself_and_the_reason(
    override: str, expected: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert problems_of(path, override) == [expected]


def test_there_are_more_than_60_malformed_configs() -> None:
    assert len(FILES) + len(OVERRIDES) >= 60


def test_the_config_that_is_broken_above_is_good(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_run(path).name == "mine"


def test_all_wrong_shapes_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        edited("[8, 16]", "[8, 16, 16, 16]")
        .replace("lr: 0.1", "lr: -1")
        .replace("family: cnn", "family: cnn\n  bn: 1")
    )
    assert problems_of(path, "train.batch_size=500", "seed=x") == [
        "FILE:7:3: model.bn: unknown key; write `batch_norm`",
        "FILE:11:7: optim.lr: must be > 0 (got -1)",
        "--set seed=x: must be a whole number (got 'x')",
    ]


def test_all_broken_rules_come_at_once_where_every_shape_is_right(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(edited("[8, 16]", "[8, 16, 16, 16]"))
    assert problems_of(path, "train.batch_size=500") == [
        "FILE:7:18: model.conv_channels: the pooling after convolution 4 leaves no pixel: its "
        "window of 2 is larger "
        "than the map (sides 8 -> 4 -> 2 -> 1); use fewer layers or a smaller pool",
        "--set train.batch_size=500: must be at most 300, the number of training images (got 500)",
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff\xfen\x00", "FILE: is not UTF-8 text (byte 0xff in line 1)"),
        (b"name: a\ndata: \xe9\n", "FILE: is not UTF-8 text (byte 0xe9 in line 2)"),
        (b"\x89PNG\r\n\x1a\n", "FILE: is not UTF-8 text (byte 0x89 in line 1)"),
        (b"name: a\x00b\n", "FILE:1:8: holds a control character (U+0000)"),
    ],
    ids=["UTF-16", "Latin-1", "picture", "null byte"],
)
def test_what_is_no_text_is_called_so(content: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    assert problems_of(path) == [expected]


def test_a_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert problems_of(tmp_path / "none.yaml") == [
        "FILE: no such file (`regx init` copies the ready-made configs)"
    ]


def test_a_path_that_no_file_can_have() -> None:
    assert problems_of(Path("a\0b")) == ["FILE: cannot be read (embedded null byte)"]


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    assert problems_of(tmp_path) == ["FILE: is a folder, not a YAML file"]


def test_a_file_that_is_something_else_does_not_fill_the_screen(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("".join(f"key{i}: {i}\n" for i in range(5000)), encoding="utf-8")
    lines = problems_of(path)
    assert len(lines) == 101
    assert lines[-1] == "... and 4,904 more problems"


def test_an_alias_bomb_is_refused_before_it_grows(tmp_path: Path) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    path = tmp_path / "mine.yaml"
    path.write_text("\n".join(levels), encoding="utf-8")
    assert problems_of(path) == ["FILE:5:5: holds more than 20,000 values, counting what aliases repeat"]
