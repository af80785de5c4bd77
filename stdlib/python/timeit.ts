"""How long small pieces of code take."""
import gc
import itertools
import time

__all__ = ["Timer", "timeit", "repeat", "default_timer"]

default_number = 1000000
default_repeat = 5
default_timer = time.perf_counter


class Timer:
    def __init__(self, stmt="pass", setup="pass", timer=default_timer, globals=None):
        self.timer = timer
        self._globals = {} if globals is None else globals
        self._setup, self._stmt = setup, stmt
        self._code = None

    def _inner(self):
        if self._code is None:
            space = dict(self._globals)
            lines = ["def inner(_it, _timer):"]
            if callable(self._setup):
                space["_setup"] = self._setup
                setup = "_setup()"
            else:
                setup = self._setup
            if callable(self._stmt):
                space["_stmt"] = self._stmt
                stmt = "_stmt()"
            else:
                stmt = self._stmt
            lines += ["    " + line for line in setup.split("\n")]
            lines += ["    _t0 = _timer()", "    for _i in _it:"]
            lines += ["        " + line for line in stmt.split("\n")]
            lines += ["    _t1 = _timer()", "    return _t1 - _t0"]
            exec("\n".join(lines) + "\n", space)
            self._code = space["inner"]
        return self._code

    def timeit(self, number=default_number):
        inner = self._inner()
        was_on = gc.isenabled()
        gc.disable()
        try:
            return inner(itertools.repeat(None, number), self.timer)
        finally:
            if was_on:
                gc.enable()

    def repeat(self, repeat=default_repeat, number=default_number):
        return [self.timeit(number) for _ in range(repeat)]

    def autorange(self, callback=None):
        i = 1
        while True:
            for j in 1, 2, 5:
                number = i * j
                taken = self.timeit(number)
                if callback:
                    callback(number, taken)
                if taken >= 0.2:
                    return number, taken
            i *= 10


def timeit(stmt="pass", setup="pass", timer=default_timer, number=default_number, globals=None):
    return Timer(stmt, setup, timer, globals).timeit(number)


def repeat(stmt="pass", setup="pass", timer=default_timer, repeat=default_repeat, number=default_number, globals=None):
    return Timer(stmt, setup, timer, globals).repeat(repeat, number)
