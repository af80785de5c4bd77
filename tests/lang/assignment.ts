# Assignment of all forms: single evaluation, order, unpacking, augmented assignment.
log = []


def note(x):
    log.append(x)
    return x


class Box:
    pass


a = b = c = [1]
print(a is b, b is c)  # expect: True True
a, b = 1, 2
a, b = b, a
print(a, b)  # expect: 2 1
a, b, c = b, a, (a, b)
print(a, b, c)  # expect: 1 2 (2, 1)
(a, (b, [c, d])), *e = (1, (2, [3, 4])), 5, 6
print(a, b, c, d, e)  # expect: 1 2 3 4 [5, 6]
*a, b = "xyz"
print(a, b)  # expect: ['x', 'y'] z
a, *b, c = range(2)
print(a, b, c)  # expect: 0 [] 1
a, *b = {1: 2}
print(a, b)  # expect: 1 []
[x, y], z = "ab", 3
print(x, y, z)  # expect: a b 3
x = y, z = 7, 8
print(x, y, z)  # expect: (7, 8) 7 8

# targets are evaluated from left to right, after the value
items = [0, 0, 0]


def at(i):
    note(i)
    return items


at("a")[note(0)], at("b")[note(1)] = note("v"), note("w")
print(log, items)  # expect: ['v', 'w', 'a', 0, 'b', 1] ['v', 'w', 0]

i = 0
i, items[i] = 1, "one"
print(i, items)  # expect: 1 ['v', 'one', 0]

# augmented assignment evaluates its target once
log.clear()
at("t")[note(2)] += note(5)
print(log, items)  # expect: ['t', 2, 5] ['v', 'one', 5]
box = Box()
box.n = 1


def get():
    log.append("get")
    return box


log.clear()
get().n *= 10
print(log, box.n)  # expect: ['get'] 10


class Tracker:
    def __init__(self, v):
        self.v = v

    def __iadd__(self, o):
        log.append("iadd")
        self.v += o
        return self

    def __add__(self, o):
        log.append("add")
        return Tracker(self.v + o)

    def __sub__(self, o):
        log.append("sub")
        return Tracker(self.v - o)


t = u = Tracker(1)
log.clear()
t += 2
print(t is u, t.v, log)  # expect: True 3 ['iadd']
t -= 1
print(t is u, t.v, u.v, log)  # expect: False 2 3 ['iadd', 'sub']

n = 17
n += 3
n -= 2
n *= 4
n //= 5
n **= 2
n %= 100
n <<= 3
n >>= 1
n |= 1
n ^= 7
n &= 254
print(n)  # expect: 134
f = 3
f /= 2
print(f)  # expect: 1.5
q = [1, 2]
r = q
q += (3,)
print(r, q is r)  # expect: [1, 2, 3] True
q = q + [4]
print(r, q is r)  # expect: [1, 2, 3] False


def errors(fn):
    try:
        fn()
    except Exception as e:
        return type(e).__name__ + ": " + str(e)


def few():
    a, b, c = 1, 2


def many():
    a, b = [1, 2, 3]


def few_star():
    a, b, *c = (1,)


def no_iterable():
    a, b = 5


print(errors(few))  # expect: ValueError: not enough values to unpack (expected 3, got 2)
print(errors(many))  # expect: ValueError: too many values to unpack (expected 2)
print(errors(few_star))  # expect: ValueError: not enough values to unpack (expected at least 2, got 1)
print(errors(no_iterable))  # expect: TypeError: cannot unpack non-iterable int object


# a failing unpacking stores nothing

def keeps2():
    a = "old"
    t = (1, 2, 3)
    try:
        a, b = t
    except ValueError:
        return a


print(keeps2())  # expect: old

# a chain of targets stores from left to right
d = {}
k = "p"
d[k] = k = "q"
print(d, k)  # expect: {'p': 'q'} q
(w := 5)
print(w, (w := w + 1), w)  # expect: 5 6 6
if (m := 10) > 5:
    print(m)  # expect: 10
x: int = 5
y: str
print(x)  # expect: 5


def deleting():
    x = 1
    del x
    try:
        x
    except UnboundLocalError as e:
        return str(e)


print(deleting())  # expect: cannot access local variable 'x' where it is not associated with a value
del x
try:
    x
except NameError as e:
    print(e)  # expect: name 'x' is not defined
l = [1, 2, 3, 4]
del l[0], l[-1]
print(l)  # expect: [2, 3]
del l[:]
print(l)  # expect: []
box.a = 1
del box.a
print(hasattr(box, "a"))  # expect: False
s = [1, 2, 3]
s[1:2] = "abc"
print(s)  # expect: [1, 'a', 'b', 'c', 3]
s[::2] = 7, 8, 9
print(s)  # expect: [7, 'a', 8, 'c', 9]
