"""Values laid out over several lines."""
import re
import sys
import types

__all__ = ["pprint", "pformat", "isreadable", "isrecursive", "saferepr", "PrettyPrinter", "pp"]


def pprint(object, stream=None, indent=1, width=80, depth=None, *, compact=False, sort_dicts=True,
           underscore_numbers=False):
    """Prints a value so that no line is longer than width, where that can be."""
    PrettyPrinter(indent=indent, width=width, depth=depth, stream=stream, compact=compact, sort_dicts=sort_dicts,
                  underscore_numbers=underscore_numbers).pprint(object)


def pformat(object, indent=1, width=80, depth=None, *, compact=False, sort_dicts=True, underscore_numbers=False):
    """The text that pprint prints."""
    return PrettyPrinter(indent=indent, width=width, depth=depth, compact=compact, sort_dicts=sort_dicts,
                         underscore_numbers=underscore_numbers).pformat(object)


def pp(object, *args, sort_dicts=False, **kwargs):
    pprint(object, *args, sort_dicts=sort_dicts, **kwargs)


def saferepr(object):
    return PrettyPrinter()._repr(object, {}, 0)[0]


def isreadable(object):
    return PrettyPrinter()._repr(object, {}, 0)[1]


def isrecursive(object):
    return PrettyPrinter()._repr(object, {}, 0)[2]


class _Key:
    """Orders values of any types: by themselves, or by their type's name and address."""
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        try:
            return self.value < other.value
        except TypeError:
            a, b = self.value, other.value
            return (str(type(a)), id(a)) < (str(type(b)), id(b))


def _pair_key(pair):
    return _Key(pair[0]), _Key(pair[1])


class PrettyPrinter:
    def __init__(self, indent=1, width=80, depth=None, stream=None, *, compact=False, sort_dicts=True,
                 underscore_numbers=False):
        indent, width = int(indent), int(width)
        if indent < 0:
            raise ValueError("indent must be >= 0")
        if depth is not None and depth <= 0:
            raise ValueError("depth must be > 0")
        if not width:
            raise ValueError("width must be != 0")
        self._depth, self._indent, self._width = depth, indent, width
        self._stream = stream
        self._compact, self._sort_dicts, self._underscores = bool(compact), sort_dicts, underscore_numbers

    def pprint(self, object):
        stream = self._stream or sys.stdout
        if stream is not None:
            stream.write(self.pformat(object) + "\n")

    def pformat(self, object):
        out = []
        self._format(object, out, 0, 0, {}, 0)
        return "".join(out)

    def isrecursive(self, object):
        return self._repr(object, {}, 0)[2]

    def isreadable(self, object):
        _, readable, recursive = self._repr(object, {}, 0)
        return readable and not recursive

    def format(self, object, context, maxlevels, level):
        """The text, whether it reads back, and whether the object contains itself; may be overridden."""
        return self._plain(object, context, maxlevels, level)

    def _repr(self, object, context, level):
        return self.format(object, context.copy(), self._depth, level)

    def _format(self, object, out, indent, allowance, context, level):
        key = id(object)
        if key in context:
            out.append(_recursion(object))
            return
        text = self._repr(object, context, level)[0]
        if len(text) > self._width - indent - allowance:
            layout = self._layout(object)
            if layout is not None:
                context[key] = 1
                layout(object, out, indent, allowance, context, level + 1)
                del context[key]
                return
        out.append(text)

    def _layout(self, object):
        kind = type(object)
        r = kind.__repr__
        if r is dict.__repr__:
            return self._dict
        if r is list.__repr__:
            return self._list
        if r is tuple.__repr__:
            return self._tuple
        if r is set.__repr__ or r is frozenset.__repr__:
            return self._set
        if r is str.__repr__:
            return self._str
        if r is bytes.__repr__:
            return self._bytes
        if r is bytearray.__repr__:
            return self._bytearray
        if r is types.SimpleNamespace.__repr__:
            return self._namespace
        if r is types.MappingProxyType.__repr__:
            return self._proxy
        name = kind.__name__
        module = kind.__module__
        if module == "collections":
            if name == "OrderedDict":
                return self._ordered
            if name == "defaultdict":
                return self._defaultdict
            if name == "Counter":
                return self._counter
            if name == "deque":
                return self._deque
            if name == "ChainMap":
                return self._chain_map
            if name in ("UserDict", "UserList", "UserString"):
                return self._user
        if hasattr(kind, "__dataclass_fields__") and hasattr(kind.__repr__, "_of_dataclass"):
            return self._dataclass
        return None

    def _dataclass(self, object, out, indent, allowance, context, level):
        name = object.__class__.__name__
        indent += len(name) + 1
        items = [(f.name, getattr(object, f.name)) for f in object.__dataclass_fields__.values() if f.repr]
        out.append(name + "(")
        self._named_items(items, out, indent, allowance, context, level)
        out.append(")")

    def _namespace(self, object, out, indent, allowance, context, level):
        name = "namespace" if type(object) is types.SimpleNamespace else object.__class__.__name__
        indent += len(name) + 1
        out.append(name + "(")
        self._named_items(list(object.__dict__.items()), out, indent, allowance, context, level)
        out.append(")")

    def _named_items(self, items, out, indent, allowance, context, level):
        for i, (key, value) in enumerate(items):
            last = i == len(items) - 1
            out.append(key + "=")
            if id(value) in context:
                out.append("...")
            else:
                self._format(value, out, indent + len(key) + 1, allowance if last else 1, context, level)
            if not last:
                out.append(",\n" + " " * indent)

    def _dict(self, object, out, indent, allowance, context, level):
        out.append("{")
        if self._indent > 1:
            out.append((self._indent - 1) * " ")
        if len(object):
            items = sorted(object.items(), key=_pair_key) if self._sort_dicts else object.items()
            self._dict_items(list(items), out, indent, allowance + 1, context, level)
        out.append("}")

    def _dict_items(self, items, out, indent, allowance, context, level):
        indent += self._indent
        for i, (key, value) in enumerate(items):
            last = i == len(items) - 1
            text = self._repr(key, context, level)[0]
            out.append(text + ": ")
            self._format(value, out, indent + len(text) + 2, allowance if last else 1, context, level)
            if not last:
                out.append(",\n" + " " * indent)

    def _ordered(self, object, out, indent, allowance, context, level):
        if not len(object):
            out.append(repr(object))
            return
        name = object.__class__.__name__
        out.append(name + "(")
        self._list(list(object.items()), out, indent + len(name) + 1, allowance + 1, context, level)
        out.append(")")

    def _defaultdict(self, object, out, indent, allowance, context, level):
        if not len(object):
            out.append(repr(object))
            return
        factory = self._repr(object.default_factory, context, level)[0]
        name = object.__class__.__name__
        indent += len(name) + 1
        out.append("%s(%s,\n%s" % (name, factory, " " * indent))
        self._dict(object, out, indent, allowance + 1, context, level)
        out.append(")")

    def _proxy(self, object, out, indent, allowance, context, level):
        out.append("mappingproxy(")
        self._format(object.copy(), out, indent + 13, allowance + 1, context, level)
        out.append(")")

    def _chain_map(self, object, out, indent, allowance, context, level):
        if not len(object.maps):
            out.append(repr(object))
            return
        name = object.__class__.__name__
        out.append(name + "(")
        indent += len(name) + 1
        for i, mapping in enumerate(object.maps):
            last = i == len(object.maps) - 1
            self._format(mapping, out, indent, allowance + 1 if last else 1, context, level)
            out.append(")" if last else ",\n" + " " * indent)

    def _user(self, object, out, indent, allowance, context, level):
        self._format(object.data, out, indent, allowance, context, level - 1)

    def _counter(self, object, out, indent, allowance, context, level):
        if not len(object):
            out.append(repr(object))
            return
        name = object.__class__.__name__
        out.append(name + "({")
        if self._indent > 1:
            out.append((self._indent - 1) * " ")
        self._dict_items(object.most_common(), out, indent + len(name) + 1, allowance + 2, context, level)
        out.append("})")

    def _deque(self, object, out, indent, allowance, context, level):
        if not len(object):
            out.append(repr(object))
            return
        name = object.__class__.__name__
        out.append(name + "(")
        indent += len(name) + 1
        out.append("[")
        if object.maxlen is None:
            self._items(object, out, indent, allowance + 2, context, level)
            out.append("])")
        else:
            self._items(object, out, indent, 2, context, level)
            out.append("],\n%smaxlen=%s)" % (" " * indent, self._repr(object.maxlen, context, level)[0]))

    def _list(self, object, out, indent, allowance, context, level):
        out.append("[")
        self._items(object, out, indent, allowance + 1, context, level)
        out.append("]")

    def _tuple(self, object, out, indent, allowance, context, level):
        out.append("(")
        end = ",)" if len(object) == 1 else ")"
        self._items(object, out, indent, allowance + len(end), context, level)
        out.append(end)

    def _set(self, object, out, indent, allowance, context, level):
        if not len(object):
            out.append(repr(object))
            return
        kind = object.__class__
        if kind is set:
            out.append("{")
            end = "}"
        else:
            out.append(kind.__name__ + "({")
            end = "})"
            indent += len(kind.__name__) + 1
        self._items(sorted(object, key=_Key), out, indent, allowance + len(end), context, level)
        out.append(end)

    def _items(self, items, out, indent, allowance, context, level):
        indent += self._indent
        if self._indent > 1:
            out.append((self._indent - 1) * " ")
        items = list(items)
        between = ",\n" + " " * indent
        delimiter = ""
        width = room = self._width - indent + 1
        for i, item in enumerate(items):
            last = i == len(items) - 1
            if last:
                room -= allowance
                width -= allowance
            if self._compact:
                text = self._repr(item, context, level)[0]
                needed = len(text) + 2
                if width < needed:
                    width = room
                    if delimiter:
                        delimiter = between
                if width >= needed:
                    width -= needed
                    out.append(delimiter + text)
                    delimiter = ", "
                    continue
            out.append(delimiter)
            delimiter = between
            self._format(item, out, indent, allowance if last else 1, context, level)

    def _str(self, object, out, indent, allowance, context, level):
        if not object:
            out.append(repr(object))
            return
        chunks = []
        lines = object.splitlines(True)
        if level == 1:
            indent += 1
            allowance += 1
        whole = full = self._width - indent
        text = ""
        for i, line in enumerate(lines):
            text = repr(line)
            if i == len(lines) - 1:
                full -= allowance
            if len(text) <= full:
                chunks.append(text)
                continue
            parts = re.findall(r"\S*\s*", line)
            parts.pop()
            room = whole
            current = ""
            for k, part in enumerate(parts):
                candidate = current + part
                if k == len(parts) - 1 and i == len(lines) - 1:
                    room -= allowance
                if len(repr(candidate)) > room:
                    if current:
                        chunks.append(repr(current))
                    current = part
                else:
                    current = candidate
            if current:
                chunks.append(repr(current))
        if len(chunks) == 1:
            out.append(text)
            return
        if level == 1:
            out.append("(")
        out.append(("\n" + " " * indent).join(chunks))
        if level == 1:
            out.append(")")

    def _bytes(self, object, out, indent, allowance, context, level):
        if len(object) <= 4:
            out.append(repr(object))
            return
        parenthesis = level == 1
        if parenthesis:
            indent += 1
            allowance += 1
            out.append("(")
        width = self._width - indent
        delimiter = ""
        current = b""
        chunks = []
        last = len(object) // 4 * 4
        for i in range(0, len(object), 4):
            part = object[i:i + 4]
            candidate = current + part
            if i == last:
                width -= allowance
            if len(repr(candidate)) > width:
                if current:
                    chunks.append(repr(current))
                current = part
            else:
                current = candidate
        if current:
            chunks.append(repr(current))
        out.append(("\n" + " " * indent).join(chunks))
        if parenthesis:
            out.append(")")

    def _bytearray(self, object, out, indent, allowance, context, level):
        out.append("bytearray(")
        self._bytes(bytes(object), out, indent + 10, allowance + 1, context, level + 1)
        out.append(")")

    def _plain(self, object, context, maxlevels, level):
        kind = type(object)
        if kind is int and self._underscores:
            return f"{object:_d}", True, False
        r = kind.__repr__
        if r is dict.__repr__:
            if not object:
                return "{}", True, False
            key = id(object)
            if maxlevels and level >= maxlevels:
                return "{...}", False, key in context
            if key in context:
                return _recursion(object), False, True
            context[key] = 1
            items = sorted(object.items(), key=_pair_key) if self._sort_dicts else object.items()
            readable, recursive, parts = True, False, []
            for k, v in items:
                kt, kr, kx = self.format(k, context, maxlevels, level + 1)
                vt, vr, vx = self.format(v, context, maxlevels, level + 1)
                parts.append(kt + ": " + vt)
                readable = readable and kr and vr
                recursive = recursive or kx or vx
            del context[key]
            return "{" + ", ".join(parts) + "}", readable, recursive
        if r is list.__repr__ or r is tuple.__repr__:
            if r is list.__repr__:
                if not object:
                    return "[]", True, False
                shape = "[%s]"
            elif len(object) == 1:
                shape = "(%s,)"
            else:
                if not object:
                    return "()", True, False
                shape = "(%s)"
            key = id(object)
            if maxlevels and level >= maxlevels:
                return shape % "...", False, key in context
            if key in context:
                return _recursion(object), False, True
            context[key] = 1
            readable, recursive, parts = True, False, []
            for item in object:
                t, a, b = self.format(item, context, maxlevels, level + 1)
                parts.append(t)
                readable = readable and a
                recursive = recursive or b
            del context[key]
            return shape % ", ".join(parts), readable, recursive
        text = repr(object)
        return text, bool(text) and not text.startswith("<"), False


def _recursion(object):
    return "<Recursion on %s with id=%s>" % (type(object).__name__, id(object))
