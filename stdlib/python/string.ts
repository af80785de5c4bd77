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
        return format_string.format(*args, **kwargs)
