"""Literals of the language as values; trees of programs are not shown."""
import re

_TOKEN = re.compile(r"""\s*(?:(?P<number>(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?[jJ]?))"""
                    r"""|(?P<string>(?:[rRuU]|[bB][rR]?|[rR][bB])?(?:'''(?:[^\\]|\\.)*?'''|\"\"\"(?:[^\\]|\\.)*?\"\"\"|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))"""
                    r"""|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<mark>\.\.\.|[-+()\[\]{},:]))""", re.S)
_NAMES = {"None": None, "True": True, "False": False, "Ellipsis": ...}


class _Literals:
    """Reads one literal, and complains of anything else."""

    def __init__(self, text):
        self.text = text
        self.at = 0
        self.next()

    def next(self):
        rest = self.text[self.at:]
        if not rest.strip() or rest.lstrip().startswith("#"):
            self.kind, self.word = "end", ""
            return
        m = _TOKEN.match(self.text, self.at)
        if m is None:
            self.bad()
        self.kind, self.word = m.lastgroup, m.group(m.lastgroup)
        self.at = m.end()

    def bad(self):
        compile(self.text, "<unknown>", "eval")  # text that is no expression is a SyntaxError
        raise ValueError(f"malformed node or string on line 1: {self.text!r}")

    def accept(self, mark):
        if self.kind == "mark" and self.word == mark:
            self.next()
            return True
        return False

    def items(self, end):
        out, comma = [], False
        while not self.accept(end):
            out.append(self.value())
            comma = self.accept(",")
            if not comma:
                if not self.accept(end):
                    self.bad()
                break
        return out, comma

    def value(self):
        left = self.signed()
        while self.kind == "mark" and self.word in "+-":
            minus = self.word == "-"
            self.next()
            right = self.signed()
            if not isinstance(left, (int, float)) or isinstance(left, bool) or not isinstance(right, complex):
                self.bad()
            left = left - right if minus else left + right
        return left

    def signed(self):
        if self.kind == "mark" and self.word in ("-", "+"):
            minus = self.word == "-"
            self.next()
            number = self.signed()
            if isinstance(number, bool) or not isinstance(number, (int, float, complex)):
                self.bad()
            return -number if minus else +number
        return self.atom()

    def atom(self):
        kind, word = self.kind, self.word
        if kind == "number":
            self.next()
            return eval(word)
        if kind == "string":
            out = eval(word)
            self.next()
            while self.kind == "string":
                more = eval(self.word)
                if type(more) is not type(out):
                    self.bad()
                out += more
                self.next()
            return out
        if kind == "name":
            if word == "set":
                self.next()
                if self.accept("(") and self.accept(")"):
                    return set()
                self.bad()
            if word not in _NAMES or word == "Ellipsis":
                self.bad()
            self.next()
            return _NAMES[word]
        if kind != "mark":
            self.bad()
        self.next()
        if word == "...":
            return ...
        if word == "(":
            items, comma = self.items(")")
            return items[0] if len(items) == 1 and not comma else tuple(items)
        if word == "[":
            return self.items("]")[0]
        if word == "{":
            return self.braces()
        self.bad()

    def braces(self):
        if self.accept("}"):
            return {}
        first = self.value()
        if not self.accept(":"):
            out = {first}
            while self.accept(","):
                if self.accept("}"):
                    return out
                out.add(self.value())
            if not self.accept("}"):
                self.bad()
            return out
        out = {first: self.value()}
        while self.accept(","):
            if self.accept("}"):
                return out
            key = self.value()
            if not self.accept(":"):
                self.bad()
            out[key] = self.value()
        if not self.accept("}"):
            self.bad()
        return out


def literal_eval(node_or_string):
    """The value of a literal: strings, bytes, numbers, tuples, lists, dicts, sets, booleans, None and Ellipsis."""
    if not isinstance(node_or_string, str):
        raise ValueError(f"malformed node or string: {node_or_string!r}")
    reader = _Literals(node_or_string.lstrip(" \t"))
    if reader.kind == "end":
        reader.bad()
    value = reader.value()
    if reader.accept(","):
        rest = [value]
        while reader.kind != "end":
            rest.append(reader.value())
            if not reader.accept(","):
                break
        value = tuple(rest)
    if reader.kind != "end":
        reader.bad()
    return value


def __getattr__(name):
    if name in ("parse", "walk", "dump", "unparse", "NodeVisitor", "NodeTransformer", "AST", "Name", "Constant", "Expression", "Module"):
        raise NotImplementedError(f"ast.{name}: trees of programs are not objects here (tsvm dump ast FILE shows them)")
    raise AttributeError(f"module 'ast' has no attribute '{name}'")
