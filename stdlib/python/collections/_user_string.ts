"""UserString, which few programs use: collections loads it on demand."""
from collections.abc import Sequence


class UserString:
    """A string to derive from; its content is in `data`. Methods that give strings give objects of the class."""

    def __init__(self, seq):
        self.data = seq.data[:] if isinstance(seq, UserString) else seq if isinstance(seq, str) else str(seq)

    def _raw(self, other):
        return other.data if isinstance(other, UserString) else other

    def __str__(self):
        return str(self.data)

    def __repr__(self):
        return repr(self.data)

    def __int__(self):
        return int(self.data)

    def __float__(self):
        return float(self.data)

    def __hash__(self):
        return hash(self.data)

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        return self.__class__(self.data[i])

    def __iter__(self):
        return iter(self.data)

    def __contains__(self, text):
        return self._raw(text) in self.data

    def __eq__(self, other):
        return self.data == self._raw(other)

    def __lt__(self, other):
        return self.data < self._raw(other)

    def __le__(self, other):
        return self.data <= self._raw(other)

    def __gt__(self, other):
        return self.data > self._raw(other)

    def __ge__(self, other):
        return self.data >= self._raw(other)

    def __add__(self, other):
        return self.__class__(self.data + str(other))

    def __radd__(self, other):
        return self.__class__(str(other) + self.data)

    def __mul__(self, n):
        return self.__class__(self.data * n)

    __rmul__ = __mul__

    def __mod__(self, args):
        return self.__class__(self.data % args)

    def join(self, strings):
        return self.data.join(strings)


def _string_method(name, gives_string):
    """The method of str with the name: on the data, with the data of other UserStrings."""
    method = getattr(str, name)

    def call(self, /, *args, **kwargs):
        result = method(self.data, *(self._raw(a) for a in args), **kwargs)
        return self.__class__(result) if gives_string else result

    call.__name__ = name
    return call


for _name in ("capitalize casefold center expandtabs ljust lower lstrip removeprefix removesuffix replace rjust rstrip strip "
              "swapcase title translate upper zfill").split():
    setattr(UserString, _name, _string_method(_name, True))
for _name in ("count encode endswith find format format_map index isalnum isalpha isascii isdecimal isdigit isidentifier islower "
              "isnumeric isprintable isspace istitle isupper partition rfind rindex rpartition rsplit split splitlines "
              "startswith").split():
    setattr(UserString, _name, _string_method(_name, False))
del _name
UserString.__module__ = "collections"
Sequence.register(UserString)
