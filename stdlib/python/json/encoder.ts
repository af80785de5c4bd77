"""Writing JSON."""
import _json


def encode_basestring(s):
    return _json.quoted(s, False)


def encode_basestring_ascii(s):
    return _json.quoted(s, True)


class JSONEncoder:
    item_separator = ", "
    key_separator = ": "

    def __init__(self, *, skipkeys=False, ensure_ascii=True, check_circular=True, allow_nan=True, sort_keys=False,
                 indent=None, separators=None, default=None):
        self.skipkeys = skipkeys
        self.ensure_ascii = ensure_ascii
        self.check_circular = check_circular
        self.allow_nan = allow_nan
        self.sort_keys = sort_keys
        self.indent = indent
        if separators is not None:
            self.item_separator, self.key_separator = separators
        elif indent is not None:
            self.item_separator = ","
        if default is not None:
            self.default = default

    def default(self, o):
        """What stands for a value that JSON does not have; to be overridden."""
        raise TypeError(f"Object of type {o.__class__.__name__} is not JSON serializable")

    def encode(self, o):
        """The value as JSON text."""
        indent = self.indent
        if indent is not None and not isinstance(indent, str):
            indent = " " * indent
        return _json.write(o, self.skipkeys, self.ensure_ascii, self.check_circular, self.allow_nan, self.sort_keys,
                           indent, self.item_separator, self.key_separator, self.default)

    def iterencode(self, o, _one_shot=False):
        """The text in pieces: in one, here."""
        yield self.encode(o)
