from regx.probes.protocol import is_log_spaced


def test_log_spaced_steps() -> None:
    assert [step for step in range(1001) if is_log_spaced(step)] == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
