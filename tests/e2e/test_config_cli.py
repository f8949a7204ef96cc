import json
import os
from pathlib import Path

import pytest
from ready_made import CONFIG_FILES, EXPERIMENT_FILES, ROOT

from regx.claims.registry import file_digest, starter_folder

GOOD = "name: a\ndata: {name: digits}\nmodel: {family: cnn}\noptim: {lr: 0.1}\n"


class TestValidate:
    def test_a_good_file_is_summed_up(self, cli):
        Path("a.yaml").write_text(GOOD)
        done = cli("validate", "a.yaml")
        assert (done.code, done.err) == (0, "")
        assert done.out == "a.yaml: ok (cnn, 22,602 parameters, digits 1,000 images, 10 epochs)\n"

    def test_a_folder_means_all_yaml_files_in_it(self, cli):
        Path("deep/er").mkdir(parents=True)
        for name in ("deep/a.yaml", "deep/er/b.yml"):
            Path(name).write_text(GOOD)
        Path("deep/notes.txt").write_text("not YAML: [")
        done = cli("validate", "deep")
        assert [line.split(":")[0] for line in done.out.splitlines()] == ["deep/a.yaml", "deep/er/b.yml"]

    def test_problems_of_all_files_come_with_exit_code_2(self, cli):
        Path("good.yaml").write_text(GOOD)
        Path("a.yaml").write_text(GOOD.replace("lr: 0.1", "lr: -1"))
        Path("b.yaml").write_text(GOOD + "epochs: 3\n")
        done = cli("validate", "b.yaml", "good.yaml", "a.yaml", "none.yaml")
        assert done.code == 2
        assert done.out.startswith("good.yaml: ok")
        assert done.err.splitlines() == [
            "a.yaml:4:13: optim.lr: must be > 0 (got -1)",
            "b.yaml:5:1: epochs: unknown key here; it belongs under train",
            "none.yaml: no such file (`regx init` copies the ready-made configs)",
        ]

    def test_a_setting_without_effect_is_a_note_on_stderr(self, cli):
        Path("a.yaml").write_text(GOOD.replace("family: cnn", "family: mlp, kernel_size: 5"))
        done = cli("validate", "a.yaml")
        assert done.code == 0
        assert done.err == "a.yaml: note: model.kernel_size has no effect in an mlp\n"

    def test_a_folder_without_yaml_is_a_mistake(self, cli):
        Path("empty").mkdir()
        done = cli("validate", "empty")
        assert (done.code, done.err) == (2, "empty: no YAML files in this folder\n")

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "is empty"),
            (b"\x89PNG", "is not UTF-8 text"),
            (b"a: !!python/name:os.system", "tags are not allowed"),
        ],
    )
    def test_what_is_no_config_is_refused_in_one_line(self, cli, content, reason):
        Path("a.yaml").write_bytes(content)
        done = cli("validate", "a.yaml")
        assert done.code == 2
        assert reason in done.err
        assert "Traceback" not in done.err

    def test_a_path_through_a_file_is_named(self, cli):
        Path("a.yaml").write_text(GOOD)
        done = cli("validate", "a.yaml/b.yaml")
        assert (done.code, done.err) == (2, "a.yaml/b.yaml: cannot be read: Not a directory; mend the path\n")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
    def test_a_file_that_may_not_be_read_is_named(self, cli):
        Path("a.yaml").write_text(GOOD)
        Path("a.yaml").chmod(0)
        done = cli("validate", "a.yaml")
        assert done.code == 2
        assert done.err.startswith("a.yaml: cannot be read: Permission denied; see that you may read")


def test_the_schema_is_json_on_stdout(cli):
    done = cli("schema", "run")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["title"] == "The configuration of a regx run"


class TestInit:
    def test_what_is_written_is_listed_and_valid(self, cli):
        done = cli("init")
        assert (done.code, done.err) == (0, "")
        *wrote, last = done.out.splitlines()
        assert last == "next: regx train configs/digits_cnn.yaml"
        listed = sorted(line.removeprefix("wrote ") for line in wrote)
        assert listed == sorted(str(path) for path in Path().rglob("*") if path.is_file())
        files = [path.relative_to(ROOT) for path in (*CONFIG_FILES, *EXPERIMENT_FILES)]
        assert {str(path) for path in files} <= set(listed)
        assert cli("validate", *files).code == 0

    def test_nothing_is_overwritten(self, cli):
        Path("mine/configs").mkdir(parents=True)
        mine = Path("mine/configs/digits_cnn.yaml")
        mine.write_text("mine")
        done = cli("init", "mine")
        assert mine.read_text() == "mine"
        assert done.err == f"kept {mine}: it is there already\n"
        assert str(mine) not in done.out.replace(f"next: regx train {mine}", "")

    def test_editors_find_the_schema_of_each_file(self, cli):
        cli("init", "mine")
        titles = {"configs": "The configuration of a regx run", "experiments": "A regx experiment"}
        for kind, title in titles.items():
            files = list(Path("mine", kind).rglob("*.yaml"))
            assert files
            for file in files:
                line = file.read_text(encoding="utf-8").splitlines()[0]
                schema = file.parent / line.removeprefix("# yaml-language-server: $schema=")
                assert json.loads(schema.read_text(encoding="utf-8"))["title"] == title

    def test_copies_count_as_the_files_that_the_verdicts_are_of(self, cli):
        cli("init")
        for path in Path("experiments").glob("*.yaml"):
            assert file_digest(path) == file_digest(starter_folder() / path.name)

    def test_a_second_time_changes_nothing(self, cli):
        cli("init")
        before = {path: path.read_bytes() for path in Path().rglob("*.*")}
        done = cli("init")
        assert (done.code, done.out) == (0, "next: regx train configs/digits_cnn.yaml\n")
        assert {path: path.read_bytes() for path in Path().rglob("*.*")} == before

    def test_a_file_is_no_folder(self, cli):
        Path("mine").write_text("")
        done = cli("init", "mine")
        assert (done.code, done.err) == (2, "mine: is a file, not a folder\n")


EXPERIMENT = """\
name: mine
question: Does it?
base: good.yaml
arms: {plain: {}, drop: {model.drop_prob.hidden: 0.5}}
grid: {train.epochs: [1, 2]}
tune: {over: {optim.lr: [0.1, 0.3]}}
seeds: 3
tiers: {smoke: {seeds: 1, tune: false}}
"""


class TestValidateExperiment:
    def test_it_says_which_runs_it_asks_for(self, cli):
        Path("good.yaml").write_text(GOOD)
        Path("mine.yaml").write_text(EXPERIMENT)
        done = cli("validate", "mine.yaml")
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("mine.yaml: ok (experiment, 2 arms x 2 cells x 3 seeds = 12 runs of ")
        assert done.out.endswith("; 8 tuning runs; tier smoke)\n")

    def test_every_tier_is_checked(self, cli):
        Path("good.yaml").write_text(GOOD)
        Path("mine.yaml").write_text(EXPERIMENT.replace("seeds: 1,", "set: {train.epoch: 1},"))
        done = cli("validate", "mine.yaml")
        line = "mine.yaml:8:23: tiers.smoke.set: train.epoch: unknown key; write `epochs`\n"
        assert (done.code, done.out, done.err) == (2, "", line)

    def test_what_is_unlikely_to_be_meant_is_a_note(self, cli):
        Path("good.yaml").write_text(GOOD)
        Path("mine.yaml").write_text(EXPERIMENT.replace("{model.drop_prob.hidden: 0.5}", "{}"))
        done = cli("validate", "mine.yaml")
        assert (done.code, done.err) == (0, "mine.yaml: note: arms plain and drop are the same\n")


def test_the_schema_of_an_experiment_offers_the_settings_of_a_run(cli):
    done = cli("schema", "experiment")
    assert (done.code, done.err) == (0, "")
    schema = json.loads(done.out)
    assert schema["title"] == "A regx experiment"
    assert schema["properties"]["set"]["$ref"] == "#/$defs/Settings"
    assert "optim.lr_decay.factor" in schema["$defs"]["Settings"]["properties"]
    assert all(f"#/$defs/{name}" in done.out for name in schema["$defs"])
