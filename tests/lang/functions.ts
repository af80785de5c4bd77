# Functions: arguments, defaults, closures, lambdas, decorators, annotations.
def errors(fn, *args, **kw):
    try:
        return fn(*args, **kw)
    except Exception as e:
        return type(e).__name__ + ": " + str(e)


def f(a, b=2, *c, d, e=5, **g):
    return a, b, c, d, e, g


print(f(1, d=4))  # expect: (1, 2, (), 4, 5, {})
print(f(1, 3, 5, 7, d=4, e=6, h=8))  # expect: (1, 3, (5, 7), 4, 6, {'h': 8})
print(f(*[1, 2, 3], **{"d": 4, "z": 9}))  # expect: (1, 2, (3,), 4, 5, {'z': 9})
print(f(*"ab", *"cd", d=0, **{"x": 1}, **{"y": 2}))  # expect: ('a', 'b', ('c', 'd'), 0, 5, {'x': 1, 'y': 2})
print(errors(f))  # expect: TypeError: f() missing 1 required positional argument: 'a'
print(errors(f, 1))  # expect: TypeError: f() missing 1 required keyword-only argument: 'd'
print(errors(f, 1, d=2, a=3))  # expect: TypeError: f() got multiple values for argument 'a'


def pos(a, b=1, /, c=2, *, d=3):
    return a, b, c, d


print(pos(0), pos(0, 9, 8, d=7), pos(0, c=5))  # expect: (0, 1, 2, 3) (0, 9, 8, 7) (0, 1, 5, 3)
print(errors(pos, a=1))  # expect: TypeError: pos() got some positional-only arguments passed as keyword arguments: 'a'
print(errors(pos, 1, 2, 3, 4))  # expect: TypeError: pos() takes from 1 to 3 positional arguments but 4 were given
print(errors(pos, 1, x=1))  # expect: TypeError: pos() got an unexpected keyword argument 'x'


def kw(**k):
    return k


print(kw(a=1, **{"b c": 2}))  # expect: {'a': 1, 'b c': 2}
print(errors(lambda: kw(a=1, **{"a": 2})))  # expect: TypeError: __main__.kw() got multiple values for keyword argument 'a'
print(errors(lambda: f(1, **5)))  # expect: TypeError: __main__.f() argument after ** must be a mapping, not int
print(errors(lambda: f(*5)))  # expect: TypeError: __main__.f() argument after * must be an iterable, not int
print(errors(lambda: f(1, *5)))  # expect: TypeError: Value after * must be an iterable, not int
print(errors(lambda: f(1, **{1: 2})))  # expect: TypeError: keywords must be strings


# defaults are made once
def grow(x, acc=[]):
    acc.append(x)
    return acc


grow(1)
print(grow(2), grow.__defaults__)  # expect: [1, 2] ([1, 2],)
n = 1


def early(x=n):
    return x


n = 2
print(early())  # expect: 1


# closures
def counter():
    n = 0

    def inc(by=1):
        nonlocal n
        n += by
        return n

    def get():
        return n

    return inc, get


inc, get = counter()
inc()
inc(5)
print(get(), counter()[1]())  # expect: 6 0
fs = []
for i in range(3):
    fs.append(lambda: i)
print([g() for g in fs])  # expect: [2, 2, 2]
fs = [lambda: j for j in range(3)]
print([g() for g in fs])  # expect: [2, 2, 2]
fs = [lambda j=j: j for j in range(3)]
print([g() for g in fs])  # expect: [0, 1, 2]


def late():
    def inner():
        return x

    try:
        inner()
    except NameError as e:
        first = str(e)
    x = 1
    second = inner()
    del x
    try:
        inner()
    except NameError as e:
        return first, second, str(e)


print(late())  # expect: ("cannot access free variable 'x' where it is not associated with a value in enclosing scope", 1, "cannot access free variable 'x' where it is not associated with a value in enclosing scope")


def own_cell():
    def g():
        return x

    try:
        x
    except UnboundLocalError as e:
        return str(e)
    x = 1


print(own_cell())  # expect: cannot access local variable 'x' where it is not associated with a value


def param_cell(a, *b, **c):
    def g():
        nonlocal a
        a += 1
        return a, b, c

    return g


g = param_cell(1, 2, k=3)
print(g(), g())  # expect: (2, (2,), {'k': 3}) (3, (2,), {'k': 3})


def deep():
    x = 1

    def a():
        def b():
            def c():
                nonlocal x
                x += 1
                return x

            return c

        return b

    return a()()(), x


print(deep())  # expect: (2, 2)


def recursive(n):
    def fact(k):
        return 1 if k < 2 else k * fact(k - 1)

    return fact(n)


print(recursive(20), recursive(25))  # expect: 2432902008176640000 15511210043330985984000000

# global and nonlocal
count = 0


def bump():
    global count, made
    count += 1
    made = "made"


bump()
bump()
print(count, made)  # expect: 2 made


def reads_later():
    try:
        return count
    finally:
        count = 5


print(errors(reads_later))  # expect: UnboundLocalError: cannot access local variable 'count' where it is not associated with a value

# lambdas
print((lambda: None)(), (lambda x, *y, z=3, **w: (x, y, z, w))(1, 2, a=4))  # expect: None (1, (2,), 3, {'a': 4})
print((lambda x: lambda y: x + y)(1)(2))  # expect: 3
print(sorted([3, 1, 2], key=lambda v: -v))  # expect: [3, 2, 1]
add = lambda a, b=1: a + b
print(add(1), add(1, 2), add.__name__, add.__qualname__)  # expect: 2 3 <lambda> <lambda>


# decorators run bottom up, their expressions top down
order = []


def deco(name):
    order.append("make " + name)

    def wrap(fn):
        order.append("apply " + name)
        return fn

    return wrap


@deco("a")
@deco("b")
def decorated(x=order.append("default")):
    return 1


print(order, decorated.__name__)  # expect: ['make a', 'make b', 'default', 'apply b', 'apply a'] decorated


@staticmethod
def st():
    return "st"


@lambda fn: fn.__name__ + "!"
def shout(): pass


print(shout)  # expect: shout!


# annotations
def ann(a: int, b: "str" = 1, /, *c: float, d: list = None, **e: dict) -> bool:
    local: undefined_name_is_not_evaluated = 3
    return local


print(ann.__annotations__, ann(1))  # expect: {'a': <class 'int'>, 'b': 'str', 'c': <class 'float'>, 'd': <class 'list'>, 'e': <class 'dict'>, 'return': <class 'bool'>} 3


def doc():
    "The doc."
    return 1


print(doc.__doc__, f.__doc__, (lambda: 0).__doc__)  # expect: The doc. None None


class K:
    def method(self):
        def inner(): pass
        return inner


print(K.method.__qualname__, K().method().__qualname__, counter.__qualname__)  # expect: K.method K.method.<locals>.inner counter
print(doc.__module__, doc.__name__)  # expect: __main__ doc
ann.extra = [1]
print(ann.extra, ann.__dict__)  # expect: [1] {'extra': [1]}


def no_return(): pass


print(no_return())  # expect: None


def returns_many(): return 1, 2


print(returns_many())  # expect: (1, 2)


# arguments are evaluated from left to right, stars in between
log = []


def note(x):
    log.append(x)
    return x


def anything(*a, **k):
    return a, k


print(anything(note(1), *note([2]), note(3), k=note(4), **note({"l": 5})), log)  # expect: ((1, 2, 3), {'k': 4, 'l': 5}) [1, [2], 3, 4, {'l': 5}]
log.clear()
print(anything(k=note(1), *note([2])), log)  # expect: ((2,), {'k': 1}) [[2], 1]


def gen(x):
    log.append("start")
    yield x
    log.append("stop")


log.clear()
anything(*gen(1), note("after"))
print(log)  # expect: ['start', 'stop', 'after']


# the callee is looked up before its arguments are evaluated
class Obj:
    def m(self, *a):
        return a


log.clear()
print(errors(lambda: Obj().missing(note(1))), log)  # expect: AttributeError: 'Obj' object has no attribute 'missing' []
print(errors(lambda: missing(note(1))), log)  # expect: NameError: name 'missing' is not defined []
print(errors(lambda: (5)(note(1))), log)  # expect: TypeError: 'int' object is not callable [1]


def f255(*a): return len(a)


print(f255(*range(300)), f255(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25))  # expect: 300 26
print(f"{add(1, b=2)} {add(**{'a': 1, 'b': 4})}")  # expect: 3 5
x = 10


def shadow(x):
    x = x + 1
    return x


print(shadow(1), x)  # expect: 2 10


def locals_of(a, b=2, *c, **d):
    if a > 5:
        never = 1
    e = [a]
    (lambda: e)
    del b
    return locals()


print(locals_of(1, 2, 3, k=4))  # expect: {'a': 1, 'c': (3,), 'd': {'k': 4}, 'e': [1]}


def evaluates(y):
    return eval("x + y"), sorted(vars()), dir()


print(evaluates(5))  # expect: (15, ['y'], ['y'])
