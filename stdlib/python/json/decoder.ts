"""Reading JSON."""
import _json


class JSONDecodeError(ValueError):
    """The text is no JSON: msg says why, pos, lineno and colno where."""

    def __init__(self, msg, doc, pos):
        lineno = doc.count("\n", 0, pos) + 1
        colno = pos - doc.rfind("\n", 0, pos)
        ValueError.__init__(self, "%s: line %d column %d (char %d)" % (msg, lineno, colno, pos))
        self.msg = msg
        self.doc = doc
        self.pos = pos
        self.lineno = lineno
        self.colno = colno

    def __reduce__(self):
        return self.__class__, (self.msg, self.doc, self.pos)


def _behind_space(s, at):
    while at < len(s) and s[at] in " \t\n\r":
        at += 1
    return at


class JSONDecoder:
    def __init__(self, *, object_hook=None, parse_float=None, parse_int=None, parse_constant=None, strict=True,
                 object_pairs_hook=None):
        self.object_hook = object_hook
        self.parse_float = parse_float
        self.parse_int = parse_int
        self.parse_constant = parse_constant
        self.strict = strict
        self.object_pairs_hook = object_pairs_hook

    def decode(self, s):
        """The value of a whole text."""
        value, end = self.raw_decode(s, _behind_space(s, 0))
        end = _behind_space(s, end)
        if end != len(s):
            raise JSONDecodeError("Extra data", s, end)
        return value

    def raw_decode(self, s, idx=0):
        """The value that begins at idx, and the place behind it."""
        ok, value, at = _json.scan(s, idx, self.strict, self.object_hook, self.object_pairs_hook, self.parse_float,
                                   self.parse_int, self.parse_constant)
        if not ok:
            raise JSONDecodeError(value, s, at) from None
        return value, at
