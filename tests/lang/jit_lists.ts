# Lists in hot loops: unboxed elements, kinds that change, indices out of range and from the end, nested lists.
import math


def sieve(n):
    flags = [True] * (n + 1)
    flags[0] = False
    flags[1] = False
    i = 2
    while i * i <= n:
        if flags[i]:
            for j in range(i * i, n + 1, i):
                flags[j] = False
        i += 1
    count = 0
    for f in flags:
        if f:
            count += 1
    return count


print(sieve(20000))  # expect: 2262
print(sieve(20000))  # expect: 2262


def multiply(a, b, n):
    c = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            s = 0.0
            for k in range(n):
                s += a[i][k] * b[k][j]
            c[i][j] = s
    return c


n = 20
a = [[(i * j % 7) * 0.5 for j in range(n)] for i in range(n)]
b = [[(i + j) % 5 - 1.5 for j in range(n)] for i in range(n)]
print("%.3f" % sum(map(sum, multiply(a, b, n))))  # expect: 5045.000


def change_kind(n):
    xs = [0] * n
    for i in range(n):
        xs[i] = i
        if i == n - 3:
            xs[0] = 1.5
    s = 0
    for i in range(n):
        s += xs[i]
    return s, xs[0], xs[-1]


print(change_kind(4000))  # expect: (7998001.5, 1.5, 3999)


def out_of_range(xs):
    s = 0
    i = 0
    while True:
        s += xs[i]
        i += 1


try:
    out_of_range([1] * 5000)
except IndexError as e:
    print(e)  # expect: list index out of range


def from_end(xs, n):
    s = 0
    for i in range(1, n):
        s += xs[-i] - xs[i]
    return s


print(from_end(list(range(3001)), 3000))  # expect: 2999


def strings(xs):
    out = []
    for i in range(3000):
        xs[i % 3] = xs[(i + 1) % 3] + "x" if i % 500 == 0 else xs[i % 3]
        out.append(xs[i % 3])
    return len(out), xs


print(strings(["a", "b", "c"]))  # expect: (3000, ['bxxxx', 'bxxxxxx', 'bxxxxx'])


class Body:
    def __init__(self, x, v):
        self.x = x
        self.v = v


def advance(bodies, steps):
    for _ in range(steps):
        for i in range(len(bodies)):
            p = bodies[i]
            for j in range(i + 1, len(bodies)):
                q = bodies[j]
                d = p.x - q.x
                m = 0.001 / math.sqrt(d * d + 0.1)
                p.v -= d * m
                q.v += d * m
        for p in bodies:
            p.x += p.v
    return sum(p.x for p in bodies)


print("%.6f" % advance([Body(float(i), 0.0) for i in range(4)], 800))  # expect: 6.000000


def make(i):
    return [[1, 2], [3, i]]


def last_of_last(n):
    s = 0
    for i in range(n):
        s += make(i)[-1][-1]
    return s


print(last_of_last(3000))  # expect: 4498500


def resume_outer(n):
    # The loop inside gets compiled while the one around it runs on.
    seen = 0
    for i in range(2, 60):
        for j in range(i * i, n, i):
            seen += 1
    return seen


print(resume_outer(3000))  # expect: 9260
