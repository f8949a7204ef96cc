import random

import numpy as np
import pytest
from small_set import small_arrays, small_spec

from regx.data.arrays import write_npz
from regx.data.cache import DamagedCacheError, cache_path, locked, read_cache, write_cache


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REGX_DATA", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()


def test_written_arrays_are_read_again():
    write_cache(small_spec(), small_arrays())
    read = read_cache(small_spec())
    for name, array in small_arrays().named().items():
        np.testing.assert_array_equal(read.named()[name], array)


def test_nothing_cached_is_no_error():
    assert read_cache(small_spec()) is None


def test_without_regx_data_the_system_says_where(monkeypatch):
    monkeypatch.delenv("REGX_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    monkeypatch.setenv("HOME", "/somewhere")
    assert cache_path("mnist").name == "mnist.npz"
    assert cache_path("mnist").parent.name == "regx"


def test_cut_off_anywhere_is_noticed():
    write_cache(small_spec(), small_arrays())
    path = cache_path("small")
    whole = path.read_bytes()
    for size in range(0, len(whole), 37):
        path.write_bytes(whole[:size])
        with pytest.raises(DamagedCacheError, match="is damaged"):
            read_cache(small_spec())


def test_a_flipped_bit_is_noticed_or_harmless():
    """Some bits of a zip file mean nothing (times, attributes); whatever is read must be the data set."""
    write_cache(small_spec(), small_arrays())
    path = cache_path("small")
    whole = path.read_bytes()
    draw = random.Random(0)
    noticed = 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            assert read_cache(small_spec()) is not None
        except DamagedCacheError:
            noticed += 1
    assert noticed > 100


def test_whole_file_with_other_content_is_noticed():
    with cache_path("small").open("wb"):
        write_npz(cache_path("small"), small_arrays(first_pixel=1))
    with pytest.raises(DamagedCacheError, match="other images"):
        read_cache(small_spec())


def test_pickles_are_refused():
    np.savez(cache_path("small"), train_images=np.array([{}], dtype=object))
    with pytest.raises(DamagedCacheError, match="no npz file"):
        read_cache(small_spec())


def test_lock_clears_away_what_a_killed_process_left():
    left_over = cache_path("small").parent / ".small.npz.abc.part"
    left_over.write_bytes(b"half")
    with locked("small", lambda: None):
        assert not left_over.exists()


def test_full_disk_leaves_the_old_file(monkeypatch):
    import resource
    import signal

    write_cache(small_spec(), small_arrays())
    old = cache_path("small").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_cache(small_spec(), small_arrays(first_pixel=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert cache_path("small").read_bytes() == old
    assert [path.name for path in cache_path("small").parent.iterdir()] == ["small.npz"]


def test_a_bomb_is_refused_by_what_it_declares(monkeypatch):
    monkeypatch.setattr("regx.data.arrays.MAX_BYTES", 10_000)
    np.savez_compressed(cache_path("small"), train_images=np.zeros(1_000_000, dtype=np.uint8))
    assert cache_path("small").stat().st_size < 10_000
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("it was unpacked"))
    with pytest.raises(DamagedCacheError, match=r"is damaged \(it says that it unpacks to 1,000,128 bytes\)"):
        read_cache(small_spec())


def test_the_largest_data_set_is_no_bomb():
    from regx.data.arrays import MAX_BYTES
    from regx.data.sets import DATASETS

    for facts in (spec.facts for spec in DATASETS.values()):
        images = facts.num_pool + facts.num_valid + facts.num_test
        assert images * (facts.channels * facts.size**2 + 8) + 4_096 < MAX_BYTES
