# Pickles: the bytes are CPython's, classes of the program come back, anything else is refused by name.
import collections
import enum
import io
import pickle


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y


class Slotted:
    __slots__ = ("a", "b")


class Counted:
    def __init__(self, n):
        self.n = n

    def __getstate__(self):
        return self.n * 2

    def __setstate__(self, state):
        self.n = state // 2


class Pair(tuple):
    pass


class Color(enum.Enum):
    RED = 1


print(pickle.dumps([1, 2.5, "a", None, True]))
# expect: b'\x80\x04\x95\x16\x00\x00\x00\x00\x00\x00\x00]\x94(K\x01G@\x04\x00\x00\x00\x00\x00\x00\x8c\x01a\x94N\x88e.'
print(pickle.dumps({"k": (1, -1, 300, 2 ** 40)}, 2))
# expect: b'\x80\x02}q\x00X\x01\x00\x00\x00kq\x01(K\x01J\xff\xff\xff\xffM,\x01\x8a\x06\x00\x00\x00\x00\x00\x01tq\x02s.'
print(pickle.dumps(b"ab", 2))
# expect: b'\x80\x02c_codecs\nencode\nq\x00X\x02\x00\x00\x00abq\x01X\x06\x00\x00\x00latin1q\x02\x86q\x03Rq\x04.'
print(pickle.dumps([1, "x\n"], 0))
# expect: b'(lp0\nI1\naVx\\u000a\np1\na.'
for protocol in range(6):
    p = pickle.loads(pickle.dumps(Point([1, 2], {"k": {3}}), protocol))
    assert type(p) is Point and p.x == [1, 2] and p.y == {"k": {3}}
    assert pickle.loads(pickle.dumps(Counted(5), protocol)).n == 5
    assert pickle.loads(pickle.dumps(Color.RED, protocol)) is Color.RED
    q = pickle.loads(pickle.dumps(Pair((1, 2)), protocol))
    assert type(q) is Pair and q == (1, 2)
s = Slotted()
s.a = 7
print(pickle.loads(pickle.dumps(s)).a)  # expect: 7
shared = [1]
a, b = pickle.loads(pickle.dumps([shared, shared]))
print(a is b)  # expect: True
loop = {}
loop["self"] = loop
back = pickle.loads(pickle.dumps(loop))
print(back["self"] is back)  # expect: True
print(pickle.loads(pickle.dumps(collections.defaultdict(list, {1: [2]}))))  # expect: defaultdict(<class 'list'>, {1: [2]})

f = io.BytesIO()
pickle.dump("first", f)
pickle.dump(["second"], f)
f.seek(0)
print(pickle.load(f), pickle.load(f))  # expect: first ['second']


class Named(pickle.Pickler):
    def persistent_id(self, obj):
        return "the " + obj.x if isinstance(obj, Point) else None


class Lookup(pickle.Unpickler):
    def persistent_load(self, name):
        return name.upper()


f = io.BytesIO()
Named(f).dump([Point("one", 2), 3])
f.seek(0)
print(Lookup(f).load())  # expect: ['THE ONE', 3]

for bad in (b"cos\nsystem\n(S'true'\ntR.", b"cbuiltins\neval\n(V1+1\ntR.", b"csubprocess\nPopen\n(V1\ntR.", b"\x80\x04\x8c\x02os\x8c\x06system\x93."):
    try:
        print(pickle.loads(bad))
    except pickle.UnpicklingError as e:
        print(str(e).split(",")[0])
# expect: the pickle names os.system
# expect: the pickle names builtins.eval
# expect: the pickle names subprocess.Popen
# expect: the pickle names os.system
for bad in (b"", b"\x80", b"X\xff\xff\xff\x7fabc.", b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", b"h\x05.", b"u.", b"\x80\x06.", b"K\x01R."):
    try:
        print(pickle.loads(bad))
    except (pickle.UnpicklingError, EOFError, ValueError) as e:
        print(type(e).__name__)
# expect: EOFError
# expect: UnpicklingError
# expect: UnpicklingError
# expect: UnpicklingError
# expect: UnpicklingError
# expect: UnpicklingError
# expect: ValueError
# expect: UnpicklingError
for what in (lambda: 0, (i for i in []), io):
    try:
        pickle.dumps(what)
    except Exception as e:
        print(type(e).__name__)
# expect: PicklingError
# expect: TypeError
# expect: TypeError
