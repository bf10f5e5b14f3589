"""A property that is made when first asked for, once, however many threads ask."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    once = cached_property
else:

    class once(cached_property):  # noqa: N801  used as a decorator, like the class it extends
        """`cached_property` with the lock that it has lost in Python 3.12; its owner has an RLock `_making`."""

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            if self.attrname in instance.__dict__:
                return instance.__dict__[self.attrname]
            with instance._making:
                return super().__get__(instance, owner)
