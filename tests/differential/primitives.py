# SPDX-License-Identifier: MIT
"""asyncio's locks, their kind, and queues, with what CPython has mended since the version that
runs this; and they say where simul differs from them on purpose: player.meant()."""
import asyncio
import collections
import sys
from asyncio.locks import _BarrierState as State


class Lock(asyncio.Lock):
    """One that was cancelled in this turn, and has not run yet, holds up the next in CPython."""

    def __init__(self, player):
        super().__init__()
        self.player = player
        self.again = set()  # the tasks that come back from a condition

    def check_again(self):
        waits = [task._fut_waiter for task in self.again]
        if any(wait and wait.cancelled() for wait in waits):
            self.player.meant("condition: locking again is not interrupted")

    async def acquire(self):
        self.check_again()
        return await super().acquire()

    def _wake_up_first(self):
        self.check_again()
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
        error, task = None, asyncio.current_task()
        self._lock.again.add(task)
        while True:
            try:
                await self.acquire()
                self._lock.again.discard(task)
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


class Barrier(asyncio.Barrier):
    """A round ends in CPython when all have left, here when the last has come: who comes before
    the others have run, or resets it, or is cancelled, finds something else."""

    def __init__(self, player, parties):
        super().__init__(parties)
        self._cond = Condition(player)
        self.player = player
        self.inside = []  # tasks in the order of their coming
        self.settled = {}  # who was let through, with his number, or sent away

    def stay(self):
        """Those who were not cancelled; also who was and has not run is inside in CPython."""
        me = asyncio.current_task()
        return [task for task in self.inside if task is me or not task._fut_waiter.cancelled()]

    def check_cancelled(self):
        if self._state is State.FILLING and len(self.stay()) < len(self.inside):
            self.player.meant("barrier: who was cancelled has left at once")

    def check_over(self, *states):
        if self._state in states:
            self.player.meant("barrier: a round ends when the last has come")

    async def wait(self):
        self.check_over(State.DRAINING, State.RESETTING)
        self.check_cancelled()
        task, index = asyncio.current_task(), None
        self.inside.append(task)
        try:
            index = await super().wait()
        except asyncio.CancelledError:
            if task in self.settled:
                self.player.meant("barrier: who was let through or sent away goes")
            raise
        finally:
            self.inside.remove(task)
            number = self.settled.pop(task, None)
        if index != number:
            self.player.meant("barrier: the numbers of a round differ")
        return index

    async def _release(self):
        self.settled = {task: number for number, task in enumerate(self.inside)}
        await super()._release()

    async def send_away(self, coroutine):
        self.check_over(State.DRAINING)
        for task in self.stay():
            self.settled.setdefault(task)
        await coroutine

    async def reset(self):
        await self.send_away(super().reset())

    async def abort(self):
        await self.send_away(super().abort())

    @property
    def n_waiting(self):
        self.check_cancelled()
        return super().n_waiting


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
    """What was promised to one who was woken may be taken by another in CPython."""

    _is_shutdown = False  # there is no shutdown() before 3.13

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
        if self.maxsize > 0 and not self._is_shutdown:
            self.check(self._putters, self.maxsize - self.qsize())
        return super().put_nowait(item)


class LifoQueue(Queue, asyncio.LifoQueue):
    pass


class PriorityQueue(Queue, asyncio.PriorityQueue):
    pass
