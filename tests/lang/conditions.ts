# Truth, and/or/not, comparisons: what is evaluated, and how often.
log = []


class T:
    def __init__(self, name, truth):
        self.name = name
        self.truth = truth

    def __bool__(self):
        log.append(self.name)
        return self.truth

    def __repr__(self):
        return self.name


def t(name, truth=True):
    return T(name, truth)


def shown(value):
    out = (value, "".join(log))
    log.clear()
    return out


a, b, c = t("a"), t("b", False), t("c")
print(shown(a and b))  # expect: (b, 'a')
print(shown(b and a))  # expect: (b, 'b')
print(shown(a or b))  # expect: (a, 'a')
print(shown(b or a))  # expect: (a, 'b')
print(shown((a and b) or c))  # expect: (c, 'ab')
print(shown((b or a) and c))  # expect: (c, 'ba')
print(shown(a and (b or c)))  # expect: (c, 'ab')
print(shown(not a))  # expect: (False, 'a')
print(shown(not (a and b)))  # expect: (True, 'ab')
print(shown(1 if a and b else 2))  # expect: (2, 'ab')
print(shown(1 if not (a and not b) or c else 2))  # expect: (1, 'abc')
print(shown(a if b else c))  # expect: (c, 'b')
if a and (b or not c) or a:
    print(shown("then"))  # expect: ('then', 'abca')
while b or not a:
    pass
print(shown("while"))  # expect: ('while', 'ba')
print(shown((a and b and c) or (b and a) or c))  # expect: (c, 'abb')
print(shown(a and b or c and a))  # expect: (a, 'abc')


class N:
    def __init__(self, v):
        self.v = v

    def __lt__(self, o):
        log.append(f"{self.v}<{o.v} ")
        return self.v < o.v

    def __eq__(self, o):
        log.append(f"{self.v}=={o.v} ")
        return self.v == o.v


def n(v):
    log.append(f"n{v} ")
    return N(v)


print(shown(n(1) < n(2) < n(3)))  # expect: (True, 'n1 n2 1<2 n3 2<3 ')
print(shown(n(2) < n(1) < n(3)))  # expect: (False, 'n2 n1 2<1 ')
print(shown(1 if n(1) < n(2) < n(0) else 2))  # expect: (2, 'n1 n2 1<2 n0 2<0 ')
print(shown(n(1) < n(2) == n(2) < n(3)))  # expect: (True, 'n1 n2 1<2 n2 2==2 n3 2<3 ')
print(shown(not n(1) < n(2)))  # expect: (False, 'n1 n2 1<2 ')
print(1 < 2 < 3 < 4, 1 < 2 > 1, 3 > 2 > 2)  # expect: True True False
print(1 == 1.0 == True, 1 is 1, None is None, [] is not [])  # expect: True True True True
x = 5
print(1 < x < 10, 10 > x >= 5 != 4)  # expect: True True
print(x in (1, 5), x not in [1, 5], x in {5, 6}, "b" in "abc", 3 in {3: 4})  # expect: True False True True True
print(0 or [] or "" or None or "last", 1 and "a" and [2])  # expect: last [2]
print(True and 0, 1 or 1 / 0, None and 1 / 0)  # expect: 0 1 None
print(bool([]), bool([0]), bool(""), bool(0.0), bool(None), bool(...))  # expect: False True False False False True


class L:
    def __len__(self):
        return 0


print(bool(L()), "empty" if not L() else "full")  # expect: False empty


class Bad:
    def __bool__(self):
        return 1


try:
    if Bad():
        pass
except TypeError as e:
    print(e)  # expect: __bool__ should return bool, returned int


class Array:
    def __lt__(self, o):
        return ["result"]

    __gt__ = __eq__ = __lt__


print(Array() < 1, Array() == 2, 0 < Array() < 1)  # expect: ['result'] ['result'] ['result']
if __debug__:
    print("debug")  # expect: debug
assert 1 < 2, "not evaluated" + 1
try:
    assert x == 6, f"x is {x}"
except AssertionError as e:
    print(e, e.args)  # expect: x is 5 ('x is 5',)
try:
    assert not x
except AssertionError as e:
    print(e.args)  # expect: ()
print([i for i in range(5) if not i % 2 or i == 3])  # expect: [0, 2, 3, 4]
print((lambda: 1)() if x else (lambda: 2)())  # expect: 1
print(1 if False else 2 if False else 3)  # expect: 3


# One value for two parameters of a block: neither may lose it.
def shared(state, other):
    kept = state.get("kept")
    result = [1]
    if other is not None:
        if kept is None:
            kept = list(result)
        else:
            kept.append(2)
        result = result + kept if other else kept
    state["kept"] = kept
    return result


memory = {}
print(shared(memory, 0), shared(memory, 0), memory)  # expect: [1, 2] [1, 2] {'kept': [1, 2]}
