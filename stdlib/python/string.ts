"""Character classes, capwords, Template and Formatter."""
whitespace = " \t\n\r\v\f"
ascii_lowercase = "abcdefghijklmnopqrstuvwxyz"
ascii_uppercase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ascii_letters = ascii_lowercase + ascii_uppercase
digits = "0123456789"
hexdigits = digits + "abcdef" + "ABCDEF"
octdigits = "01234567"
punctuation = r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"""
printable = digits + ascii_letters + punctuation + whitespace


def capwords(s, sep=None):
    return (sep or " ").join(word.capitalize() for word in s.split(sep))


_SYNTAX = ("delimiter", "idpattern", "braceidpattern", "flags")


class Template:
    """Text with $name and ${name} to be filled in; $$ is a dollar sign."""

    delimiter = "$"
    idpattern = "(?a:[_a-z][_a-z0-9]*)"
    braceidpattern = None
    flags = None  # those of re; None: IGNORECASE
    pattern = None  # compiled, where a derived class has another syntax

    def __init__(self, template):
        self.template = template

    def __init_subclass__(cls):
        super().__init_subclass__()
        if "pattern" in cls.__dict__ or any(getattr(cls, n) is not getattr(Template, n) for n in _SYNTAX):
            import re
            pattern = cls.__dict__.get("pattern")
            if pattern is None:
                mark = re.escape(cls.delimiter)
                pattern = (f"{mark}(?:(?P<escaped>{mark})|(?P<named>{cls.idpattern})|"
                           f"{{(?P<braced>{cls.braceidpattern or cls.idpattern})}}|(?P<invalid>))")
            cls.pattern = re.compile(pattern, (re.IGNORECASE if cls.flags is None else cls.flags) | re.VERBOSE)

    def _pieces(self):
        """(literal, name, source, place) for each placeholder; the name of an invalid one is None. The last has no source."""
        text = self.template
        if self.pattern is not None:
            i = 0
            for m in self.pattern.finditer(text):
                groups = m.groupdict()
                literal = text[i:m.start()]
                i = m.end()
                if groups.get("escaped") is not None:
                    yield literal + self.delimiter, None, "", m.start()
                elif groups.get("invalid") is not None:
                    yield literal, None, m.group(), m.start("invalid")
                else:
                    name = groups.get("named") or groups.get("braced")
                    if name is None:
                        raise ValueError("Unrecognized named group in pattern", self.pattern)
                    yield literal, name, m.group(), m.start()
            yield text[i:], None, "", i
            return
        i = 0
        while True:
            j = text.find("$", i)
            if j < 0:
                yield text[i:], None, "", i
                return
            literal = text[i:j]
            if text[j + 1:j + 2] == "$":
                yield literal + "$", None, "", j
                i = j + 2
                continue
            braced = text[j + 1:j + 2] == "{"
            start = end = j + 1 + braced
            while end < len(text) and (text[end] == "_" or text[end].isalnum() and text[end].isascii()):
                end += 1
            name = text[start:end]
            if not name or name[0].isdigit() or braced and text[end:end + 1] != "}":
                yield literal, None, "$", j + 1
                i = j + 1
                continue
            end += braced
            yield literal, name, text[j:end], j
            i = end

    def _invalid(self, at):
        lines = self.template[:at].splitlines(keepends=True)
        if not lines:
            return ValueError("Invalid placeholder in string: line 1, col 1")
        column = at - len("".join(lines[:-1]))
        return ValueError("Invalid placeholder in string: line %d, col %d" % (len(lines), column))

    def substitute(self, mapping={}, /, **kws):
        out = []
        for literal, name, source, at in self._pieces():
            out.append(literal)
            if name is not None:
                out.append(str(kws[name] if name in kws else mapping[name]))
            elif source:
                raise self._invalid(at)
        return "".join(out)

    def safe_substitute(self, mapping={}, /, **kws):
        out = []
        for literal, name, source, _ in self._pieces():
            out.append(literal)
            if name is None:
                out.append(source)
            elif name in kws:
                out.append(str(kws[name]))
            else:
                try:
                    out.append(str(mapping[name]))
                except KeyError:
                    out.append(source)
        return "".join(out)

    def is_valid(self):
        return not any(name is None and source for _, name, source, _ in self._pieces())

    def get_identifiers(self):
        names = []
        for _, name, source, at in self._pieces():
            if name is not None and name not in names:
                names.append(name)
        return names


class Formatter:
    """str.format as an object whose steps can be overridden."""

    def format(self, format_string, /, *args, **kwargs):
        return self.vformat(format_string, args, kwargs)

    def vformat(self, format_string, args, kwargs):
        used = set()
        result, _ = self._vformat(format_string, args, kwargs, used, 2, 0)
        self.check_unused_args(used, args, kwargs)
        return result

    def _vformat(self, format_string, args, kwargs, used, depth, automatic=0):
        if depth < 0:
            raise ValueError("Max string recursion exceeded")
        out = []
        for literal, name, spec, conversion in self.parse(format_string):
            out.append(literal)
            if name is None:
                continue
            if name == "" or name[0] in ".[":
                if automatic is None:
                    raise ValueError("cannot switch from manual field specification to automatic field numbering")
                name = str(automatic) + name
                automatic += 1
            elif name.isdigit():
                if automatic:
                    raise ValueError("cannot switch from automatic field numbering to manual field specification")
                automatic = None
            value, first = self.get_field(name, args, kwargs)
            used.add(first)
            value = self.convert_field(value, conversion)
            spec, automatic = self._vformat(spec, args, kwargs, used, depth - 1, automatic)
            out.append(self.format_field(value, spec))
        return "".join(out), automatic

    def parse(self, format_string):
        """(literal text, field, spec, conversion) for each part; the last three are None behind the last field."""
        text, literal, i, n = format_string, [], 0, len(format_string)
        while i < n:
            c = text[i]
            i += 1
            if c not in "{}" or text[i:i + 1] == c:
                literal.append(c)
                i += c in "{}"
                continue
            if c == "}":
                raise ValueError("Single '}' encountered in format string")
            start, depth = i, 1
            while i < n and depth:
                depth += (text[i] == "{") - (text[i] == "}")
                i += 1
            if depth:
                raise ValueError("expected '}' before end of string" if i > start else "Single '{' encountered in format string")
            field = text[start:i - 1]
            end, brackets = 0, 0
            while end < len(field) and (brackets or field[end] not in "!:"):
                brackets += (field[end] == "[") - (field[end] == "]")
                end += 1
            name, rest, conversion = field[:end], field[end:], None
            if rest.startswith("!"):
                conversion, rest = rest[1:2], rest[2:]
                if not conversion or rest and rest[0] != ":":
                    raise ValueError("expected ':' after conversion specifier" if conversion else
                                     "end of string while looking for conversion specifier")
            yield "".join(literal), name, rest[1:], conversion
            literal = []
        if literal:
            yield "".join(literal), None, None, None

    def get_field(self, field_name, args, kwargs):
        """The object that a field names, and the argument that it begins with."""
        at = 0
        while at < len(field_name) and field_name[at] not in ".[":
            at += 1
        first, rest = field_name[:at], field_name[at:]
        if first.isdigit():
            first = int(first)
        value = self.get_value(first, args, kwargs)
        while rest:
            if rest[0] == ".":
                at = 1
                while at < len(rest) and rest[at] not in ".[":
                    at += 1
                value, rest = getattr(value, rest[1:at]), rest[at:]
            else:
                at = rest.index("]")
                key = rest[1:at]
                value, rest = value[int(key) if key.isdigit() else key], rest[at + 1:]
        return value, first

    def get_value(self, key, args, kwargs):
        return args[key] if isinstance(key, int) else kwargs[key]

    def check_unused_args(self, used_args, args, kwargs):
        pass

    def format_field(self, value, format_spec):
        return format(value, format_spec)

    def convert_field(self, value, conversion):
        if conversion is None:
            return value
        if conversion in ("s", "r", "a"):
            return {"s": str, "r": repr, "a": ascii}[conversion](value)
        raise ValueError("Unknown conversion specifier {0!s}".format(conversion))
