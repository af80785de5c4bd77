"""Regular expressions, with CPython's syntax and results. Patterns are compiled and matched by _re."""
import enum
from functools import lru_cache as _lru_cache

import _re

__all__ = ["match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer", "compile", "purge", "template",
           "escape", "error", "Pattern", "Match", "A", "I", "L", "M", "S", "X", "U", "ASCII", "IGNORECASE", "LOCALE",
           "MULTILINE", "DOTALL", "VERBOSE", "UNICODE", "NOFLAG", "RegexFlag"]


class RegexFlag(enum.IntFlag):
    NOFLAG = 0
    ASCII = A = 256
    IGNORECASE = I = 2
    LOCALE = L = 4
    UNICODE = U = 32
    MULTILINE = M = 8
    DOTALL = S = 16
    VERBOSE = X = 64
    TEMPLATE = T = 1
    DEBUG = 128

    def __repr__(self):
        return _flags_text(int(self)) or "re.NOFLAG"

    __str__ = int.__str__
    __format__ = int.__format__


_FLAG_NAMES = [(1, "TEMPLATE"), (2, "IGNORECASE"), (4, "LOCALE"), (8, "MULTILINE"), (16, "DOTALL"), (32, "UNICODE"),
               (64, "VERBOSE"), (128, "DEBUG"), (256, "ASCII")]


def _flags_text(flags):
    names = []
    for bit, name in _FLAG_NAMES:
        if flags & bit:
            names.append("re." + name)
            flags &= ~bit
    if flags:
        names.append(hex(flags))
    return "|".join(names)


NOFLAG = RegexFlag.NOFLAG
A = ASCII = RegexFlag.ASCII
I = IGNORECASE = RegexFlag.IGNORECASE
L = LOCALE = RegexFlag.LOCALE
U = UNICODE = RegexFlag.UNICODE
M = MULTILINE = RegexFlag.MULTILINE
S = DOTALL = RegexFlag.DOTALL
X = VERBOSE = RegexFlag.VERBOSE
DEBUG = RegexFlag.DEBUG


class error(Exception):
    """A pattern is malformed: msg says how, pos where."""
    __module__ = "re"

    def __init__(self, msg, pattern=None, pos=None):
        self.msg = msg
        self.pattern = pattern
        self.pos = pos
        self.lineno = self.colno = None
        if pattern is not None and pos is not None:
            msg = "%s at position %d" % (msg, pos)
            newline = "\n" if isinstance(pattern, str) else b"\n"
            self.lineno = pattern.count(newline, 0, pos) + 1
            self.colno = pos - pattern.rfind(newline, 0, pos)
            if newline in pattern:
                msg = "%s (line %d, column %d)" % (msg, self.lineno, self.colno)
        super().__init__(msg)


_MAX = 1 << 62


class Pattern:
    """A compiled pattern."""

    __message_name__ = "re.Pattern"
    __slots__ = ("pattern", "_code", "flags", "groups", "_index", "__weakref__")

    def __init__(self, *args):
        raise TypeError("cannot create 're.Pattern' instances")

    @property
    def groupindex(self):
        from types import MappingProxyType
        return MappingProxyType(self._index)

    def match(self, string, pos=0, endpos=_MAX):
        return _match(self, string, pos, endpos, 0)

    def fullmatch(self, string, pos=0, endpos=_MAX):
        return _match(self, string, pos, endpos, 1)

    def search(self, string, pos=0, endpos=_MAX):
        return _match(self, string, pos, endpos, 2)

    def findall(self, string, pos=0, endpos=_MAX):
        return _re.findall(self._code, string, pos, endpos)

    def finditer(self, string, pos=0, endpos=_MAX):
        if not isinstance(string, (str, bytes, bytearray)):
            _re.match(self._code, string, 0, 0, 0)
        return self._matches(string, pos, endpos)

    def _matches(self, string, pos, endpos):
        begin, mode = pos, 2
        while True:
            m = _match(self, string, begin, endpos, mode)
            if m is None:
                return
            m.pos = max(0, min(pos, len(string)))
            yield m
            begin = m._spans[1]
            mode = 3 if m._spans[0] == begin else 2

    def split(self, string, maxsplit=0):
        return _re.split(self._code, string, maxsplit)

    def sub(self, repl, string, count=0):
        return self.subn(repl, string, count)[0]

    def subn(self, repl, string, count=0):
        if not callable(repl):
            return _re.sub(self._code, string, _template(self, repl), count)
        out = []
        last = n = 0
        for m in self.finditer(string):
            begin, end = m._spans[0], m._spans[1]
            out.append(_re.slice(string, last, begin))
            out.append(repl(m))
            last = end
            n += 1
            if n == count:
                break
        out.append(_re.slice(string, last, len(string)))
        return (string[:0].join(out), n)

    def scanner(self, string, pos=0, endpos=_MAX):
        raise NotImplementedError("Pattern.scanner: use finditer")

    def __repr__(self):
        flags = self.flags
        if isinstance(self.pattern, str):
            flags &= ~32
        text = repr(self.pattern)
        if len(text) > 200:
            text = text[:200]
        flags = _flags_text(flags)
        return f"re.compile({text}, {flags})" if flags else f"re.compile({text})"

    def __eq__(self, other):
        if not isinstance(other, Pattern):
            return NotImplemented
        return self.flags == other.flags and self.pattern == other.pattern and type(self.pattern) is type(other.pattern)

    def __hash__(self):
        return hash((self.flags, self.pattern))

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        return _compile, (self.pattern, self.flags)

    def __class_getitem__(cls, item):
        import types
        return types.GenericAlias(cls, item)


class Match:
    """Where a pattern matched."""

    __message_name__ = "re.Match"
    __slots__ = ("re", "string", "pos", "endpos", "_spans")

    def __init__(self, *args):
        raise TypeError("cannot create 're.Match' instances")

    def _number(self, group):
        if isinstance(group, str):
            number = self.re._index.get(group)
            if number is None:
                raise IndexError("no such group")
            return number
        try:
            number = group.__index__()
        except AttributeError:
            raise IndexError("no such group") from None
        if not 0 <= number <= self.re.groups:
            raise IndexError("no such group")
        return number

    def _group(self, number, default=None):
        begin = self._spans[2 * number]
        return default if begin < 0 else _re.slice(self.string, begin, self._spans[2 * number + 1])

    def group(self, *groups):
        if not groups:
            return _re.slice(self.string, self._spans[0], self._spans[1])
        if len(groups) == 1:
            return self._group(self._number(groups[0]))
        return tuple([self._group(self._number(g)) for g in groups])

    def __getitem__(self, group):
        return self._group(self._number(group))

    def groups(self, default=None):
        return tuple([self._group(i, default) for i in range(1, self.re.groups + 1)])

    def groupdict(self, default=None):
        return {name: self._group(i, default) for name, i in self.re._index.items()}

    def start(self, group=0, /):
        return self._spans[2 * self._number(group)]

    def end(self, group=0, /):
        return self._spans[2 * self._number(group) + 1]

    def span(self, group=0, /):
        number = self._number(group)
        return (self._spans[2 * number], self._spans[2 * number + 1])

    @property
    def regs(self):
        return tuple([(self._spans[2 * i], self._spans[2 * i + 1]) for i in range(self.re.groups + 1)])

    @property
    def lastindex(self):
        last = self._spans[-1]
        return None if last < 0 else last

    @property
    def lastgroup(self):
        last = self._spans[-1]
        for name, i in self.re._index.items():
            if i == last:
                return name
        return None

    def expand(self, template):
        out = []
        for part in _template(self.re, template):
            out.append((self._group(part) or self.string[:0]) if isinstance(part, int) else part)
        return self.string[:0].join(out)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __repr__(self):
        return f"<re.Match object; span={self.span()}, match={self.group()!r}>"

    def __class_getitem__(cls, item):
        import types
        return types.GenericAlias(cls, item)


def _match(pattern, string, pos, endpos, mode):
    spans = _re.match(pattern._code, string, pos, endpos, mode)
    if spans is None:
        return None
    m = Match.__new__(Match)
    m.re = pattern
    m.string = string
    if pos == 0 and endpos == _MAX:
        m.pos = 0
        m.endpos = len(string)
    else:
        m.pos = max(0, min(pos, len(string)))
        m.endpos = max(0, min(endpos, len(string)))
    m._spans = spans
    return m


_cache = {}


def _compile(pattern, flags):
    flags = int(flags)
    key = (type(pattern), pattern, flags)
    try:
        return _cache[key]
    except KeyError:
        pass
    if isinstance(pattern, Pattern):
        if flags:
            raise ValueError("cannot process flags argument with a compiled pattern")
        return pattern
    if isinstance(pattern, str):
        if flags & 4:
            raise ValueError("cannot use LOCALE flag with a str pattern")
        if flags & 256 and flags & 32:
            raise ValueError("ASCII and UNICODE flags are incompatible")
    elif isinstance(pattern, (bytes, bytearray)):
        if flags & 32:
            raise ValueError("cannot use UNICODE flag with a bytes pattern")
    code = _re.compile(pattern, flags)
    if isinstance(code, tuple):
        message, pos = code
        raise error(message, pattern, pos)
    p = Pattern.__new__(Pattern)
    p.pattern = pattern
    p._code = code
    p.flags = code.flags
    p.groups = code.groups
    p._index = code.groupindex
    if len(_cache) >= 512:
        del _cache[next(iter(_cache))]
    _cache[key] = p
    return p


def _number_at(text, at):
    """The decimal digits of text from at on."""
    end = at
    while end < len(text) and text[end] in "0123456789":
        end += 1
    return text[at:end]


_TEMPLATE_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}


def _template(pattern, template):
    """A replacement's parts: literals and the numbers of groups."""
    is_bytes = not isinstance(template, str)
    if (b"\\" if is_bytes else "\\") not in template:
        return [bytes(template) if is_bytes else template]
    return list(_parse_template(pattern, bytes(template) if is_bytes else template))


@_lru_cache(256)
def _parse_template(pattern, source):
    is_bytes = isinstance(source, bytes)
    text = source.decode("latin-1") if is_bytes else source
    parts, literal = [], []

    def group(number, at):
        if number > pattern.groups:
            raise error("invalid group reference %d" % number, source, at)
        if literal:
            parts.append("".join(literal))
            literal.clear()
        parts.append(number)

    i = 0
    while i < len(text):
        c = text[i]
        if c != "\\":
            literal.append(c)
            i += 1
            continue
        start = i
        i += 1
        if i == len(text):
            raise error("bad escape (end of pattern)", source, start)
        c = text[i]
        i += 1
        if c == "g":
            if text[i:i + 1] != "<":
                raise error("missing <", source, i)
            end = text.find(">", i + 1)
            if end < 0:
                raise error("missing group name" if i + 1 == len(text) else "missing >, unterminated name", source, i + 1)
            name = text[i + 1:end]
            if not name:
                raise error("missing group name", source, i + 1)
            if name.isidentifier():
                number = pattern._index.get(name)
                if number is None:
                    raise IndexError("unknown group name %r" % name)
            elif name.isascii() and name.isdigit():
                number = int(name)
            else:
                raise error("bad character in group name %r" % name, source, i + 1)
            group(number, i + 1)
            i = end + 1
        elif c == "0":
            digits = ""
            while len(digits) < 2 and i < len(text) and text[i] in "01234567":
                digits += text[i]
                i += 1
            literal.append(chr(int("0" + digits, 8) & 255))
        elif c in "123456789":
            digits = c
            if i < len(text) and text[i] in "0123456789":
                digits += text[i]
                i += 1
                if digits[0] in "01234567" and digits[1] in "01234567" and i < len(text) and text[i] in "01234567":
                    digits += text[i]
                    i += 1
                    value = int(digits, 8)
                    if value > 0o377:
                        raise error("octal escape value \\%s outside of range 0-0o377" % digits, source, start)
                    literal.append(chr(value))
                    continue
            group(int(digits), start + 1)
        elif c in _TEMPLATE_ESCAPES:
            literal.append(_TEMPLATE_ESCAPES[c])
        elif c.isascii() and c.isalpha():
            raise error("bad escape \\" + c, source, start)
        else:
            literal.append("\\" + c)
    if literal:
        parts.append("".join(literal))
    return [p.encode("latin-1") if isinstance(p, str) else p for p in parts] if is_bytes else parts


def compile(pattern, flags=0):
    """The Pattern of a text."""
    return _compile(pattern, flags)


def template(pattern, flags=0):
    return _compile(pattern, flags)


def match(pattern, string, flags=0):
    """A match at the begin of the string, or None."""
    return _match(_compile(pattern, flags), string, 0, _MAX, 0)


def fullmatch(pattern, string, flags=0):
    """A match of the whole string, or None."""
    return _match(_compile(pattern, flags), string, 0, _MAX, 1)


def search(pattern, string, flags=0):
    """The first match, or None."""
    return _match(_compile(pattern, flags), string, 0, _MAX, 2)


def sub(pattern, repl, string, count=0, flags=0):
    """The string with its matches replaced by a template or by what a function gives for each match."""
    return _compile(pattern, flags).sub(repl, string, count)


def subn(pattern, repl, string, count=0, flags=0):
    """As sub, with the number of replacements: (string, number)."""
    return _compile(pattern, flags).subn(repl, string, count)


def split(pattern, string, maxsplit=0, flags=0):
    """The string cut at its matches; groups of the pattern are items too."""
    return _compile(pattern, flags).split(string, maxsplit)


def findall(pattern, string, flags=0):
    """All matches: texts, of the group if there is one, tuples of groups if there are several."""
    return _compile(pattern, flags).findall(string)


def finditer(pattern, string, flags=0):
    """An iterator over all matches."""
    return _compile(pattern, flags).finditer(string)


def purge():
    """Forgets compiled patterns."""
    _cache.clear()
    _parse_template.cache_clear()


_SPECIAL = {ord(c): "\\" + c for c in "()[]{}?*+-|^$\\.&~# \t\n\r\v\f"}


def escape(pattern):
    """The text with everything quoted that means something in a pattern."""
    if isinstance(pattern, str):
        return pattern.translate(_SPECIAL)
    return str(pattern, "latin1").translate(_SPECIAL).encode("latin1")
