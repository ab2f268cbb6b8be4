"""The contract suite that every listener must pass, importable for listeners of other packages (needs pytest).

    from listeners.testing import ListenerContract, Stage

    class TestMine(ListenerContract):
        def stage(self, url, world): return Stage(Source(...), environ, channel)

Each case runs against a real server on loopback that speaks like the platform; the desk beside it keeps pages as the store
does: by native id, the cursor together with the page.
"""

from listeners.testing.stage import Clock, Desk, Scene, Stage
from listeners.testing.suite import ListenerContract

__all__ = ["Clock", "Desk", "ListenerContract", "Scene", "Stage"]
