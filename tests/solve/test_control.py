"""Control: time that is shared, and solvers that are stopped."""

import threading

from allocator.solve.progress import Control, Part


class Solver:
    """Notes whether it was stopped."""

    stopped = False

    def stop_search(self) -> None:
        self.stopped = True


def test_a_part_ends_with_its_share() -> None:
    """A tenth of ten minutes is a minute at most; what stops the whole stops the part."""
    whole = Control(600.0)
    part = Part(whole, 0.1)
    assert 0.0 < part.left <= 60.0
    assert not part.over
    whole.stop()
    assert part.over


def test_no_share_is_over_at_once() -> None:
    """A part of nothing has no time, while the whole goes on."""
    whole = Control(600.0)
    assert Part(whole, 0.0).over
    assert not whole.over


def test_stopping_a_part_stops_the_whole() -> None:
    """Who asks to stop means all of it."""
    whole = Control(600.0)
    Part(whole, 0.5).stop()
    assert whole.over


def test_solvers_of_all_threads_are_stopped() -> None:
    """Two threads run a solver each; both hear of it, and one that has ended does not."""
    whole = Control(600.0)
    first, second, ended, late = Solver(), Solver(), Solver(), Solver()
    whole.running(ended)
    whole.running(None)
    whole.running(first)
    other = threading.Thread(target=lambda: Part(whole, 0.5).running(second))
    other.start()
    other.join()
    whole.stop()
    whole.running(late)
    assert (first.stopped, second.stopped, ended.stopped, late.stopped) == (True, True, False, True)


def test_a_limit_that_is_reached_is_no_stop() -> None:
    """Time that is up ends a part, and a stop of the whole stops it: two different things."""
    whole = Control(600.0)
    part = Part(whole, 0.0)
    assert part.over
    assert not part.stopped
    whole.stop()
    assert part.stopped
