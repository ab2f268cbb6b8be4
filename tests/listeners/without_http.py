"""The cases of the contract suite that say nothing about HTTP, for listeners that read databases and mailboxes."""

import pytest

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import World
from listeners.testing import Clock, Desk, ListenerContract, Scene


class ContractWithoutHttp(ListenerContract):
    """Subclass it and make a ``world`` that says things where the listener reads them."""

    test_it_waits_as_long_as_retry_after_says_and_goes_on = None
    test_it_waits_as_long_as_its_headers_say_and_goes_on = None
    test_it_leaves_a_platform_alone_that_asks_for_an_hour = None
    test_one_bad_answer_is_asked_for_again = None
    test_a_bad_day_ends_the_run_clearly_and_the_next_makes_it_whole = None
    test_a_refused_credential_is_named_and_not_tried_again = None
    test_what_is_gone_is_said = None
    test_odd_pages_do_no_harm = None
    test_a_wrong_clock_loses_nothing = None
    test_what_lies_below_something_that_is_gone_silences_nothing = None

    def world(self, clock: Clock) -> World:
        """Return where things are said."""
        raise NotImplementedError

    @pytest.fixture
    def scene(self) -> Scene:
        """Nothing said yet, and a desk that has heard nothing."""
        clock = Clock()
        world = self.world(clock)
        stage = self.stage("", world)
        return Scene(world, Mischief(clock=clock), Desk(stage, clock), clock, stage.channel)
