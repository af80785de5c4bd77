# Comprehensions and generator expressions: scopes, order, closures.
xs = [3, 1, 2]
print([x * 2 for x in xs], {x for x in [1, 1]}, {x: x * x for x in xs}, list(x for x in xs))  # expect: [6, 2, 4] {1} {3: 9, 1: 1, 2: 4} [3, 1, 2]
print([(x, y) for x in range(3) for y in range(x)])  # expect: [(1, 0), (2, 0), (2, 1)]
print([x for x in range(20) if x % 2 if x % 3 == 0])  # expect: [3, 9, 15]
print([[y for y in range(x)] for x in range(4)])  # expect: [[], [0], [0, 1], [0, 1, 2]]
print({k: [v for v in range(k)] for k in range(3)})  # expect: {0: [], 1: [0], 2: [0, 1]}
x = "outer"
print([x for x in (1, 2)], x)  # expect: [1, 2] outer


def locals_stay():
    x = 1
    r = [x for x in range(3)]
    return x, r


print(locals_stay())  # expect: (1, [0, 1, 2])


def captures(k):
    return [k + i for i in range(3)], [(lambda: i + k)() for i in range(3)]


print(captures(10))  # expect: ([10, 11, 12], [10, 11, 12])


def closures():
    fs = [lambda: i for i in range(3)]
    return [f() for f in fs]


print(closures())  # expect: [2, 2, 2]


def per_evaluation():
    out = []
    for n in range(2):
        out.append([lambda: (n, i) for i in range(2)][0])
    return [f() for f in out]


print(per_evaluation())  # expect: [(1, 1), (1, 1)]


def nested_scope(a):
    return [[a + b + c for c in range(2)] for b in range(2)]


print(nested_scope(100))  # expect: [[100, 101], [101, 102]]
print([y for x in [[1, 2], [3]] for y in x])  # expect: [1, 2, 3]
print([a for a, (b, *c) in [(1, (2, 3)), (4, (5,))]], [c for a, *c in ["xyz"]])  # expect: [1, 4] [['y', 'z']]
d = {}
print([0 for d["k"] in range(3)], d)  # expect: [0, 0, 0] {'k': 2}


def order():
    log = []

    def note(v):
        log.append(v)
        return v

    r = {note(k): note(v) for k, v in [("a", 1), ("b", 2)]}
    s = [note(x) for x in note([5, 6]) if note(x)]
    return log


print(order())  # expect: ['a', 1, 'b', 2, [5, 6], 5, 5, 6, 6]


def walrus(data):
    r = [y := v, y * 2] if False else [last := v for v in data]
    return r, last


v = 9
print(walrus([1, 2, 3]))  # expect: ([1, 2, 3], 3)
print([z := i for i in range(3)], z)  # expect: [0, 1, 2] 2
print([w for i in range(5) if (w := i * i) > 3], w)  # expect: [4, 9, 16] 16
print(any((hit := n) > 2 for n in range(9)), hit)  # expect: True 3


def unbound_target():
    try:
        return [q for p in range(2) for q in (q,)]
    except NameError as e:
        return str(e)


print(unbound_target())  # expect: cannot access local variable 'q' where it is not associated with a value


# a generator expression's first iterable is evaluated at once, the rest later
def lazy():
    log = []

    def note(v):
        log.append(v)
        return v

    g = (note(a + b) for a in note([1, 2]) for b in note([10]))
    first = list(log)
    return first, list(g), log


print(lazy())  # expect: ([[1, 2]], [11, 12], [[1, 2], [10], 11, [10], 12])
try:
    (x for x in 5)
except TypeError as e:
    print(e)  # expect: 'int' object is not iterable
try:
    [x for x in 5]
except TypeError as e:
    print(e)  # expect: 'int' object is not iterable
g = (i for i in range(3))
print(next(g), next(g), list(g), list(g))  # expect: 0 1 [2] []
print(sum(i * i for i in range(4)), max((len(s), s) for s in ["a", "bcd", "ef"]))  # expect: 14 (3, 'bcd')
print(sorted({c for c in "hello"}), dict((k, v) for k, v in zip("ab", (1, 2))))  # expect: ['e', 'h', 'l', 'o'] {'a': 1, 'b': 2}


class C:
    n = 3
    r = [i for i in range(n)]
    try:
        bad = [n for i in range(1)]
    except NameError as e:
        bad = str(e)
    g = [i for i in range(n) if i]


print(C.r, C.bad, C.g)  # expect: [0, 1, 2] name 'n' is not defined [1, 2]


def in_try():
    try:
        return [1 // x for x in (1, 0)]
    except ZeroDivisionError:
        return "caught", [x for x in (1, 2)]
    finally:
        [x for x in "z"]


print(in_try())  # expect: ('caught', [1, 2])


def generator_of_lists(n):
    for i in range(n):
        yield [j for j in range(i)]


print(list(generator_of_lists(3)))  # expect: [[], [0], [0, 1]]


def shadowing(xs):
    xs = [xs for xs in xs]
    return xs


print(shadowing([1, 2]))  # expect: [1, 2]
print([i for i in range(3)] + [i for i in range(2)], [[i for i in range(j)] for j in (1, 2)])  # expect: [0, 1, 2, 0, 1] [[0], [0, 1]]
print([x for x in []], {k: 1 for k in ""}, [None for _ in range(2)])  # expect: [] {} [None, None]
print([*(x for x in "ab"), *[y for y in "cd"]], {**{k: 1 for k in "k"}})  # expect: ['a', 'b', 'c', 'd'] {'k': 1}
print([f"{a}{b}" for a in "xy" for b in "12"], [i if i else -1 for i in range(2)])  # expect: ['x1', 'x2', 'y1', 'y2'] [-1, 1]
print([lambda: 0 for _ in "1"][0].__qualname__)  # expect: <listcomp>.<lambda>


def qual():
    return [lambda: 0 for _ in "1"][0].__qualname__, (x for x in ()).__qualname__


print(qual())  # expect: ('qual.<locals>.<listcomp>.<lambda>', 'qual.<locals>.<genexpr>')
matrix = [[1, 2, 3], [4, 5, 6]]
print([[row[i] for row in matrix] for i in range(3)], [a for row in matrix for a in row])  # expect: [[1, 4], [2, 5], [3, 6]] [1, 2, 3, 4, 5, 6]


def delete_in_loop():
    out = []
    for i in range(3):
        t = [k for k in range(i)]
        out.append(t)
        del t
    return out


print(delete_in_loop())  # expect: [[], [0], [0, 1]]
