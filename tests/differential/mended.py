# SPDX-License-Identifier: MIT
"""What CPython has mended of what works on tasks since the version that runs this, so that old
ones give the traces of new ones."""
import asyncio
import sys
from asyncio import tasks, timeouts

from virtual_loop import Task


class StandIn:
    """Takes a future's place in asyncio's functions on futures."""

    _asyncio_future_blocking = False

    def __init__(self, future):
        self.future = future

    def __getattr__(self, name):
        return getattr(self.future, name)


class DoneBefore(StandIn):
    def add_done_callback(self, callback):
        self.callback = callback


class Completed(StandIn):
    """For as_completed(), which gives its result: itself, as `async for` does since 3.13."""

    heard = given = False

    def add_done_callback(self, callback):
        def done(_):
            self.heard = True
            callback(self)
        self.callback = done
        self.future.add_done_callback(done)

    def remove_done_callback(self, callback):
        return self.future.remove_done_callback(self.callback)

    def result(self):
        self.given = True
        return self


def gather(*futures, return_exceptions):
    """That of 3.12: what is done already is seen at once."""
    if sys.version_info >= (3, 12):
        return asyncio.gather(*futures, return_exceptions=return_exceptions)
    before = {future: DoneBefore(future) for future in futures if future.done()}
    outer = asyncio.gather(*(before.get(future, future) for future in futures),
                           return_exceptions=return_exceptions)
    for future in before.values():
        future.callback(future)
    return outer


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


class Children(dict):
    """A set that keeps its order. CPython's does not: it cancels them in any."""

    def add(self, task):
        self[task] = True

    def discard(self, task):
        self.pop(task, None)


class TaskGroup(asyncio.TaskGroup):
    """Errors leave as the first of them, which is what C can return; before 3.13 the whole
    end is as it is since: the group's own cancel of its parent is taken back although it came
    while the group waited, and one from outside that met with an error is delivered again."""

    def __init__(self):
        super().__init__()
        self._tasks = Children()

    async def __aexit__(self, kind, error, traceback):
        is_cancel = isinstance(error, asyncio.CancelledError)
        first = None if self._errors or is_cancel else error
        if sys.version_info < (3, 13):
            return await self.end(error, first)
        try:
            return await super().__aexit__(kind, error, traceback)
        except BaseExceptionGroup as group:
            raise first or group.exceptions[0] from None

    def create_eager_task(self, coro):
        """That of 3.13.2: the group hears of a child that has ended at once as of any other."""
        if self._aborting or (self._exiting and not self._tasks):
            raise RuntimeError("the group takes no more")
        task = Task(coro, loop=self._loop, eager_start=True)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)
        return task

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
