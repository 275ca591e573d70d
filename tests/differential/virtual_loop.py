# SPDX-License-Identifier: MIT
"""asyncio's own loop, with a clock that jumps to the next timer, and its tasks."""
import asyncio
import heapq
import itertools
from asyncio import base_events, events, tasks


class Deadlock(Exception):
    """Nothing is left that could happen."""


class Timer(events.TimerHandle):
    """Equal times keep their order; in asyncio they do not (its heap has no number)."""
    numbers = itertools.count()

    def __init__(self, *args):
        super().__init__(*args)
        self.number = next(self.numbers)

    def __lt__(self, other):
        return (self._when, self.number) < (other._when, other.number)


class Clock:
    """Stands where the selector would: nobody else can wake this loop."""
    now = 0.0

    def select(self, timeout):
        if timeout is None:
            raise Deadlock
        self.now += timeout
        return []


class Task(tasks._PyTask):
    """uncancel() rescinds a request that was not delivered yet: CPython does since 3.13. And
    the message of a cancellation stays: CPython gives the exception that ended the task out
    once, and then makes others, with the message of the task's own cancel."""

    own = False  # it was cancelled, and has not answered that otherwise than by ending

    def cancel(self, msg=None):
        taken = super().cancel(msg)
        self.own |= taken
        return taken

    def uncancel(self):
        left = super().uncancel()
        if left == 0:
            self._must_cancel = False
        return left

    def _make_cancelled_error(self):
        first = self._cancelled_exc
        return asyncio.CancelledError(*first.args) if first else super()._make_cancelled_error()


class Loop(base_events.BaseEventLoop):
    def __init__(self):
        super().__init__()
        self._selector = Clock()
        self._clock_resolution = 1e-9
        self.set_task_factory(lambda loop, coro, **kw: Task(coro, loop=loop, **kw))

    def time(self):
        return self._selector.now

    def call_at(self, when, callback, *args, context=None):
        timer = Timer(when, callback, args, self, context)
        timer._scheduled = True
        heapq.heappush(self._scheduled, timer)
        return timer

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        pass

    async def shutdown_default_executor(self, timeout=None):
        pass
