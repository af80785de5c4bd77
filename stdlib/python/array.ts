"""Arrays of numbers of one type."""
import struct
from collections.abc import MutableSequence

typecodes = "bBuhHiIlLqQfd"


class array:
    """Numbers of one type, kept in a list and packed when bytes are asked for."""

    __message_name__ = "array.array"

    def __init__(self, typecode, initializer=()):
        if not isinstance(typecode, str) or len(typecode) != 1:
            raise TypeError("array() argument 1 must be a unicode character, not %s" % type(typecode).__name__)
        if typecode not in typecodes:
            raise ValueError("bad typecode (must be b, B, u, h, H, i, I, l, L, q, Q, f or d)")
        self.typecode = typecode
        self.itemsize = 4 if typecode == "u" else struct.calcsize(typecode)
        self._items = []
        if isinstance(initializer, (bytes, bytearray)):
            self.frombytes(initializer)
        elif isinstance(initializer, str):
            if typecode != "u":
                raise TypeError("cannot use a str to initialize an array with typecode '%s'" % typecode)
            self._items = list(initializer)
        else:
            self.extend(initializer)

    def _check(self, x):
        code = self.typecode
        if code == "u":
            if not isinstance(x, str) or len(x) != 1:
                raise TypeError("array item must be a unicode character, not %s" % type(x).__name__)
            return x
        if code in "fd":
            try:
                value = float(x) if not isinstance(x, str) else None
            except TypeError:
                value = None
            if value is None:
                raise TypeError("must be real number, not %s" % type(x).__name__)
            return value if code == "d" else struct.unpack("f", struct.pack("f", value))[0]
        try:
            value = x.__index__()
        except AttributeError:
            raise TypeError("'%s' object cannot be interpreted as an integer" % type(x).__name__) from None
        bits = 8 * self.itemsize
        low, high = (0, (1 << bits) - 1) if code.isupper() else (-(1 << bits - 1), (1 << bits - 1) - 1)
        if value < low or value > high:
            name = {"b": "signed char", "B": "unsigned byte integer", "h": "signed short integer", "H": "unsigned short",
                    "i": "signed integer", "I": "unsigned int", "l": "signed long", "L": "unsigned long",
                    "q": "long long", "Q": "unsigned long long"}[code]
            raise OverflowError(f"{name} is less than minimum" if value < low else f"{name} is greater than maximum")
        return value

    def append(self, x):
        self._items.append(self._check(x))

    def extend(self, iterable):
        if isinstance(iterable, array):
            if iterable.typecode != self.typecode:
                raise TypeError("can only extend with array of same kind")
            self._items.extend(iterable._items)
            return
        for x in iterable:
            self._items.append(self._check(x))

    fromlist = extend

    def insert(self, i, x):
        self._items.insert(i, self._check(x))

    def pop(self, i=-1):
        if not self._items:
            raise IndexError("pop from empty array")
        return self._items.pop(i)

    def remove(self, x):
        if x not in self._items:
            raise ValueError("array.remove(x): x not in array")
        self._items.remove(x)

    def index(self, x, start=0, stop=1 << 62):
        try:
            return self._items.index(x, start, stop)
        except ValueError:
            raise ValueError("array.index(x): x not in array") from None

    def count(self, x):
        return self._items.count(x)

    def reverse(self):
        self._items.reverse()

    def tolist(self):
        return list(self._items)

    def tobytes(self):
        if self.typecode == "u":
            return "".join(self._items).encode("utf-32-le")
        return struct.pack("%d%s" % (len(self._items), self.typecode), *self._items)

    def frombytes(self, data):
        if len(data) % self.itemsize:
            raise ValueError("bytes length not a multiple of item size")
        if self.typecode == "u":
            self._items.extend(bytes(data).decode("utf-32-le"))
        else:
            self._items.extend(struct.unpack("%d%s" % (len(data) // self.itemsize, self.typecode), data))

    def tofile(self, f):
        f.write(self.tobytes())

    def fromfile(self, f, n):
        data = f.read(n * self.itemsize)
        self.frombytes(data[:len(data) // self.itemsize * self.itemsize])
        if len(data) < n * self.itemsize:
            raise EOFError("read() didn't return enough bytes")

    def tounicode(self):
        if self.typecode != "u":
            raise ValueError("tounicode() may only be called on unicode type arrays")
        return "".join(self._items)

    def byteswap(self):
        n = self.itemsize
        data = self.tobytes()
        self._items = []
        self.frombytes(b"".join([data[i:i + n][::-1] for i in range(0, len(data), n)]))

    def buffer_info(self):
        return (id(self), len(self._items))

    def _same(self, items):
        a = array(self.typecode)
        a._items = items
        return a

    def __len__(self):
        return len(self._items)

    def __iter__(self):
        return iter(self._items)

    def __contains__(self, x):
        return x in self._items

    def __getitem__(self, i):
        if isinstance(i, slice):
            return self._same(self._items[i])
        try:
            return self._items[i]
        except IndexError:
            raise IndexError("array index out of range") from None

    def __setitem__(self, i, x):
        if isinstance(i, slice):
            if not isinstance(x, array):
                raise TypeError("can only assign array (not \"%s\") to array slice" % type(x).__name__)
            self._items[i] = x._items
            return
        try:
            self._items[i] = self._check(x)
        except IndexError:
            raise IndexError("array assignment index out of range") from None

    def __delitem__(self, i):
        del self._items[i]

    def __add__(self, other):
        if not isinstance(other, array):
            raise TypeError("can only append array (not \"%s\") to array" % type(other).__name__)
        return self._same(self._items + other._items)

    def __iadd__(self, other):
        self.extend(other)
        return self

    def __mul__(self, n):
        return self._same(self._items * n)

    __rmul__ = __mul__

    def __imul__(self, n):
        self._items *= n
        return self

    def __eq__(self, other):
        return self._items == other._items if isinstance(other, array) else NotImplemented

    def __lt__(self, other):
        return self._items < other._items if isinstance(other, array) else NotImplemented

    def __le__(self, other):
        return self._items <= other._items if isinstance(other, array) else NotImplemented

    def __gt__(self, other):
        return self._items > other._items if isinstance(other, array) else NotImplemented

    def __ge__(self, other):
        return self._items >= other._items if isinstance(other, array) else NotImplemented

    __hash__ = None

    def __copy__(self):
        return self._same(list(self._items))

    def __deepcopy__(self, memo):
        return self._same(list(self._items))

    def __reduce__(self):
        return array, (self.typecode, self._items)

    def __repr__(self):
        if not self._items:
            return "array('%s')" % self.typecode
        if self.typecode == "u":
            return "array('u', %r)" % self.tounicode()
        return "array('%s', %r)" % (self.typecode, self._items)


ArrayType = array


MutableSequence.register(array)
