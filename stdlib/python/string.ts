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


class Template:
    """Text with $name and ${name} to be filled in; $$ is a dollar sign."""

    delimiter = "$"

    def __init__(self, template):
        self.template = template

    def _pieces(self):
        """(literal, name, source) triples; an invalid placeholder has name None and source at its place."""
        text = self.template
        i = 0
        while True:
            j = text.find(self.delimiter, i)
            if j < 0:
                yield text[i:], None, ""
                return
            literal = text[i:j]
            rest = text[j + 1:]
            if rest.startswith(self.delimiter):
                yield literal + self.delimiter, None, ""
                i = j + 2
                continue
            braced = rest.startswith("{")
            start = 1 if braced else 0
            end = start
            while end < len(rest) and (rest[end] == "_" or rest[end].isalnum() and rest[end].isascii()):
                end += 1
            name = rest[start:end]
            if not name or name[0].isdigit() or braced and rest[end:end + 1] != "}":
                yield literal, None, text[j:j + 1]
                i = j + 1
                continue
            end += 1 if braced else 0
            yield literal, name, text[j:j + 1 + end]
            i = j + 1 + end

    def _invalid(self, consumed):
        lines = self.template[:consumed].splitlines(keepends=True)
        if not lines:
            return ValueError("Invalid placeholder in string: line 1, col 1")
        column = consumed - len("".join(lines[:-1])) + 1
        return ValueError("Invalid placeholder in string: line %d, col %d" % (len(lines), column))

    def substitute(self, mapping={}, /, **kws):
        out = []
        consumed = 0
        for literal, name, source in self._pieces():
            out.append(literal)
            consumed = self.template.find(source, consumed + len(literal)) if source else consumed
            if name is not None:
                out.append(str(kws[name] if name in kws else mapping[name]))
            elif source:
                raise self._invalid(consumed)
        return "".join(out)

    def safe_substitute(self, mapping={}, /, **kws):
        out = []
        for literal, name, source in self._pieces():
            out.append(literal)
            if name is None:
                out.append(source)
            elif name in kws:
                out.append(str(kws[name]))
            elif name in mapping:
                out.append(str(mapping[name]))
            else:
                out.append(source)
        return "".join(out)

    def get_identifiers(self):
        names = []
        for _, name, _ in self._pieces():
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

    def _vformat(self, format_string, args, kwargs, used, depth, automatic):
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
