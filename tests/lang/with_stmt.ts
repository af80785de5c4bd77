# The with statement's protocol.
class CM:
    def __init__(self, log, name, suppress=False, fail=None):
        self.log, self.name, self.suppress, self.fail = log, name, suppress, fail

    def __enter__(self):
        self.log("enter " + self.name)
        if self.fail == "enter":
            raise RuntimeError("enter")
        return self.name

    def __exit__(self, t, v, tb):
        self.log(f"exit {self.name} {t.__name__ if t else None} {v!r} {tb is not None}")
        if self.fail == "exit":
            raise RuntimeError("exit")
        return self.suppress


def trace(fn, *args):
    log = []
    try:
        result = fn(log.append, *args)
    except BaseException as e:
        result = f"{type(e).__name__}({e}) <- {e.__context__!r}"
    return result, log


def plain(put):
    with CM(put, "a") as x:
        put(x)
    return "end"


print(trace(plain))  # expect: ('end', ['enter a', 'a', 'exit a None None False'])


def raising(put, suppress):
    with CM(put, "a", suppress) as x:
        y = 1
        raise KeyError("k")
    return "suppressed", x, y


print(trace(raising, False))  # expect: ("KeyError('k') <- None", ['enter a', "exit a KeyError KeyError('k') True"])
print(trace(raising, True))  # expect: (('suppressed', 'a', 1), ['enter a', "exit a KeyError KeyError('k') True"])


def several(put):
    with CM(put, "a") as a, CM(put, "b") as b, CM(put, "c"):
        return a + b


print(trace(several))  # expect: ('ab', ['enter a', 'enter b', 'enter c', 'exit c None None False', 'exit b None None False', 'exit a None None False'])


def several_raising(put):
    with CM(put, "a"), CM(put, "b", True), CM(put, "c"):
        raise ValueError("v")
    return "end"


print(trace(several_raising))  # expect: ('end', ['enter a', 'enter b', 'enter c', "exit c ValueError ValueError('v') True", "exit b ValueError ValueError('v') True", 'exit a None None False'])


def enter_fails(put):
    with CM(put, "a"), CM(put, "b", fail="enter"):
        put("never")


print(trace(enter_fails))  # expect: ('RuntimeError(enter) <- None', ['enter a', 'enter b', "exit a RuntimeError RuntimeError('enter') True"])


def exit_fails(put):
    with CM(put, "a", fail="exit"):
        raise KeyError("k")


print(trace(exit_fails))  # expect: ("RuntimeError(exit) <- KeyError('k')", ['enter a', "exit a KeyError KeyError('k') True"])


def exit_fails_normally(put):
    with CM(put, "a", fail="exit"):
        pass


print(trace(exit_fails_normally))  # expect: ('RuntimeError(exit) <- None', ['enter a', 'exit a None None False'])


def jumps(put):
    for i in range(4):
        with CM(put, str(i)):
            if i == 0:
                continue
            if i == 2:
                break
            put("body")
    with CM(put, "r"):
        return i


print(trace(jumps))  # expect: (2, ['enter 0', 'exit 0 None None False', 'enter 1', 'body', 'exit 1 None None False', 'enter 2', 'exit 2 None None False', 'enter r', 'exit r None None False'])


def target_fails(put):
    with CM(put, "a") as (x, y):
        put("never")


print(trace(target_fails))  # expect: ('ValueError(not enough values to unpack (expected 2, got 1)) <- None', ['enter a', "exit a ValueError ValueError('not enough values to unpack (expected 2, got 1)') True"])


def targets(put):
    class O:
        pass

    o = O()
    d = {}
    with CM(put, "a") as o.x, CM(put, "b") as d["k"]:
        pass
    with (CM(put, "pq") as (p, q),):
        pass
    return o.x, d, p, q


print(trace(targets))  # expect: (('a', {'k': 'b'}, 'p', 'q'), ['enter a', 'enter b', 'exit b None None False', 'exit a None None False', 'enter pq', 'exit pq None None False'])


def not_manager(put, what):
    with what:
        pass


print(trace(not_manager, 5))  # expect: ("TypeError('int' object does not support the context manager protocol) <- None", [])


class OnlyEnter:
    def __enter__(self):
        return 1


print(trace(not_manager, OnlyEnter()))  # expect: ("TypeError('OnlyEnter' object does not support the context manager protocol (missed __exit__ method)) <- None", [])


# special methods are looked up on the type
class OnInstance:
    pass


oi = OnInstance()
oi.__enter__ = oi.__exit__ = lambda *a: None
print(trace(not_manager, oi))  # expect: ("TypeError('OnInstance' object does not support the context manager protocol) <- None", [])


def handled_inside(put):
    import sys
    with CM(put, "a"):
        try:
            raise KeyError(1)
        except KeyError:
            put("handled")
    put(sys.exc_info()[1])


print(trace(handled_inside))  # expect: (None, ['enter a', 'handled', 'exit a None None False', None])


def in_try(put):
    total = 0
    try:
        with CM(put, "a"):
            for i in range(5):
                total += i
                if i == 3:
                    raise ValueError(i)
    except ValueError:
        return total


print(trace(in_try))  # expect: (6, ['enter a', 'exit a ValueError ValueError(3) True'])


def truthy_exit(put):
    class C:
        def __enter__(self):
            return self

        def __exit__(self, *a):
            return [0]

    with C():
        raise ValueError
    return "ok"


print(trace(truthy_exit))  # expect: ('ok', [])


def gen_with(put):
    def g():
        with CM(put, "g"):
            yield 1
            yield 2

    for x in g():
        put(x)


print(trace(gen_with))  # expect: (None, ['enter g', 1, 2, 'exit g None None False'])


def nested(put):
    x = 0
    with CM(put, "o", True):
        with CM(put, "i"):
            x = 1
            1 / 0
        x = 2
    return x


print(trace(nested))  # expect: (1, ['enter o', 'enter i', "exit i ZeroDivisionError ZeroDivisionError('division by zero') True", "exit o ZeroDivisionError ZeroDivisionError('division by zero') True"])
with CM(lambda s: None, "top") as top:
    z = top
print(z, top)  # expect: top top
