"""Values that come later. There is one thread: who waits for a value that nobody has set would wait for ever."""


class Future:
    """A value that is set once, and functions to call then."""

    def __init__(self, *, devices=None):
        self._done, self._value, self._error = False, None, None
        self._callbacks = []

    def done(self):
        """Whether there is a value or an exception."""
        return self._done

    def wait(self):
        """The value; raises the exception if there is one."""
        if not self._done:
            raise RuntimeError("deadlock: nobody can set the value of this Future while the program waits for it")
        if self._error is not None:
            raise self._error
        return self._value

    def value(self):
        """The value of a future that is done."""
        return self.wait()

    def _finish(self):
        self._done = True
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)

    def set_result(self, result):
        if self._done:
            raise RuntimeError("Attempting to mark a completed Future as complete again. Note that a Future can only be marked completed once.")
        self._value = result
        self._finish()

    def set_exception(self, result):
        assert isinstance(result, Exception), f"{result} is of type {type(result)}, not an Exception."
        self._error = result
        self._finish()

    def add_done_callback(self, callback):
        """callback(future) runs when the future is done."""
        if self._done:
            callback(self)
        else:
            self._callbacks.append(callback)

    def then(self, callback):
        """A future of callback(self)."""
        following = Future()

        def run(done):
            try:
                value = callback(done)
            except Exception as e:
                following.set_exception(e)
                return
            following.set_result(value)

        self.add_done_callback(run)
        return following


Future.__module__ = "torch.jit"


def collect_all(futures):
    """A future of the list of futures, done when all of them are."""
    futures = list(futures)
    result = Future()
    waiting = [len(futures)]

    def one_done(_):
        waiting[0] -= 1
        if waiting[0] == 0:
            result.set_result(futures)

    if not futures:
        result.set_result(futures)
    for future in futures:
        future.add_done_callback(one_done)
    return result


def wait_all(futures):
    """The values of all futures."""
    return [future.wait() for future in collect_all(futures).wait()]
