from pathlib import Path

import pytest

from regx.config import ConfigError, config_hash, load_run
from regx.config.sections.model import BatchNormConfig
from regx.config.sections.optim import CosineLr, MomentumRamp

BASE = """\
name: base
data: {name: digits}
model:
  family: cnn
  drop_prob: {conv: 0.1, hidden: 0.5}
optim:
  lr: 0.1
  lr_decay: {kind: exponential, factor: 0.9}
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.yaml"
    path.write_text(BASE)
    return path


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def error_of(path: Path, *overrides: str) -> str:
    with pytest.raises(ConfigError) as error:
        load_run(path, overrides)
    return str(error.value)


@pytest.mark.usefixtures("base")
class TestExtends:
    def test_mappings_are_merged_and_the_rest_is_inherited(self, tmp_path: Path) -> None:
        path = write(tmp_path, "a.yaml", "extends: base.yaml\nname: a\nmodel: {drop_prob: {hidden: 0.2}}\n")
        config = load_run(path)
        assert (config.name, config.optim.lr) == ("a", 0.1)
        assert (config.model.drop_prob.conv, config.model.drop_prob.hidden) == (0.1, 0.2)

    def test_lists_are_replaced(self, tmp_path: Path) -> None:
        path = write(tmp_path, "a.yaml", "extends: base.yaml\nmodel: {conv_channels: [4]}\n")
        assert load_run(path).model.conv_channels == (4,)

    def test_another_kind_replaces_the_parameters_of_the_first(self, tmp_path: Path) -> None:
        path = write(tmp_path, "a.yaml", "extends: base.yaml\noptim: {lr_decay: {kind: cosine}}\n")
        assert load_run(path).optim.lr_decay == CosineLr(kind="cosine")

    def test_the_same_kind_keeps_them(self, tmp_path: Path) -> None:
        path = write(tmp_path, "a.yaml", "extends: base.yaml\noptim: {lr_decay: {factor: 0.5}}\n")
        assert load_run(path).optim.lr_decay.model_dump() == {"kind": "exponential", "factor": 0.5}

    def test_the_path_is_relative_to_the_file(self, tmp_path: Path) -> None:
        write(tmp_path, "deep/middle.yaml", "extends: ../base.yaml\ntrain: {epochs: 3}\n")
        path = write(tmp_path, "a.yaml", "extends: deep/middle.yaml\nname: a\n")
        assert load_run(path).train.epochs == 3

    def test_an_inherited_error_points_at_the_file_that_holds_it(self, base: Path, tmp_path: Path) -> None:
        base.write_text(BASE.replace("lr: 0.1", "lr: 0"))
        path = write(tmp_path, "a.yaml", "extends: base.yaml\nname: a\n")
        assert error_of(path) == f"{base}:7:7: optim.lr: must be > 0 (got 0)"

    def test_an_error_that_is_overridden_is_none(self, base: Path, tmp_path: Path) -> None:
        base.write_text(BASE.replace("lr: 0.1", "lr: 0"))
        path = write(tmp_path, "a.yaml", "extends: base.yaml\noptim: {lr: 0.2}\n")
        assert load_run(path).optim.lr == 0.2

    def test_a_circle_is_named(self, tmp_path: Path) -> None:
        path = write(tmp_path, "a.yaml", "name: a\nextends: b.yaml\n")
        other = write(tmp_path, "b.yaml", "extends: a.yaml\n")
        assert f"{other}:1:10: extends: goes in a circle: a.yaml -> b.yaml -> a.yaml" in error_of(path)

    def test_a_file_that_is_not_there_is_named_where_it_is_asked_for(self, tmp_path: Path) -> None:
        path = write(tmp_path, "a.yaml", "extends: none.yaml\n")
        assert f"{path}:1:10: extends: no such file: {tmp_path / 'none.yaml'}" in error_of(path)

    def test_it_must_be_a_path(self, tmp_path: Path) -> None:
        path = write(tmp_path, "a.yaml", BASE + "extends: [base.yaml]\n")
        assert error_of(path) == f"{path}:9:10: extends: must be the path of a YAML file"

    def test_problems_of_both_files_come_in_one_list(self, base: Path, tmp_path: Path) -> None:
        base.write_text(BASE.replace("lr: 0.1", "lr: 0"))
        path = write(tmp_path, "a.yaml", "extends: base.yaml\ntrain: {epochs: 0}\n")
        assert error_of(path).split("\n") == [
            f"{path}:2:17: train.epochs: must be >= 1 (got 0)",
            f"{base}:7:7: optim.lr: must be > 0 (got 0)",
        ]


class TestOverrides:
    def test_lists_and_mappings_are_values(self, base: Path) -> None:
        config = load_run(base, ["model.drop_prob={conv: [0.1, 0.2]}", "model.conv_channels=[4, 8]"])
        assert config.model.drop_prob.conv == (0.1, 0.2)

    def test_a_mapping_replaces_what_was_there(self, base: Path) -> None:
        assert load_run(base, ["model.drop_prob={conv: 0.2}"]).model.drop_prob.hidden == 0.0

    def test_a_longer_path_changes_one_part(self, base: Path) -> None:
        assert load_run(base, ["model.drop_prob.conv=0.2"]).model.drop_prob.hidden == 0.5

    def test_only_the_first_equals_sign_separates(self, base: Path) -> None:
        assert error_of(base, "name=a=b").startswith("--set name=a=b: must be at most 64")

    def test_a_path_goes_through_true(self, base: Path) -> None:
        config = load_run(base, ["model.batch_norm=true", "model.batch_norm.eps=1e-3"])
        assert config.model.batch_norm == BatchNormConfig(eps=1e-3)

    def test_a_path_goes_into_a_section_that_is_not_written(self, base: Path) -> None:
        assert load_run(base, ["train.epochs=3"]).train.epochs == 3

    def test_a_number_becomes_a_ramp(self, base: Path) -> None:
        config = load_run(base, ["optim.momentum={start: 0.5, end: 0.9, steps: 10}"])
        assert config.optim.momentum == MomentumRamp(start=0.5, end=0.9, steps=10)

    @pytest.mark.parametrize("word", ["null", "none", "~", ""])
    def test_off_is_null_or_none_or_nothing(self, word: str, base: Path) -> None:
        config = load_run(base, ["optim.max_norm=3", f"optim.max_norm={word}", f"data.train_size={word}"])
        assert config.optim.max_norm is None
        assert config.data.train_size is None

    @pytest.mark.parametrize("word", ["null", "none"])
    def test_decay_is_switched_off_by_a_word(self, word: str, base: Path) -> None:
        assert load_run(base, [f"optim.lr_decay={word}"]).optim.lr_decay.kind == "none"

    def test_the_last_one_wins(self, base: Path) -> None:
        assert load_run(base, ["optim.lr=1", "optim.lr=2"]).optim.lr == 2.0

    def test_a_bad_value_that_is_overridden_is_no_problem(self, base: Path) -> None:
        assert load_run(base, ["optim.lr=-1", "optim.lr=2"]).optim.lr == 2.0

    def test_seed_and_device_go_over_all(self, base: Path) -> None:
        config = load_run(base, ["seed=3", "device=cuda"], seed=4, device="cpu")
        assert (config.seed, config.device) == (4, "cpu")

    def test_a_bad_seed_is_called_by_its_option(self, base: Path) -> None:
        with pytest.raises(ConfigError, match=r"^--seed -1: must be >= 0 \(got -1\)$"):
            load_run(base, seed=-1)

    def test_an_override_mends_a_file(self, base: Path) -> None:
        base.write_text(BASE.replace("lr: 0.1", "lr: 0"))
        assert load_run(base, ["optim.lr=0.1"]).optim.lr == 0.1


GOOD_PARTS = """\
name: n
data: {name: digits}
model: {family: mlp}
optim: {lr: 0.1, lr_decay: {kind: step, factor: 0.5, every_epochs: 2}}
"""


@pytest.mark.parametrize(
    "link", ['"a\\0b.yaml"', '"\\ud800.yaml"', "x" * 300 + ".yaml", '""', "missing.yaml", "self.yaml"]
)
def test_a_broken_link_is_the_one_thing_that_is_said(tmp_path: Path, link: str) -> None:
    path = tmp_path / "self.yaml"
    path.write_text(f"extends: {link}\nname: n\n")
    with pytest.raises(ConfigError) as error:
        load_run(path)
    lines = str(error.value).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith((f"{path}:1:10: extends: ", f"{path}:1:"))


def test_problems_above_a_broken_base_are_told_too(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("")
    path = tmp_path / "top.yaml"
    path.write_text("extends: base.yaml\nname: n\nname: m\n")
    with pytest.raises(ConfigError) as error:
        load_run(path)
    text = str(error.value)
    assert "base.yaml: is empty" in text
    assert f"{path}:3:1" in text


def test_another_kind_by_override_drops_the_parameters_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "n.yaml"
    path.write_text(GOOD_PARTS)
    assert load_run(path, ["optim.lr_decay.kind=cosine"]).optim.lr_decay.kind == "cosine"
    assert load_run(path, ["optim.lr_decay.kind=step"]).optim.lr_decay.kind == "step"


@pytest.mark.parametrize(("text", "number"), [("0,1", "0.1"), ("50,000", "50000"), ("1_000", "1000")])
def test_the_number_that_was_meant(tmp_path: Path, text: str, number: str) -> None:
    path = tmp_path / "n.yaml"
    path.write_text(GOOD_PARTS)
    with pytest.raises(ConfigError, match=f"write {number} "):
        load_run(path, [f"optim.lr={text}"])


@pytest.mark.parametrize("off", ["none", "null", "false"])
def test_batch_norm_off_in_three_words(tmp_path: Path, off: str) -> None:
    path = tmp_path / "n.yaml"
    path.write_text(GOOD_PARTS)
    assert load_run(path, ["model.batch_norm=true", f"model.batch_norm={off}"]).model.batch_norm is False


def test_minus_zero_is_zero(tmp_path: Path) -> None:
    path = tmp_path / "n.yaml"
    path.write_text(GOOD_PARTS)
    hashes = {config_hash(load_run(path, [f"optim.weight_decay={zero}"])) for zero in ("0.0", "-0.0", "0")}
    assert len(hashes) == 1


def test_one_image_has_no_variance(tmp_path: Path) -> None:
    path = tmp_path / "n.yaml"
    path.write_text(GOOD_PARTS)
    with pytest.raises(ConfigError, match="must be 0 or at least 2"):
        load_run(path, ["model.batch_norm=true", "train.bn_reestimate_images=1"])
    load_run(path, ["train.bn_reestimate_images=1"])
