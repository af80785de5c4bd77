# Classes: bodies, inheritance, super, metaclasses, name mangling, descriptors.
def errors(fn, *args):
    try:
        return fn(*args)
    except Exception as e:
        return type(e).__name__ + ": " + str(e)


class A:
    """Doc of A."""
    x = 1
    y = x + 1
    z: int = 3
    w: str

    def __init__(self, v=0):
        self.v = v

    def get(self):
        return self.v

    def __repr__(self):
        return f"A({self.v})"


print(A.__doc__, A.x, A.y, A.__annotations__, A.__name__, A.__qualname__, A.__module__)  # expect: Doc of A. 1 2 {'z': <class 'int'>, 'w': <class 'str'>} A A __main__
print(A(), A(3).get(), A.get(A(4)), repr(A(v=5)))  # expect: A(0) 3 4 A(5)


class B(A):
    x = 10

    def __init__(self, v, w):
        super().__init__(v)
        self.w = w

    def get(self):
        return super().get() * self.x

    @classmethod
    def make(cls, *args):
        return cls(*args)

    @staticmethod
    def twice(v):
        return 2 * v

    @property
    def both(self):
        "Both."
        return self.v, self.w

    @both.setter
    def both(self, value):
        self.v, self.w = value

    @both.deleter
    def both(self):
        self.v = self.w = None


b = B.make(2, 3)
print(b, b.get(), b.twice(4), B.twice(5), b.both)  # expect: A(2) 20 8 10 (2, 3)
b.both = 7, 8
print(b.both)  # expect: (7, 8)
del b.both
print(b.both, B.both.__doc__)  # expect: (None, None) Both.
print(isinstance(b, A), issubclass(B, A), B.__bases__, B.__mro__)  # expect: True True (<class '__main__.A'>,) (<class '__main__.B'>, <class '__main__.A'>, <class 'object'>)


# diamonds
class Base:
    def __init__(self):
        self.log = ["Base"]

    def who(self):
        return ["Base"]


class L(Base):
    def __init__(self):
        super().__init__()
        self.log.append("L")

    def who(self):
        return ["L"] + super().who()


class R(Base):
    def __init__(self):
        super().__init__()
        self.log.append("R")

    def who(self):
        return ["R"] + super().who()


class D(L, R):
    def __init__(self):
        super().__init__()
        self.log.append("D")

    def who(self):
        return ["D"] + super().who()


print(D().log, D().who(), [c.__name__ for c in D.__mro__])  # expect: ['Base', 'R', 'L', 'D'] ['D', 'L', 'R', 'Base'] ['D', 'L', 'R', 'Base', 'object']
print(super(L, D()).who())  # expect: ['R', 'Base']


# super in nested functions, comprehension and lambda
class S(A):
    def get(self):
        def inner(me):
            return super(S, me).get()

        return inner(self), (lambda: super(S, self).get())()

    def klass(self):
        return __class__


print(S(6).get(), S(1).klass())  # expect: (6, 6) <class '__main__.S'>


class Sup(A):
    def get(this):
        f = super
        return f(Sup, this).get(), super().get()


print(Sup(2).get())  # expect: (2, 2)


def outside():
    super()


print(errors(outside))  # expect: RuntimeError: super(): no arguments


class NoArgs:
    def m():
        super()


print(errors(NoArgs.m))  # expect: RuntimeError: super(): no arguments


# private names
class P:
    __secret = 1

    def __init__(self):
        self.__mine = 2
        self.__dunder__ = 3

    def __hidden(self, __a=4):
        return __a

    def all(self):
        __local = 5
        return self.__secret, self.__mine, self.__hidden(), __local, self.__dunder__


print(P().all(), sorted(k for k in vars(P()) if "_" in k), P._P__secret)  # expect: (1, 2, 4, 5, 3) ['_P__mine', '__dunder__'] 1


class _Q:
    def m(self):
        self.__x = 1
        return vars(self)


class __:
    def m(self):
        self.__x = 1
        return vars(self)


print(_Q().m(), __().m())  # expect: {'_Q__x': 1} {'__x': 1}
print(P._P__hidden.__name__, P._P__hidden.__qualname__)  # expect: __hidden P.__hidden

# scopes of class bodies
x = "global"


def scope():
    x = "function"

    class C:
        y = x
        x = "class"
        z = x

        def m(self):
            return x

        l = [x for _ in range(1)]
        g = list(x for _ in range(1))
        f = (lambda: x)()

    return C.y, C.x, C.z, C().m(), C.l, C.g, C.f


print(scope())  # expect: ('global', 'class', 'class', 'function', ['function'], ['function'], 'function')


class G:
    x = x
    global gx
    gx = "made in class"
    n = [k for k in (1, 2)]
    m = [len(n) for i in range(1)] if False else None
    for i in range(3):
        pass
    if i == 2:
        cond = True
    del i


print(G.x, gx, G.n, hasattr(G, "i"), G.cond)  # expect: global made in class [1, 2] False True


def nonlocal_in_class():
    v = 1

    class C:
        nonlocal v
        v = 2
        w = v

    return v, C.w, hasattr(C, "v")


print(nonlocal_in_class())  # expect: (2, 2, False)


class UsesItself:
    def clone(self):
        return UsesItself()

    names = {}
    exec_order = []
    exec_order.append(len(names))


print(type(UsesItself().clone()).__name__, UsesItself.exec_order)  # expect: UsesItself [0]


# keywords, metaclass, __init_subclass__, __set_name__, __prepare__
class Meta(type):
    @classmethod
    def __prepare__(mcs, name, bases, **kw):
        d = {"prepared": name}
        return d

    def __new__(mcs, name, bases, ns, **kw):
        ns["kw"] = sorted(kw.items())
        return super().__new__(mcs, name, bases, ns)

    def __init__(cls, name, bases, ns, **kw):
        super().__init__(name, bases, ns)
        cls.inited = True

    def __call__(cls, *args):
        return ("called", super().__call__(*args))


class M(metaclass=Meta, flag=1):
    seen = prepared

    def m(self):
        return __class__.__name__


print(M.seen, M.kw, M.inited, type(M).__name__)  # expect: M [('flag', 1)] True Meta
tag, obj = M()
print(tag, obj.m())  # expect: called M


class Sub:
    subs = []

    def __init_subclass__(cls, tag=None, **kw):
        super().__init_subclass__(**kw)
        Sub.subs.append((cls.__name__, tag))


class S1(Sub): pass


class S2(Sub, tag="t"): pass


print(Sub.subs)  # expect: [('S1', None), ('S2', 't')]


class Field:
    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, obj, owner=None):
        return self if obj is None else obj.__dict__.get(self.name, "unset")

    def __set__(self, obj, value):
        obj.__dict__[self.name] = ("set", value)


class HasField:
    f = Field()


h = HasField()
print(h.f)  # expect: unset
h.f = 3
print(h.f, HasField.f.name)  # expect: ('set', 3) f
bases = (A,)


class FromStar(*bases, **{}):
    pass


print(FromStar(1))  # expect: A(1)


def class_decorator(cls):
    cls.decorated = True
    return cls


@class_decorator
class Deco:
    pass


print(Deco.decorated)  # expect: True


class WithAttr:
    def __getattr__(self, name):
        if name.startswith("dyn"):
            return name.upper()
        raise AttributeError(name)

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value * 2)

    def __delattr__(self, name):
        object.__delattr__(self, name)


wa = WithAttr()
wa.q = 4
print(wa.q, wa.dynamic)  # expect: 8 DYNAMIC
print(errors(lambda: wa.other))  # expect: AttributeError: other
del wa.q
print(hasattr(wa, "q"))  # expect: False


class Ops:
    def __init__(self, v):
        self.v = v

    def __add__(self, o):
        return ("add", self.v, o)

    def __radd__(self, o):
        return ("radd", o, self.v)

    def __matmul__(self, o):
        return "matmul"

    def __neg__(self):
        return "neg"

    def __getitem__(self, k):
        return ("item", k)

    def __call__(self, *a, **k):
        return ("call", a, k)

    def __contains__(self, k):
        return k == 1

    def __len__(self):
        return 3

    def __eq__(self, o):
        return NotImplemented

    def __hash__(self):
        return 1

    def __format__(self, spec):
        return f"<{spec}>"


o = Ops(1)
print(o + 2, 2 + o, o @ o, -o, o[1:2, ...], o(1, k=2), 1 in o, 2 in o, len(o), o == o, o == 1, f"{o:spec}")  # expect: ('add', 1, 2) ('radd', 2, 1) matmul neg ('item', (slice(1, 2, None), Ellipsis)) ('call', (1,), {'k': 2}) True False 3 True False <spec>
print(errors(lambda: o - 1))  # expect: TypeError: unsupported operand type(s) for -: 'Ops' and 'int'


class Slots:
    __slots__ = ("a", "b")


sl = Slots()
sl.a = 1
print(sl.a, errors(lambda: setattr(sl, "c", 1)))  # expect: 1 AttributeError: 'Slots' object has no attribute 'c'
T = type("T", (A,), {"extra": lambda self: self.v + 1})
print(T(4).extra(), T.__name__)  # expect: 5 T


class Outer:
    class Inner:
        def m(self):
            return "inner"

    def make(self):
        return self.Inner().m()


print(Outer().make(), Outer.Inner.__qualname__, Outer.Inner.m.__qualname__)  # expect: inner Outer.Inner Outer.Inner.m
