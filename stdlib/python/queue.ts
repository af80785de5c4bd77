"""Queues. All threads of a program run in turns on one VM (see threading): waiting for what no other thread can bring
any more would last for ever, so it raises at once."""
import heapq
from collections import deque
from time import monotonic as _time

__all__ = ["Empty", "Full", "Queue", "PriorityQueue", "LifoQueue", "SimpleQueue"]


class Empty(Exception):
    """Nothing is in the queue."""


class Full(Exception):
    """The queue has no room."""


class Queue:
    """First in, first out."""

    def __init__(self, maxsize=0):
        self.maxsize = maxsize
        self.unfinished_tasks = 0
        self._init(maxsize)

    def _init(self, maxsize):
        self.queue = deque()

    def _qsize(self):
        return len(self.queue)

    def _put(self, item):
        self.queue.append(item)

    def _get(self):
        return self.queue.popleft()

    def qsize(self):
        return self._qsize()

    def empty(self):
        return not self._qsize()

    def full(self):
        return 0 < self.maxsize <= self._qsize()

    def _wait(self, ready, block, timeout, error):
        if ready():
            return
        if not block:
            raise error
        if timeout is not None and timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        import threading
        if not threading._wait_until(ready, timeout):
            if timeout is not None:
                raise error
            raise RuntimeError("deadlock: the queue is waited for, but no other thread can go on")

    def put(self, item, block=True, timeout=None):
        if self.maxsize > 0:
            self._wait(lambda: self._qsize() < self.maxsize, block, timeout, Full)
        self._put(item)
        self.unfinished_tasks += 1

    def get(self, block=True, timeout=None):
        self._wait(self._qsize, block, timeout, Empty)
        return self._get()

    def put_nowait(self, item):
        return self.put(item, False)

    def get_nowait(self):
        return self.get(False)

    def task_done(self):
        if self.unfinished_tasks <= 0:
            raise ValueError("task_done() called too many times")
        self.unfinished_tasks -= 1

    def join(self):
        self._wait(lambda: not self.unfinished_tasks, True, None, Empty)


class PriorityQueue(Queue):
    """The smallest first."""

    def _init(self, maxsize):
        self.queue = []

    def _put(self, item):
        heapq.heappush(self.queue, item)

    def _get(self):
        return heapq.heappop(self.queue)


class LifoQueue(Queue):
    """Last in, first out."""

    def _init(self, maxsize):
        self.queue = []

    def _get(self):
        return self.queue.pop()


class SimpleQueue(Queue):
    def __init__(self):
        super().__init__()
