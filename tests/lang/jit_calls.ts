# Calls from compiled code: recursion, exceptions through finally, generators, methods, closures, deep recursion.


def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


print(fib(18))  # expect: 2584


def check(i):
    if i == 2500:
        raise ValueError("at %d" % i)
    return i


log = []


def through_finally(n):
    s = 0
    for i in range(n):
        try:
            s += check(i)
        finally:
            if i == 2500:
                log.append(s)
    return s


try:
    through_finally(4000)
except ValueError as e:
    print(e, log)  # expect: at 2500 [3123750]


def counts(n):
    for i in range(n):
        yield i * 2


def consume(n):
    s = 0
    for v in counts(n):
        s += v
    return s


print(consume(4000))  # expect: 15996000


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def step(self, d):
        self.x += d
        return self.x * self.y


def walk(p, n):
    s = 0
    for i in range(n):
        s += p.step(1)
        if i == n - 5:
            p.x = 0.5
    return s


print(walk(Point(0, 2), 3000))  # expect: 8979036.0


class Other(Point):
    def step(self, d):
        return -1


print(walk(Other(0, 2), 3000))  # expect: -3000


def outer(n):
    k = 3

    def inner(x):
        nonlocal k
        k += 1
        return x + k

    s = 0
    for i in range(n):
        s += inner(i)
    return s, k


print(outer(3000))  # expect: (9009000, 3003)


def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)


for _ in range(300):
    deep(5)
print(deep(900))  # expect: 900
try:
    deep(100000)
except RecursionError as e:
    print(e)  # expect: maximum recursion depth exceeded


def third(n):
    return 10 // (n - 2600)


def second(n):
    return third(n) + 1


def first(n):
    s = 0
    for i in range(n):
        s += second(i)
    return s


try:
    first(3000)
except ZeroDivisionError as e:
    names = []
    tb = e.__traceback__
    while tb:
        names.append(tb.tb_frame.f_code.co_name)
        tb = tb.tb_next
    print(names)  # expect: ['<module>', 'first', 'second', 'third']


def handled(n):
    bad = 0
    for i in range(n):
        try:
            if i % 100 == 7:
                raise KeyError(i)
            bad += 0
        except KeyError:
            bad += 1
    return bad


print(handled(5000))  # expect: 50


class Freed:
    count = 0

    def __del__(self):
        Freed.count += 1


def objects(n):
    last = None
    for i in range(n):
        o = Freed()
        last = o
    return last


objects(3000)
print(Freed.count)  # expect: 3000
