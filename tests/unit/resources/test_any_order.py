"""Uses, failures, unloads and deregistrations in any order that hypothesis thinks of, against a simple model."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from tests.unit.resources.things import Clock, Maker, MatrixDamaged, Thing

from stash_sense.resources.registry import Handle, ResourceRegistry
from stash_sense.resources.resource import ResourceState

IDLE = 100


@dataclass(eq=False)
class Known:
    """What the model knows of a resource."""

    maker: Maker
    handle: Handle[Thing]
    registered: bool = True
    thing: Thing | None = None
    last_use: float = 0.0
    uses: list[AbstractContextManager[Thing]] = field(default_factory=list)


class AnyOrder(RuleBasedStateMachine):
    resources = Bundle("resources")

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.registry = ResourceRegistry(IDLE, give_back=lambda: None, clock=self.clock)
        self.known: list[Known] = []

    @rule(target=resources)
    def register(self) -> Known:
        maker = Maker(f"thing {len(self.known)}")
        self.known.append(Known(maker, self.registry.register(maker.resource())))
        return self.known[-1]

    @rule(known=resources, fails=st.booleans())
    def begin_use(self, known: Known, fails: bool) -> None:
        known.maker.error = MatrixDamaged(path="a") if fails else None
        use, failed = known.handle.require(), False
        try:
            thing = use.__enter__()
        except MatrixDamaged:
            failed = True
            assert known.thing is None
        else:
            assert known.thing in (None, thing)
            known.thing = thing
            known.uses.append(use)
        assert failed == (fails and known.thing is None)

    @rule(known=resources)
    def end_use(self, known: Known) -> None:
        if known.uses:
            known.uses.pop().__exit__(None, None, None)
            known.last_use = self.clock.now
            if not known.uses and not known.registered:
                known.thing = None

    @rule(known=resources)
    def deregister(self, known: Known) -> None:
        known.handle.deregister()
        known.registered = False
        if not known.uses:
            known.thing = None

    @rule(seconds=st.sampled_from([1, IDLE // 2, IDLE]))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule()
    def check(self) -> None:
        expected = []
        for known in self.known:
            if known.thing is not None and not known.uses and self.clock.now - known.last_use >= IDLE:
                expected.append(known.handle.name)
                known.thing = None
        assert sorted(self.registry.unload_idle()) == sorted(expected)

    @invariant()
    def is_as_the_model_says(self) -> None:
        seen = {status.name: status for status in self.registry.status()}
        for known in self.known:
            status = seen.pop(known.handle.name, None)
            if status is None:
                assert not known.registered
                assert known.thing is None
                continue
            assert (status.registered, status.users) == (known.registered, len(known.uses))
            assert (status.state is ResourceState.LOADED) == (known.thing is not None)
        assert not seen

    @invariant()
    def what_is_not_held_any_more_was_unloaded_once(self) -> None:
        for known in self.known:
            gone = known.maker.unloaded
            assert len({id(thing) for thing in gone}) == len(gone)
            assert known.thing not in gone


AnyOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestAnyOrder = AnyOrder.TestCase
