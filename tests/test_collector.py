import gc

from reelkit.collector import paused_collector


def test_the_collector_goes_on_afterwards_and_passes_over_what_stays() -> None:
    try:
        with paused_collector():
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
