# Generators: yield as expression, send, throw, close, yield from, finally.
def count(n):
    i = 0
    while i < n:
        yield i
        i += 1
    return "done"


g = count(2)
print(next(g), next(g))  # expect: 0 1
try:
    next(g)
except StopIteration as e:
    print(e.value, e.args)  # expect: done ('done',)
try:
    next(g)
except StopIteration as e:
    print(e.value, e.args)  # expect: None ()
print(list(count(3)), [*count(2)], tuple(count(0)), sum(count(5)))  # expect: [0, 1, 2] [0, 1] () 10


def echo():
    got = []
    while len(got) < 3:
        x = yield len(got)
        got.append(x)
    return got


g = echo()
print(next(g), g.send("a"), g.send("b"))  # expect: 0 1 2
try:
    g.send("c")
except StopIteration as e:
    print(e.value)  # expect: ['a', 'b', 'c']


def pure_yield():
    x = yield
    y = yield x
    print_me.append((x, y))


print_me = []
g = pure_yield()
print(next(g), g.send(1))  # expect: None 1
try:
    g.send(2)
except StopIteration:
    print(print_me)  # expect: [(1, 2)]


def catches():
    while True:
        try:
            yield "ready"
        except ValueError as e:
            yield f"caught {e}"


g = catches()
print(next(g), g.throw(ValueError("v")), next(g))  # expect: ready caught v ready
try:
    g.throw(KeyError("k"))
except KeyError as e:
    print(repr(e))  # expect: KeyError('k')
log = []


def cleanup():
    try:
        yield 1
        yield 2
    finally:
        log.append("cleanup")


g = cleanup()
next(g)
g.close()
print(log)  # expect: ['cleanup']
g.close()
g = cleanup()
g.close()
print(log)  # expect: ['cleanup']


def refuses():
    try:
        yield 1
    except GeneratorExit:
        yield 2


g = refuses()
next(g)
try:
    g.close()
except RuntimeError as e:
    print(e)  # expect: generator ignored GeneratorExit


def inner():
    a = yield 1
    b = yield a
    return a, b


def outer():
    r = yield from inner()
    yield r
    yield from [7, 8]
    yield from "xy"
    return "end"


g = outer()
print(next(g), g.send("A"), g.send("B"), next(g), next(g), next(g), next(g))  # expect: 1 A ('A', 'B') 7 8 x y
try:
    next(g)
except StopIteration as e:
    print(e.value)  # expect: end


def tree(t):
    if isinstance(t, list):
        for s in t:
            yield from tree(s)
    else:
        yield t


print(list(tree([1, [2, [3, 4], 5], [[6]]])))  # expect: [1, 2, 3, 4, 5, 6]


def delegated():
    try:
        yield from catches_once()
    except KeyError as e:
        yield f"outer {e}"


def catches_once():
    try:
        yield "in"
    except ValueError as e:
        yield f"inner {e}"


g = delegated()
print(next(g), g.throw(ValueError("v")))  # expect: in inner v
g = delegated()
print(next(g), g.throw(KeyError("k")))  # expect: in outer 'k'


def raising():
    yield 1
    raise ValueError("boom")


g = raising()
next(g)
try:
    next(g)
except ValueError as e:
    print(e)  # expect: boom
print(list(g))  # expect: []


def stops():
    yield 1
    next(iter([]))


try:
    list(stops())
except RuntimeError as e:
    print(e, repr(e.__cause__))  # expect: generator raised StopIteration StopIteration()


# the exception being handled belongs to each generator
def handled():
    import sys
    try:
        raise KeyError("gen")
    except KeyError:
        yield repr(sys.exc_info()[1])
        yield repr(sys.exc_info()[1])


def user():
    import sys
    g = handled()
    a = next(g)
    b = sys.exc_info()[1]
    try:
        raise ValueError("user")
    except ValueError:
        c = next(g)
        d = repr(sys.exc_info()[1])
    return a, b, c, d


print(user())  # expect: ("KeyError('gen')", None, "KeyError('gen')", "ValueError('user')")


def in_try_loop(n):
    for i in range(n):
        try:
            x = i
            yield x
        finally:
            log.append(x)


log.clear()
for v in in_try_loop(5):
    if v == 2:
        break
del v
print(log[:2])  # expect: [0, 1]


def fib():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b


def take(n, it):
    for i, x in enumerate(it):
        if i == n:
            return
        yield x


print(list(take(10, fib())))  # expect: [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]


def expression():
    return [(yield 1), (yield 2)]


g = expression()
next(g)
g.send("a")
try:
    g.send("b")
except StopIteration as e:
    print(e.value)  # expect: ['a', 'b']


def in_call():
    log.append(((yield "x"), (yield "y")))
    z = lambda: (yield)
    yield type(z()).__name__


log.clear()
g = in_call()
print(next(g), g.send(1), g.send(2), log)  # expect: x y generator [(1, 2)]


def args(*a, k=3, **kw):
    yield a
    yield k
    yield kw


print(list(args(1, 2, z=4)))  # expect: [(1, 2), 3, {'z': 4}]


def closure(n):
    def g():
        nonlocal n
        while n:
            n -= 1
            yield n

    return g


print(list(closure(3)()))  # expect: [2, 1, 0]


class Tree:
    def __init__(self, v, l=None, r=None):
        self.v, self.l, self.r = v, l, r

    def __iter__(self):
        if self.l:
            yield from self.l
        yield self.v
        if self.r:
            yield from self.r


print(list(Tree(2, Tree(1), Tree(3))))  # expect: [1, 2, 3]


def never():
    return
    yield


print(list(never()))  # expect: []
g = count(1)
try:
    g.send("early")
except TypeError as e:
    print(e)  # expect: can't send non-None value to a just-started generator


def self_running():
    yield next(me)


me = self_running()
try:
    next(me)
except ValueError as e:
    print(e)  # expect: generator already executing
a, b = count(2)
print(a, b, 1 in count(3), 5 in count(3), max(count(4)), dict(zip("ab", count(2))))  # expect: 0 1 True False 3 {'a': 0, 'b': 1}
print(type(g).__name__, g.__name__, iter(g) is g)  # expect: generator count True
first, *rest = count(4)
print(first, rest)  # expect: 0 [1, 2, 3]


def two_way():
    total = 0
    while (x := (yield total)) is not None:
        total += x
    return total


g = two_way()
next(g)
print(g.send(3), g.send(4))  # expect: 3 7


# A loop that is left in its first round lets go of its iterator.
def noisy():
    try:
        yield 1
    finally:
        print("let go")


def first():
    for x in noisy():
        break
    print("left")


def failing():
    for x in noisy():
        raise ValueError("failed")


first()
# expect: let go
# expect: left
try:
    failing()
except ValueError as e:
    print(e)
# expect: let go
# expect: failed
