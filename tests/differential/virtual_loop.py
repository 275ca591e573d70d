# SPDX-License-Identifier: MIT
"""asyncio's own loop, with a clock that jumps to the next timer, and what CPython has
mended since the version that runs this, so that old ones give the traces of new ones."""
import asyncio
import collections
import heapq
import itertools
import sys
from asyncio import base_events, events, tasks, timeouts


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


# ---- what was mended ------------------------------------------------------------------------

async def wait_for(future, timeout):
    """That of 3.12: by a timeout() in the caller's task; before, cancels got lost."""
    if sys.version_info >= (3, 12) or timeout is None:
        return await asyncio.wait_for(future, timeout)
    if timeout > 0:
        async with timeouts.timeout(timeout):
            return await future
    if future.done():
        return future.result()
    await tasks._cancel_and_wait(future, asyncio.get_running_loop())
    try:
        return future.result()
    except asyncio.CancelledError as error:
        raise TimeoutError from error


class TaskGroup(asyncio.TaskGroup):
    """Errors leave as the first of them, which is what C can return; before 3.13 the whole
    end is as it is since: the group's own cancel of its parent is taken back although it came
    while the group waited, and one from outside that met with an error is delivered again."""

    async def __aexit__(self, kind, error, traceback):
        is_cancel = isinstance(error, asyncio.CancelledError)
        first = None if self._errors or is_cancel else error
        if sys.version_info < (3, 13):
            return await self.end(error, first)
        try:
            return await super().__aexit__(kind, error, traceback)
        except BaseExceptionGroup as group:
            raise first or group.exceptions[0] from None

    async def wait_for_children(self):
        cancel = None
        while self._tasks:
            self._on_completed_fut = self._loop.create_future()
            try:
                await self._on_completed_fut
            except asyncio.CancelledError as error:
                if not self._aborting:
                    cancel = error
                    self._abort()
            self._on_completed_fut = None
        return cancel

    async def end(self, error, first):
        parent, self._exiting = self._parent_task, True
        cancel = error if isinstance(error, asyncio.CancelledError) else None
        if error is not None and not self._aborting:
            self._abort()
        cancel = await self.wait_for_children() or cancel
        if self._parent_cancel_requested and parent.uncancel() == 0:
            cancel = None
        if cancel and not self._errors:
            raise cancel
        first = first or (self._errors[0] if self._errors else None)
        if first and parent.cancelling():
            parent.uncancel()
            parent.cancel()
        if first:
            raise first from None


class Lock(asyncio.Lock):
    """One that was cancelled in this turn, and has not run yet, holds up the next in CPython."""

    def __init__(self, player):
        super().__init__()
        self.player = player

    def _wake_up_first(self):
        waiters = list(self._waiters or ())
        if waiters and waiters[0].cancelled() and not all(w.done() for w in waiters):
            self.player.meant("lock: a release passes over who was cancelled in that turn")
        super()._wake_up_first()


class Semaphore(asyncio.Semaphore):
    """That of 3.13: whoever leaves acquire() wakes as many as there are permits for."""

    async def acquire(self):
        if sys.version_info >= (3, 13):
            return await super().acquire()
        try:
            return await super().acquire()
        finally:
            waiting = [w for w in self._waiters or () if not w.done()]
            for _ in range(min(self._value, len(waiting))):
                self._wake_up_next()


class BoundedSemaphore(Semaphore, asyncio.BoundedSemaphore):
    pass


class Condition(asyncio.Condition):
    """A notification that met with a cancel goes on to the next who waits. CPython forgets it
    before 3.13; since then it notifies somebody in any case, also if there was none."""

    def __init__(self, player):
        super().__init__(Lock(player))
        self.player = player

    async def lock_again(self):
        error = None
        while True:
            try:
                await self.acquire()
                return error
            except asyncio.CancelledError as cancel:
                error = cancel
                self.player.meant("condition: locking again is not interrupted")

    async def wait(self):
        if not self.locked():
            raise RuntimeError("not locked")
        error, turn = None, self._get_loop().create_future()
        self.release()
        self._waiters.append(turn)
        try:
            await turn
        except asyncio.CancelledError as cancel:
            error = cancel
        finally:
            self._waiters.remove(turn)
        error = await self.lock_again() or error
        if error:
            if not turn.cancelled():
                self.notify(1)
            raise error


class Waiters(collections.deque):
    """Of a queue; and who was woken and has not run yet: to him something is promised."""

    def __init__(self):
        super().__init__()
        self.of_task = {}

    def append(self, future):
        self.of_task[asyncio.current_task()] = future
        super().append(future)

    def promised(self):
        futures = self.of_task.values()
        return sum(future.done() and not future.cancelled() for future in futures)


class Queue(asyncio.Queue):
    """What was promised to one who was woken may be taken by another in CPython. No shutdown:
    that is there since 3.13."""

    def __init__(self, player, maxsize):
        super().__init__(maxsize)
        self.player = player
        self._getters, self._putters = Waiters(), Waiters()

    async def served(self, waiters, coroutine):
        task = asyncio.current_task()
        try:
            return await coroutine
        finally:
            waiters.of_task.pop(task, None)

    async def get(self):
        return await self.served(self._getters, super().get())

    async def put(self, item):
        return await self.served(self._putters, super().put(item))

    def check(self, waiters, there):
        mine = waiters.of_task.get(asyncio.current_task())
        promised = waiters.promised() - (mine is not None)
        if there > 0 and promised >= there:
            self.player.meant("queue: what was promised cannot be taken by another")

    def get_nowait(self):
        self.check(self._getters, self.qsize())
        return super().get_nowait()

    def put_nowait(self, item):
        if self.maxsize > 0:
            self.check(self._putters, self.maxsize - self.qsize())
        return super().put_nowait(item)


class LifoQueue(Queue, asyncio.LifoQueue):
    pass


class PriorityQueue(Queue, asyncio.PriorityQueue):
    pass
