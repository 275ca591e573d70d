# SPDX-License-Identifier: MIT
"""Runs a program of script.h in asyncio; what happens is a list of lines."""
import asyncio
import sys
import warnings
from asyncio import CancelledError

from mended import Completed, TaskGroup, gather, wait_for
from primitives import (Barrier, BoundedSemaphore, Condition, LifoQueue, Lock, PriorityQueue,
                        Queue, Semaphore)
from script import Statement
from virtual_loop import Deadlock, Loop, Task

MODES = {"f": asyncio.FIRST_COMPLETED, "e": asyncio.FIRST_EXCEPTION, "a": asyncio.ALL_COMPLETED}


class Err(Exception):
    """raise N"""


SHUT_DOWN = (asyncio.QueueShutDown,) if hasattr(asyncio, "QueueShutDown") else ()
EXPECTED = (Err, TimeoutError, CancelledError, asyncio.InvalidStateError, RuntimeError, ValueError,
            asyncio.QueueEmpty, asyncio.QueueFull) + SHUT_DOWN


class Thing(dict):
    """What exists from the beginning, and what is made: by its word, or None."""

    def __missing__(self, word):
        return None


def name_of(error):
    if isinstance(error, CancelledError):
        return "cancelled" + "".join(f":{arg}" for arg in error.args if arg)
    if isinstance(error, Err):
        return f"err {error.args[0]}"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, (asyncio.QueueEmpty, asyncio.QueueFull)):
        return "again"
    if isinstance(error, SHUT_DOWN):
        return "shutdown"
    if isinstance(error, asyncio.BrokenBarrierError):
        return "broken"
    if isinstance(error, RuntimeError) and "await on itself" in str(error):
        return "deadlock"
    if isinstance(error, (asyncio.InvalidStateError, RuntimeError, ValueError)):
        return "state"
    raise error


def state(future):
    if future is None:
        return "none"
    if not future.done():
        return "pending"
    if future.cancelled():
        return "cancelled"
    error = future.exception()
    if isinstance(error, CancelledError):
        return "cancelled"  # an error of a gather() that is a child's cancel
    return name_of(error) if error else str(result_of(future))


def result_of(future):
    """The result of a gather() is a list, or 0 in C."""
    result = future.result()
    return 0 if isinstance(result, list) else result


def seconds(word):
    return None if word == "none" else float(word)


def is_due(timeout):
    """Its end is among what is ready to run."""
    handle = timeout._timeout_handler
    return handle and not getattr(handle, "_scheduled", False)


class Actor:
    """The running task: its number, the innermost blocks, and the timeout around that."""

    def __init__(self, number, timeout=None, outer=None, group=None):
        self.number, self.timeout, self.outer, self.group = number, timeout, outer, group


NOBODY = Actor(None)


class Player:
    def __init__(self, program):
        self.program, self.trace, self.tasks = program, [], []
        self.stopped = self.closing = self.eager = False
        self.words = {}  # of tasks, in the order of their making

    # ---- events ------------------------------------------------------------------------

    def event(self, actor, what):
        over = all(task.done() for task in self.tasks)
        if not self.stopped and not over:
            who = "-" if actor.number is None else f"t{actor.number}"
            self.trace.append(f"{self.loop.time():g} {who} {what}")

    def meant(self, why):
        """What comes now differs from simul, as docs/from-asyncio.md says."""
        self.event(NOBODY, f"meant: {why}")
        self.stopped = True

    # ---- the run -----------------------------------------------------------------------

    def run(self):
        self.loop = Loop()
        self.loop.set_exception_handler(lambda *_: None)
        unraisable, sys.unraisablehook = sys.unraisablehook, lambda _: None
        warnings.simplefilter("ignore")  # coroutines never awaited, of what never ends
        try:
            self.play()
        except Deadlock:
            self.event(NOBODY, "deadlock")
        self.stopped = True
        self.drop()
        sys.unraisablehook = unraisable
        return self.trace

    def play(self):
        main = self.loop.create_task(self.main())
        self.tasks.append(main)
        try:
            self.loop.run_until_complete(main)
        except EXPECTED:
            pass
        self.closing = True
        rest = [self.things[word] for word in self.words]
        rest = [task for task in rest if task and not task.done()]
        for task in rest:
            task.cancel()
        if rest:
            async def wait_for_all():
                await asyncio.gather(*rest, return_exceptions=True)
            self.loop.run_until_complete(wait_for_all())

    def drop(self):
        """Tasks that will never end."""
        for task in self.tasks:
            task._log_destroy_pending = False
            try:
                task.get_coro().close()
            except (Exception, CancelledError):
                pass  # its blocks await although nothing runs any more
        self.tasks = []
        self.loop._ready.clear()
        self.loop.close()

    async def main(self):
        future = self.loop.create_future
        self.things = Thing(t0=asyncio.current_task(), f0=future(), f1=future(), f2=future(),
                            l0=Lock(self), l1=Lock(self), e0=asyncio.Event(),
                            e1=asyncio.Event(), c0=Condition(self), c1=Condition(self),
                            s0=Semaphore(1), s1=BoundedSemaphore(2), s2=Semaphore(0),
                            q0=Queue(self, 1), q1=Queue(self, 0), q2=LifoQueue(self, 2),
                            q3=PriorityQueue(self, 2), b0=Barrier(self, 2),
                            b1=Barrier(self, 3))
        # In C, main's handle is not known either.
        del self.things["t0"]
        self.callbacks = [self.on_done(n) for n in range(4)]
        return await self.run_task(0)

    async def run_task(self, number):
        actor = Actor(number)
        self.event(actor, "begin")
        try:
            result = await self.run_list(actor, self.program.get(number, [])) or 0
        except BaseException as error:
            if not isinstance(error, GeneratorExit):
                self.event(actor, f"end = {name_of(error)}")
            raise
        self.event(actor, f"end = {result}")
        return result

    # ---- statements --------------------------------------------------------------------

    async def run_list(self, actor, statements):
        """None to go on, or what a `return` gave."""
        for s in statements:
            block = getattr(self, f"{s.op}_block", None)
            if block:
                result = await block(actor, s)
                if result is not None:
                    return result
            else:
                await self.run_simple(actor, s)
        return None

    async def run_simple(self, actor, s):
        try:
            said = getattr(self, f"{s.op}_op")(actor, *s.argv[1:])
            if asyncio.iscoroutine(said):
                said = await said
        except (Exception, CancelledError) as error:
            self.event(actor, f"{s.text} = {name_of(error)}")
            self.answered(error)
            raise
        self.answered(None)
        self.event(actor, f"{s.text} = {self.said(said)}")

    @staticmethod
    def answered(error):
        """A cancel of the running task, if there was one, went into what it awaited, and that
        did something else than end cancelled."""
        task = asyncio.current_task()
        if not isinstance(error, CancelledError) and not task._must_cancel:
            task.own = False

    @staticmethod
    def said(value):
        if isinstance(value, bool):
            return "yes" if value else "no"
        return "0" if value is None else str(value)

    def run_callback(self, s):
        try:
            said = self.said(getattr(self, f"{s.op}_op")(NOBODY, *s.argv[1:]))
        except Exception as error:
            said = name_of(error)
        self.event(NOBODY, f"{s.text} = {said}")

    # ---- blocks ------------------------------------------------------------------------

    async def note_block(self, actor, s):
        self.event(actor, s.text)

    async def return_block(self, actor, s):
        return int(s.argv[1])

    async def raise_block(self, actor, s):
        raise Err(int(s.argv[1]))

    async def try_block(self, actor, s):
        try:
            return await self.run_list(actor, s.parts["body"])
        except CancelledError:
            if "except" not in s.parts:
                raise
            self.event(actor, "except")
            asyncio.current_task().own = False
            return await self.run_list(actor, s.parts["except"])
        except Exception as error:
            if "error" not in s.parts:
                raise
            self.answered(error)
            self.event(actor, "error")
            return await self.run_list(actor, s.parts["error"])
        finally:
            if "finally" in s.parts:
                self.event(actor, "finally")
                task = asyncio.current_task()
                own = task.own
                result = await self.run_list(actor, s.parts["finally"])
                task.own |= own
                if result is not None:
                    return result

    async def scope(self, actor, manager, s, ended):
        """A block of `async with`; ended(result) says what comes of it."""
        inner = Actor(actor.number, actor.timeout, actor.outer, actor.group)
        setattr(inner, s.op, manager)
        if s.op == "timeout":
            inner.outer = actor.timeout
        try:
            async with manager:
                result = await self.run_list(inner, s.parts["body"])
        except BaseException as error:
            if not isinstance(error, GeneratorExit):
                ended(name_of(error).split(":")[0])
            raise
        ended(result or 0)
        return result

    async def timeout_block(self, actor, s):
        limit, task = asyncio.timeout(seconds(s.argv[1])), asyncio.current_task()
        foreign = task._must_cancel

        def ended(result):
            if not task.own and result == "timeout":
                self.meant("timeout: once its cancel was answered, another's is another's")
            if foreign and limit.expired():
                self.meant("timeout: a cancel that was pending before is not its own")
            expired = " expired" * limit.expired()
            self.event(actor, f"end of timeout = {result}{expired}")
        return await self.scope(actor, limit, s, ended)

    async def group_block(self, actor, s):
        def ended(result):
            self.event(actor, f"end of group = {result}")
        return await self.scope(actor, TaskGroup(), s, ended)

    def check_done(self, completions, may_have):
        """Does CPython have what is done? Not before it heard of that, and put it into a queue."""
        at_hand = [c for c in completions if c.heard and not c.given]
        if not (may_have and at_hand) and any(c.done() and not c.given for c in completions):
            self.meant("as_completed: what is done is there at once")

    async def next_of(self, completions, turn):
        self.check_done(completions, True)
        try:
            return await turn
        except TimeoutError:
            self.check_done(completions, False)
            raise

    async def each_block(self, actor, s):
        futures = dict.fromkeys(self.list_of(s.argv[2:]))
        completions = [Completed(future) for future in futures]
        for turn in asyncio.as_completed(completions, timeout=seconds(s.argv[1])):
            try:
                future = (await self.next_of(completions, turn)).future
            except (TimeoutError, CancelledError) as error:
                self.event(actor, f"{s.text} = {name_of(error)}")
                self.answered(error)
                raise
            self.answered(None)
            word = next(word for word in s.argv[2:] if self.things[word] is future)
            self.event(actor, f"{s.text} = {word}")
            result = await self.run_list(actor, s.parts["body"])
            if result is not None:
                return result
        self.event(actor, f"end of {s.text}")

    async def with_block(self, actor, s):
        thing = self.things[s.argv[1]]
        try:
            await thing.acquire()
        except CancelledError:
            self.event(actor, f"{s.text} = cancelled")
            raise
        self.event(actor, f"{s.text} = 0")
        try:
            return await self.run_list(actor, s.parts["body"])
        finally:
            try:
                thing.release()
            except Exception as error:
                self.event(actor, f"end of {s.text} = {name_of(error)}")
                raise
            self.event(actor, f"end of {s.text} = 0")

    # ---- tasks and futures -------------------------------------------------------------

    def on_done(self, word):
        def done(future):
            self.event(NOBODY, f"done {word} = {state(future)}")
        return done

    def body_of(self, word):
        if self.closing:
            self.meant("run: tasks made while it shuts down are awaited, too")
        self.words.pop(word, None)
        self.words[word] = True
        return self.run_task(int(word[1:]))

    def made(self, word, task):
        self.things[word] = task
        self.tasks.append(task)
        task.add_done_callback(self.on_done(word))

    def create_op(self, actor, word, eager=None):
        if self.things[word]:
            return "made before"
        if eager or self.eager:
            task = Task(self.body_of(word), loop=self.loop, eager_start=True)
        else:
            task = self.loop.create_task(self.body_of(word))
        self.made(word, task)

    def spawn_op(self, actor, word, eager=None):
        if self.things[word] or not actor.group:
            return "no"
        coro, group = self.body_of(word), actor.group
        create = group.create_eager_task if eager or self.eager else group.create_task
        try:
            self.made(word, create(coro))
        except RuntimeError:
            coro.close()
            return "refused"

    def factory_op(self, actor, kind):
        self.eager = kind == "eager"

    async def sleep_op(self, actor, delay):
        await asyncio.sleep(float(delay))

    async def await_op(self, actor, word):
        future = self.things[word]
        if not future:
            return "none"
        await future
        return result_of(future)

    def cancel_op(self, actor, word, message=None):
        future = self.things[word]
        return future.cancel(message) if future else "none"

    def uncancel_op(self, actor, word):
        return self.things[word].uncancel() if self.things[word] else "none"

    def cancelling_op(self, actor, word):
        return self.things[word].cancelling() if self.things[word] else "none"

    def state_op(self, actor, word):
        return state(self.things[word])

    def set_op(self, actor, word, n):
        self.things[word].set_result(int(n))

    def fail_op(self, actor, word, n):
        self.things[word].set_exception(Err(int(n)))

    # ---- combinators -------------------------------------------------------------------

    def list_of(self, words):
        return [self.things[word] for word in words if self.things[word]]

    def states(self, words):
        return "[" + ",".join(state(self.things[word]) for word in words) + "]"

    def passes_on(self, task):
        """A cancel goes through it to tasks that it waits for."""
        waits_for = getattr(task, "_fut_waiter", None)
        return waits_for in self.tasks or hasattr(waits_for, "_children")

    def gathered(self, errors, futures):
        outer = gather(*futures, return_exceptions=errors == "1")

        seen = {f for f in futures if f.done()}  # the children of which gather() has heard

        def set_exception(error, plain=outer.set_exception):
            if outer._cancel_requested and len(seen) < len(set(futures)) - 1:
                self.meant("gather: cancelled, it waits for all")
            elif outer._cancel_requested and not isinstance(error, CancelledError):
                self.meant("gather: a cancel is not lost to an error of the same pass")
            plain(error)

        def cancel(msg=None, plain=outer.cancel):
            pending = [f for f in futures if not f.done()]
            tasks = [f in self.tasks for f in pending]
            if True in tasks and False in tasks[tasks.index(True):]:
                self.meant("gather: its cancel reaches plain futures before tasks")
            if any(self.passes_on(f) for f in set(pending) if pending.count(f) > 1):
                self.meant("gather: who stands in it twice passes its cancel on once")
            return plain(msg=msg)

        for future in set(futures):
            future.add_done_callback(seen.add)
        if futures:
            outer.set_exception, outer.cancel = set_exception, cancel
        return outer

    async def gather_op(self, actor, errors, *words):
        await self.gathered(errors, self.list_of(words))
        return self.states(words)

    def gather_future_op(self, actor, word, errors, *words):
        futures = self.list_of(words)
        if self.things[word] or not futures:
            return False
        self.things[word] = self.gathered(errors, futures)

    async def wait_op(self, actor, mode, timeout, *words):
        futures = self.list_of(words)
        if not futures:
            return "none"
        await asyncio.wait(futures, timeout=seconds(timeout), return_when=MODES[mode])
        return self.states(words)

    async def wait_for_op(self, actor, timeout, word):
        future = self.things[word]
        if not future:
            return "none"
        foreign = asyncio.current_task()._must_cancel
        try:
            await wait_for(future, seconds(timeout))
        except TimeoutError:
            if foreign:
                self.meant("timeout: a cancel that was pending before is not its own")
            raise
        return result_of(future)

    def shield_op(self, actor, word, inner):
        if self.things[word] or not self.things[inner]:
            return False
        self.things[word] = asyncio.shield(self.things[inner])

    async def shielded_op(self, actor, word):
        if not self.things[word]:
            return "none"
        await asyncio.shield(self.things[word])
        return result_of(self.things[word])

    # ---- timeouts ----------------------------------------------------------------------

    def reschedule_op(self, actor, word, which="timeout"):
        delay, timeout = seconds(word), getattr(actor, which)
        if not timeout:
            return "none"
        if is_due(timeout) and delay == 0:
            self.meant("timeout: moved when it is due it keeps its place in the pass")
        timeout.reschedule(None if delay is None else self.loop.time() + delay)

    def expired_op(self, actor, which="timeout"):
        timeout = getattr(actor, which)
        return timeout.expired() if timeout else "none"

    def deadline_op(self, actor):
        when = actor.timeout.when() if actor.timeout else None
        return "none" if when is None else f"{when:g}"

    # ---- synchronisation ---------------------------------------------------------------

    async def acquire_op(self, actor, word):
        await self.things[word].acquire()

    def release_op(self, actor, word):
        self.things[word].release()

    def locked_op(self, actor, word):
        return self.things[word].locked()

    async def event_wait_op(self, actor, word):
        await self.things[word].wait()

    def event_set_op(self, actor, word):
        self.things[word].set()

    def event_clear_op(self, actor, word):
        self.things[word].clear()

    async def condition_wait_op(self, actor, word):
        await self.things[word].wait()

    async def condition_until_op(self, actor, word, event):
        await self.things[word].wait_for(self.things[event].is_set)

    def notify_op(self, actor, word, n=None):
        if n is None:
            self.things[word].notify_all()
        else:
            self.things[word].notify(int(n))

    async def barrier_wait_op(self, actor, word):
        return await self.things[word].wait()

    async def barrier_reset_op(self, actor, word):
        await self.things[word].reset()

    async def barrier_abort_op(self, actor, word):
        await self.things[word].abort()

    def waiting_op(self, actor, word):
        return self.things[word].n_waiting

    def broken_op(self, actor, word):
        return self.things[word].broken

    # ---- queues ------------------------------------------------------------------------

    async def put_op(self, actor, word, n):
        await self.things[word].put(int(n))

    def put_nowait_op(self, actor, word, n):
        self.things[word].put_nowait(int(n))

    async def get_op(self, actor, word):
        return await self.things[word].get()

    def get_nowait_op(self, actor, word):
        return self.things[word].get_nowait()

    def qsize_op(self, actor, word):
        return self.things[word].qsize()

    def item_done_op(self, actor, word):
        self.things[word].task_done()

    async def join_op(self, actor, word):
        await self.things[word].join()

    def shutdown_op(self, actor, word, immediate=None):
        self.things[word].shutdown(bool(immediate))

    # ---- callbacks ---------------------------------------------------------------------

    def callback_op(self, actor, word, n):
        if not self.things[word]:
            return "none"
        self.things[word].add_done_callback(self.callbacks[int(n)])

    def uncallback_op(self, actor, word, n):
        if not self.things[word]:
            return "none"
        return self.things[word].remove_done_callback(self.callbacks[int(n)])

    def soon_op(self, actor, handle, *words):
        statement = Statement(" ".join(words))
        self.things[handle] = self.loop.call_soon(self.run_callback, statement)

    def later_op(self, actor, delay, handle, *words):
        statement = Statement(" ".join(words))
        self.things[handle] = self.loop.call_later(float(delay), self.run_callback, statement)

    def cancel_handle_op(self, actor, handle):
        if not self.things[handle]:
            return "none"
        self.things[handle].cancel()
