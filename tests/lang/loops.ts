# for, while, else, break, continue, conditions.
def collect(fn, *args):
    out = []
    fn(out.append, *args)
    return out


def for_else(put, xs, stop):
    for x in xs:
        if x == stop:
            put("stop")
            break
        put(x)
    else:
        put("else")
    put(x)


print(collect(for_else, [1, 2, 3], 2))  # expect: [1, 'stop', 2]
print(collect(for_else, [1, 2, 3], 9))  # expect: [1, 2, 3, 'else', 3]


def while_else(put, n):
    while n > 0:
        n -= 1
        if n == 3:
            continue
        if n == 1:
            break
        put(n)
    else:
        put("else")
    put("end")


print(collect(while_else, 6))  # expect: [5, 4, 2, 'end']
print(collect(while_else, 0))  # expect: ['else', 'end']


def nested(put):
    for i in range(3):
        for j in range(3):
            if j == 2:
                break
            if i == 1:
                continue
            put((i, j))
        else:
            put("never")
        if i == 2:
            break
    else:
        put("never")


print(collect(nested))  # expect: [(0, 0), (0, 1), (2, 0), (2, 1)]


def endless(put):
    n = 0
    while True:
        n += 1
        if n % 2:
            continue
        put(n)
        if n > 5:
            return
    put("never")


print(collect(endless))  # expect: [2, 4, 6]


def unbound(n):
    for i in range(n):
        last = i
    try:
        return i, last
    except UnboundLocalError as e:
        return str(e)


print(unbound(3))  # expect: (2, 2)
print(unbound(0))  # expect: cannot access local variable 'i' where it is not associated with a value


def changes_target(put):
    for i in range(3):
        put(i)
        i = 10
        put(i)


print(collect(changes_target))  # expect: [0, 10, 1, 10, 2, 10]


def mutated():
    xs = [1, 2, 3]
    for x in xs:
        if x < 3:
            xs.append(x + 10)
        if len(xs) > 6:
            break
    return xs


print(mutated())  # expect: [1, 2, 3, 11, 12]
for a, (b, *c) in [(1, (2, 3, 4)), (5, "678")]:
    pass
print(a, b, c)  # expect: 5 6 ['7', '8']
d = {}
for d["k"] in range(3):
    pass
print(d)  # expect: {'k': 2}
for i in [1, 2, 3]:
    if i == 2:
        continue
else:
    print("for-else", i)  # expect: for-else 3
for i in ():
    print("never")
while False:
    print("never")
else:
    print("while-else")  # expect: while-else
n = 0
while n < 3: n += 1
print(n)  # expect: 3
print([x for x in range(10) if x % 2 if x > 3])  # expect: [5, 7, 9]
total = 0
for i in range(0, -10, -3):
    total += i
print(total)  # expect: -18


def fib(n):
    a, b = 0, 1
    while n:
        a, b, n = b, a + b, n - 1
    return a


print(fib(10), fib(100))  # expect: 55 354224848179261915075


def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


print(collatz(27))  # expect: 111


def ladder(x):
    if x < 0:
        r = "negative"
    elif x == 0:
        r = "zero"
    elif x < 10:
        if x % 2:
            r = "odd"
        else:
            r = "even"
    else:
        r = "big"
    return r


print([ladder(x) for x in (-1, 0, 3, 4, 12)])  # expect: ['negative', 'zero', 'odd', 'even', 'big']


class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n


print([x for x in Countdown(3)])  # expect: [2, 1, 0]


class Sequence:
    def __getitem__(self, i):
        if i > 2:
            raise IndexError
        return i * i


print(list(Sequence()), 4 in Sequence(), 5 in Sequence())  # expect: [0, 1, 4] True False
try:
    for x in 5:
        pass
except TypeError as e:
    print(e)  # expect: 'int' object is not iterable
