"""A property that is made when first asked for, once, however many threads ask."""

from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    once = cached_property
else:

    class once(cached_property):  # noqa: N801  used as a decorator, like the class it extends
        """`cached_property` with a lock for each property of each owner, which the owner keeps in a dict `_making`.

        One lock for all would be held by who makes one thing and waits for another, whose maker may wait for the
        lock; Python 3.11 even has one for the owners of all tests, and 3.12 has none.
        """

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            made = instance.__dict__
            if self.attrname in made:
                return made[self.attrname]
            with instance._making.setdefault(self.attrname, RLock()):
                if self.attrname not in made:
                    made[self.attrname] = self.func(instance)
                return made[self.attrname]
