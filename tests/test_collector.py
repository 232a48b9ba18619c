import gc

from reelkit.collector import keep_what_there_is, paused_collector


def test_the_collector_goes_on_afterwards_and_passes_over_what_stays() -> None:
    try:
        with paused_collector():
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_what_is_set_up_is_not_looked_at_again() -> None:
    kept: list[list[int]] = [[] for _ in range(1_000)]
    try:
        keep_what_there_is()
        assert gc.get_freeze_count() >= len(kept)
    finally:
        gc.unfreeze()
