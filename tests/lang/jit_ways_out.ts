# Native code that is left in the middle: what comes out is what the interpreter would have computed, in every mode.
import sys


# --- ints that outgrow 64 bits


def powers(n):
    x = 1
    for _ in range(n):
        x = x * 3
    return x


def sums(n):
    s = 2**62
    i = 0
    while i < n:
        s += 2**61
        i += 1
    return s


def step(x):
    return x * 10 + 7


def digits(n):
    x = 0
    for _ in range(n):
        x = step(x)
    return x


for k in range(3):
    print(powers(39), powers(41), sums(3), sums(9))
# expect: 4052555153018976267 36472996377170786403 11529215046068469760 25364273101350633472
# expect: 4052555153018976267 36472996377170786403 11529215046068469760 25364273101350633472
# expect: 4052555153018976267 36472996377170786403 11529215046068469760 25364273101350633472
print([digits(n) for n in (5, 19, 25)])  # expect: [77777, 7777777777777777777, 7777777777777777777777777]
print(sum(digits(30) % (k + 1) for k in range(300)))  # expect: 19950

# --- an exception thrown by an inlined callee, through a finally


class Bad(Exception):
    pass


def inner(x):
    if x % 7 == 6:
        raise Bad(x)
    return 10 // (x % 5 - 2)


def middle(x, log):
    try:
        return inner(x) + 1
    finally:
        log.append(x)


def outer(n):
    log = []
    bad = zero = total = 0
    for i in range(n):
        try:
            total += middle(i, log)
        except Bad as e:
            bad += e.args[0]
        except ZeroDivisionError:
            zero += 1
    return bad, zero, total, len(log), sum(log)


print(outer(35))  # expect: (100, 6, 24, 35, 595)
print([outer(3000)[:4] for _ in range(3)][-1])  # expect: (642214, 515, 2062, 3000)


def lines(n):
    for i in range(n):
        try:
            middle(13 if i == n - 1 else 5, [])
        except Bad as e:
            out = []
            tb = e.__traceback__
            while tb is not None:
                out.append((tb.tb_frame.f_code.co_name, tb.tb_lineno))
                tb = tb.tb_next
            return out


print(lines(2500))  # expect: [('lines', 83), ('middle', 58), ('inner', 52)]
print(lines(5))  # expect: [('lines', 83), ('middle', 58), ('inner', 52)]

# --- a generator whose consumer is compiled


def items(n, closed):
    try:
        for i in range(n):
            got = yield i if i % 3 else float(i)
            if got:
                closed.append(got)
    finally:
        closed.append("end")


def consume(n):
    closed = []
    s = 0
    for x in items(n, closed):
        s += x
        if x == n - 5:
            break
    g = items(3, closed)
    s += next(g) + g.send("sent")
    g.close()
    return s, closed


print(consume(10))  # expect: (16.0, ['end', 'sent', 'end'])
print(consume(5000))  # expect: (12477511.0, ['end', 'sent', 'end'])

# --- attributes that change their type, and objects that change their shape, in mid loop


class Point:
    def __init__(self, x):
        self.x = x

    def move(self, by):
        self.x += by
        return self.x


def walk(n, change):
    p = Point(0)
    for i in range(n):
        p.move(i)
        if i == change:
            p.x = p.x + 0.5
        if i == change + 10:
            p.y = "more"
        if i == change + 20:
            p.x = 2**70
        if i == change + 30:
            p.x = "s"
            p.move("t")
            p.x = 1
    return p.x, p.__dict__


print(walk(100, 30))  # expect: (3121, {'x': 3121, 'y': 'more'})
print(walk(6000, 4000))  # expect: (9874536, {'x': 9874536, 'y': 'more'})


def swing(n):
    x = 0
    for i in range(n):
        if i % 1000 == 999:
            x = x + 0.5 if isinstance(x, int) else int(x)
        x += 1
    return x


print(swing(5000), swing(900))  # expect: 5000.5 900

# --- entering and leaving loops in the middle


def nested(n):
    total = 0
    for i in range(n):
        for j in range(i % 4):
            for k in range(3):
                if k == 2:
                    continue
                total += i * j + k
        else:
            total += 1
        if total > 10**12:
            break
    return total, i


print(nested(10), nested(3000))  # expect: (99, 9) (9012000, 2999)


def growing(n):
    xs = [1, 2]
    s = 0
    for x in xs:
        s += x
        if len(xs) < n:
            xs.append(x + 1)
        if len(xs) == n - 3:
            xs[-1] = 0.5
    return s, len(xs)


print(growing(10), growing(4000))  # expect: (28.0, 10) (4000003.0, 4000)


def unbound(n):
    for i in range(n):
        if i == n - 1:
            del y
        y = i
        if i == n - 2:
            del y
    return y


for n in (5, 3000):
    try:
        unbound(n)
    except UnboundLocalError as e:
        print(e)
# expect: cannot access local variable 'y' where it is not associated with a value
# expect: cannot access local variable 'y' where it is not associated with a value

# --- the limit of recursion counts calls that were inlined


def deep(n):
    return deep(n + 1) if n else deep(n + 1)


def depth(n):
    try:
        return depth(n + 1)
    except RecursionError:
        return n


for _ in range(3):
    try:
        deep(0)
    except RecursionError as e:
        print(e)
# expect: maximum recursion depth exceeded
# expect: maximum recursion depth exceeded
# expect: maximum recursion depth exceeded
reached = [depth(0) for _ in range(5)]
print(len(set(reached)), sys.getrecursionlimit() - 50 < reached[0] < sys.getrecursionlimit())  # expect: 1 True

# --- floats that stay in memory across calls


def spilled(a, b):
    i = 3
    try:
        i = (i | i) | (i & i)
    except TypeError:
        pass
    x = 1.0
    try:
        x /= b if i > i else a
        b += a
    except TypeError:
        pass
    return x, b


for _ in range(3):
    print(spilled(-1.0, 0.5))
# expect: (-1.0, -0.5)
# expect: (-1.0, -0.5)
# expect: (-1.0, -0.5)
