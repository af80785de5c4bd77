#!/usr/bin/env python3
"""Random programs, run in several ways that must print the same.

    tests/random/programs.py --bin build/tsvm [--count 200] [--seed 1] [--peer /usr/bin/python3] [--keep DIR]
    tests/random/programs.py --show SEED

Each seed is one program: functions with loops over ints, floats, lists, attributes, closures and generators, with
exceptions that go through try, finally and calls. It runs with native code from the first call on, with native code
after a few rounds, without it, and under a peer (CPython) when there is one. What differs is written to DIR.
"""
import argparse
import concurrent.futures
import os
import random
import subprocess
import sys
import tempfile

PRELUDE = '''
class Error(Exception):
    pass


class Thing:
    def __init__(self, a, b):
        self.a = a
        self.b = b
        self.n = 0

    def total(self):
        return self.a + self.b

    def bump(self, by):
        self.n += 1
        self.a = self.a + by
        return self.n

    def pick(self, xs):
        return xs[self.n % len(xs)]


class Other(Thing):
    def total(self):
        return self.a - self.b


class Number:
    def __init__(self, v):
        self.v = v

    def __add__(self, o):
        return Number(self.v + (o.v if isinstance(o, Number) else o))

    def __lt__(self, o):
        return self.v < (o.v if isinstance(o, Number) else o)

    def __repr__(self):
        return "Number(%r)" % (self.v,)


def show(x):
    if isinstance(x, Thing):
        return "%s(%r, %r, %r)" % (type(x).__name__, x.a, x.b, x.n)
    return repr(x)


log = []


def note(x):
    log.append(x)
    if len(log) > 400:
        del log[:200]
    return x
'''

INTS = ["0", "1", "2", "3", "7", "-1", "-5", "10", "63", "64", "255", "1000", "2147483647", "-2147483648", "4294967296",
        "9007199254740993", "4611686018427387904", "9223372036854775807", "-9223372036854775808", "9223372036854775808"]
SMALL = ["0", "1", "2", "3", "4", "5", "-1", "-2"]
FLOATS = ["0.0", "1.0", "0.5", "-1.5", "2.25", "1e10", "-0.0", "1e-3", "3.0", "1e308"]
MODS = ["97", "1000003", "(1 << 31)", "(1 << 62)", "(1 << 64)", "-13"]
EXCEPTIONS = ["ValueError", "ZeroDivisionError", "IndexError", "TypeError", "Error", "(KeyError, IndexError)", "Exception",
              "ArithmeticError", "LookupError", "AttributeError"]


class Function:
    """Names of one function by kind: int, float, bool, list of ints, of floats, of anything, object, string, any."""

    def __init__(self, name):
        self.name = name
        self.vars = {k: [] for k in "ifblgmosx"}
        self.loops = 0
        self.in_try = 0
        self.in_finally = 0
        self.fixed = set()  # names that are not assigned: loop counters


class Generator:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.lines = []
        self.indent = 0
        self.functions = []  # (name, kinds of parameters, kind of result)
        self.generators = []  # (name, kind of items)
        self.fresh = 0
        self.budget = 0

    def pick(self, xs):
        return self.r.choice(xs)

    def chance(self, p):
        return self.r.random() < p

    def emit(self, text):
        self.lines.append("    " * self.indent + text)

    def name(self, prefix):
        self.fresh += 1
        return "%s%d" % (prefix, self.fresh)

    # --- expressions ---

    def var(self, f, kind):
        return self.pick(f.vars[kind]) if f.vars[kind] else None

    def int_(self, f, depth=0):
        r = self.r.random()
        if depth > 2 or r < 0.3:
            return self.var(f, "i") or self.pick(INTS[:12]) if self.chance(0.8) else self.pick(INTS)
        a = lambda: self.int_(f, depth + 1)
        if r < 0.62:
            return "(%s %s %s)" % (a(), self.pick(["+", "-", "+", "-", "*", "&", "|", "^"]), a())
        if r < 0.70:
            return "(%s %s %s)" % (a(), self.pick(["//", "%"]), self.pick(["3", "7", "-4", "16", a(), "(%s or 5)" % a()]))
        if r < 0.74:
            return "(%s %s %s)" % (a(), self.pick(["<<", ">>"]), self.pick(["1", "3", "31", "62", "(%s & 7)" % a()]))
        if r < 0.77:
            return self.pick(["-%s", "~%s", "abs(%s)", "+%s"]) % a()
        if r < 0.80:
            return "(%s %% 11) ** %s" % (a(), self.pick(["2", "3", "5", "19", "-1 if False else 2"]))
        if r < 0.86 and (f.vars["l"] or f.vars["m"]):
            return self.item(f, "l", depth) if f.vars["l"] else "len(%s)" % self.var(f, "m")
        if r < 0.90:
            return "len(%s)" % self.list_name(f)
        if r < 0.93:
            return "(%s if %s else %s)" % (a(), self.cond(f, depth + 1), a())
        if r < 0.96 and f.vars["o"]:
            return "%s.n" % self.var(f, "o")
        return self.call(f, "i", depth) or a()

    def item(self, f, kind, depth):
        xs = self.var(f, kind)
        if self.chance(0.75):
            return "%s[%s %% len(%s)]" % (xs, self.int_(f, depth + 2), xs)
        return "%s[%s]" % (xs, self.pick(SMALL) if self.chance(0.5) else "-1 - (%s & 1)" % self.int_(f, depth + 2))

    def list_name(self, f):
        names = f.vars["l"] + f.vars["g"] + f.vars["m"]
        return self.pick(names) if names else "[1, 2, 3]"

    def float_(self, f, depth=0):
        r = self.r.random()
        if depth > 2 or r < 0.3:
            return self.var(f, "f") or self.pick(FLOATS) if self.chance(0.8) else self.pick(FLOATS)
        a = lambda: self.float_(f, depth + 1)
        if r < 0.62:
            return "(%s %s %s)" % (a(), self.pick(["+", "-", "*", "+", "-"]), a() if self.chance(0.75) else self.int_(f, 2))
        if r < 0.70:
            return "(%s / %s)" % (a(), self.pick(["3.0", "-0.25", a(), self.int_(f, 2)]))
        if r < 0.74:
            return "(%s %s %s)" % (a(), self.pick(["//", "%"]), self.pick(["2.5", "-3.0", "3", a()]))
        if r < 0.78:
            return self.pick(["-%s", "abs(%s)", "math.sqrt(abs(%s))", "math.cos(%s)", "float(%s)", "math.fabs(%s)"]) % a()
        if r < 0.81:
            return "(%s / %s)" % (self.int_(f, 2), self.pick(["3", "-7", self.int_(f, 2)]))
        if r < 0.87 and f.vars["g"]:
            return self.item(f, "g", depth)
        if r < 0.92:
            return "(%s if %s else %s)" % (a(), self.cond(f, depth + 1), a())
        return self.call(f, "f", depth) or a()

    def cond(self, f, depth=0):
        r = self.r.random()
        if r < 0.45 or depth > 2:
            return "%s %s %s" % (self.int_(f, depth + 1), self.pick(["<", "<=", ">", ">=", "==", "!="]), self.int_(f, depth + 1))
        if r < 0.6:
            return "%s %s %s" % (self.float_(f, depth + 1), self.pick(["<", "<=", ">", ">=", "==", "!="]),
                                 self.float_(f, depth + 1) if self.chance(0.7) else self.int_(f, 2))
        if r < 0.66:
            return "%s < %s < %s" % (self.int_(f, 2), self.int_(f, 2), self.int_(f, 2))
        if r < 0.74:
            return "(%s %s %s)" % (self.cond(f, depth + 1), self.pick(["and", "or"]), self.cond(f, depth + 1))
        if r < 0.79:
            return "not %s" % self.cond(f, depth + 1)
        if r < 0.85 and f.vars["b"]:
            return self.var(f, "b")
        if r < 0.9 and f.vars["x"]:
            return "%s is %sNone" % (self.var(f, "x"), self.pick(["", "not "]))
        if r < 0.94 and f.vars["x"]:
            return "bool(%s)" % self.var(f, "x")
        return "%s %s %s" % (self.int_(f, 2), self.pick(["in", "not in"]), self.list_name(f))

    def list_(self, f, kind):
        item = {"l": self.int_, "g": self.float_, "m": self.any_}[kind]
        r = self.r.random()
        if r < 0.5:
            return "[%s]" % ", ".join(item(f, 2) for _ in range(self.r.randint(1, 5)))
        if r < 0.7:
            return "[%s] * %d" % (item(f, 2), self.r.randint(1, 6))
        if r < 0.85 and kind in "lg":
            v = self.name("c")
            return "[%s for %s in range(%d)]" % (self.pick(["%s * 2" % v, "%s - 3" % v, v]) + (" + 0.5" if kind == "g" else ""),
                                                 v, self.r.randint(1, 8))
        if f.vars[kind]:
            return "%s[%s:]" % (self.var(f, kind), self.pick(["", "0", "1", "-2"])) + (" + [%s]" % item(f, 2))
        return "[%s, %s]" % (item(f, 2), item(f, 2))

    def any_(self, f, depth=0):
        r = self.r.random()
        if r < 0.3:
            return self.int_(f, depth + 1)
        if r < 0.5:
            return self.float_(f, depth + 1)
        if r < 0.6:
            return "None"
        if r < 0.7:
            return self.cond(f, 2)
        if r < 0.8 and f.vars["s"]:
            return self.var(f, "s")
        if r < 0.85:
            return "(%s, %s)" % (self.int_(f, 2), self.float_(f, 2))
        if r < 0.9 and f.vars["m"]:
            return self.item(f, "m", 2)
        if f.vars["x"]:
            return self.var(f, "x")
        return '"t%d"' % self.r.randint(0, 9)

    def of_kind(self, f, kind, depth=0):
        if kind == "i":
            return self.int_(f, depth)
        if kind == "f":
            return self.float_(f, depth)
        if kind == "b":
            return self.cond(f, depth)
        if kind in "lgm":
            return self.var(f, kind) if f.vars[kind] and self.chance(0.6) else self.list_(f, kind)
        if kind == "o":
            return self.var(f, "o") if f.vars["o"] and self.chance(0.6) else "%s(%s, %s)" % (
                self.pick(["Thing", "Thing", "Other"]), self.int_(f, 2), self.pick([self.int_, self.float_])(f, 2))
        if kind == "s":
            return self.pick(['"a"', '"bc" * 2', 'f"{%s}"' % self.int_(f, 2), "str(%s)" % self.int_(f, 2)])
        return self.any_(f, depth)

    def call(self, f, kind, depth):
        fits = [c for c in self.functions if c[2] == kind]
        if not fits or depth > 2:
            return None
        if self.budget <= 0:
            return None
        self.budget -= 1
        name, params, _ = self.pick(fits)
        return "%s(%s)" % (name, ", ".join(self.of_kind(f, k, depth + 2) for k in params))

    # --- statements ---

    def assign(self, f):
        kind = self.pick("iiiifffblgmosx")
        names = [v for v in f.vars[kind] if v not in f.fixed]
        new = not names or (self.chance(0.15) and f.loops == 0)
        v = self.name(kind) if new else self.pick(names)
        value = self.of_kind(f, kind)
        if kind == "i" and (f.loops or self.chance(0.5)):
            value = "%s %% %s" % (value, self.pick(MODS)) if self.chance(0.8) else "(%s) & 0x7fffffffffffffff" % value
        self.emit("%s = %s" % (v, value))
        if new:
            f.vars[kind].append(v)

    def statement(self, f, depth):
        r = self.r.random()
        if r < 0.30:
            return self.assign(f)
        if r < 0.42:
            names = [v for v in f.vars["i"] if v not in f.fixed]
            if names and self.chance(0.6):
                return self.emit("%s %s= %s" % (self.pick(names), self.pick(["+", "-", "^", "|", "&", "+"]), self.int_(f, 1)))
            if f.vars["f"]:
                return self.emit("%s %s= %s" % (self.var(f, "f"), self.pick(["+", "-", "*", "/"]), self.float_(f, 1)))
            return self.assign(f)
        if r < 0.48:
            kind = self.pick("lgm")
            if f.vars[kind]:
                xs = self.var(f, kind)
                item = {"l": self.int_, "g": self.float_, "m": self.any_}[kind](f, 1)
                if kind == "l" and self.chance(0.8):
                    item = "%s %% %s" % (item, self.pick(MODS))
                if self.chance(0.06):
                    item = self.any_(f, 2)
                if self.chance(0.5):
                    return self.emit("%s[%s %% len(%s)] = %s" % (xs, self.int_(f, 2), xs, item))
                if self.chance(0.3):
                    return self.emit("%s[%s] %s= %s" % (xs, self.pick(SMALL), self.pick(["+", "-"]), item if kind != "m" else "1"))
                if self.chance(0.7):
                    self.emit("if len(%s) < 12:" % xs)
                    return self.emit("    %s.append(%s)" % (xs, item))
                self.emit("if len(%s) > 2:" % xs)
                return self.emit("    %s" % self.pick(["%s.pop()", "del %s[0]", "%s.reverse()", "%s.pop(1)"]) % xs)
        if r < 0.55 and f.vars["o"]:
            o = self.var(f, "o")
            s = self.r.random()
            if s < 0.35:
                return self.emit("%s.a = %s" % (o, self.pick([self.int_, self.float_, self.int_])(f, 1) + " % 1000003"))
            if s < 0.6:
                return self.emit("%s.%s += %s" % (o, self.pick("abn"), self.pick(["1", "0.5", "-3"])))
            if s < 0.75:
                return self.emit("note(%s.bump(%s))" % (o, self.int_(f, 2)))
            if s < 0.85:
                return self.emit("note(%s.total())" % o)
            if s < 0.9:
                return self.emit("%s.extra%d = %s" % (o, self.r.randint(0, 2), self.int_(f, 2)))
            if f.vars["l"]:
                return self.emit("note(%s.pick(%s))" % (o, self.var(f, "l")))
        if r < 0.63:
            self.emit("if %s:" % self.cond(f))
            self.block(f, depth + 1)
            if self.chance(0.4):
                self.emit("elif %s:" % self.cond(f))
                self.block(f, depth + 1)
            if self.chance(0.5):
                self.emit("else:")
                self.block(f, depth + 1)
            return
        if r < 0.76 and depth < 3 and f.loops < 3:
            return self.loop(f, depth)
        if r < 0.84 and depth < 3:
            return self.try_(f, depth)
        if r < 0.87 and f.loops and not f.in_finally:
            self.emit("if %s:" % self.cond(f))
            return self.emit("    " + self.pick(["break", "continue"]))
        if r < 0.895:
            self.emit("if %s:" % self.cond(f))
            return self.emit("    " + self.pick(["raise Error(%s)" % self.int_(f, 2), "raise ValueError('v')", "raise KeyError(3)",
                                                 "%s[99]" % self.list_name(f), "1 // 0", "None + 1", "(5).nothing"]))
        if r < 0.92 and depth > 0 and not f.in_finally and f.name != "main":
            self.emit("if %s:" % self.cond(f))
            return self.emit("    return %s" % self.of_kind(f, f.result, 1))
        if r < 0.94 and len(f.vars["i"]) > 1:
            names = [v for v in f.vars["i"] if v not in f.fixed]
            if len(names) > 1:
                a, b = self.r.sample(names, 2)
                return self.emit("%s, %s = %s, %s %% 1000003" % (a, b, b, self.int_(f, 2)))
        if r < 0.955 and depth < 2:
            return self.closure(f)
        if r < 0.965:
            names = [v for v in f.vars["x"] if v not in f.fixed]
            if names:
                v = self.pick(names)
                self.emit("if %s:" % self.cond(f))
                self.emit("    del %s" % v)
                return self.emit("%s = %s" % (v, self.any_(f, 2))) if self.chance(0.7) else None
        kind = self.pick("ifx")
        c = self.call(f, kind, 0)
        self.emit("note(%s)" % (c or self.any_(f, 1)))

    def block(self, f, depth):
        self.indent += 1
        for _ in range(self.r.randint(1, 3)):
            self.statement(f, depth)
        self.emit("pass")
        self.indent -= 1

    def loop(self, f, depth):
        f.loops += 1
        n = self.pick(["3", "5", "8", "13", "30"]) if f.loops > 1 else self.pick(["10", "25", "60", "90"])
        r = self.r.random()
        i = self.name("i")
        undo = None
        if r < 0.4:
            bounds = self.pick([n, "1, " + n, n + ", 0, -1", "0, %s, 3" % n, "-3, " + n, "%s %% 9" % self.int_(f, 1)])
            self.emit("for %s in range(%s):" % (i, bounds))
            undo = "i"
        elif r < 0.6:
            kind = self.pick("lgm")
            xs = self.var(f, kind) or self.list_(f, kind)
            item = self.name({"l": "i", "g": "f", "m": "x"}[kind])
            s = self.r.random()
            if s < 0.6:
                self.emit("for %s in %s:" % (item, xs))
            elif s < 0.75:
                self.emit("for %s, %s in enumerate(%s):" % (i, item, xs))
            elif s < 0.85:
                self.emit("for %s in list(%s):" % (item, xs))
            else:
                self.emit("for %s, %s in zip(range(%s), %s):" % (i, item, n, xs))
            i, undo = item, {"l": "i", "g": "f", "m": "x"}[kind]
            if xs in f.vars[kind]:
                # Not one that the body makes longer without end.
                f.vars[kind].remove(xs)
                self.body(f, i, undo, depth)
                f.vars[kind].append(xs)
                self.finish_loop(f)
                return
        elif r < 0.75 and self.generators:
            g, kind = self.pick(self.generators)
            i, undo = self.name(kind), kind
            self.emit("for %s in %s(%s):" % (i, g, n))
        else:
            self.emit("%s = 0" % i)
            self.emit("while %s < %s%s:" % (i, n, " and " + self.cond(f, 1) if self.chance(0.4) else ""))
            self.indent += 1
            self.emit("%s += 1" % i)
            self.indent -= 1
            undo = "i"
        self.body(f, i, undo, depth)
        self.finish_loop(f)

    def body(self, f, item, kind, depth):
        before = {k: list(v) for k, v in f.vars.items()}
        f.vars[kind].append(item)
        f.fixed.add(item)
        outer, f.in_finally = f.in_finally, 0
        self.block(f, depth + 1)
        f.in_finally = outer
        for k in f.vars:
            f.vars[k] = [v for v in f.vars[k] if v in before[k]]

    def finish_loop(self, f):
        f.loops -= 1
        if self.chance(0.15):
            self.emit("else:")
            self.emit("    note(-7)")

    def try_(self, f, depth):
        self.emit("try:")
        self.block(f, depth + 1)
        kinds = self.r.random()
        if kinds < 0.75:
            e = self.name("e")
            for exc in self.r.sample(EXCEPTIONS, self.r.randint(1, 2)):
                self.emit("except %s as %s:" % (exc, e))
                self.indent += 1
                self.emit("note((type(%s).__name__, str(%s)))" % (e, e))
                self.indent -= 1
                self.block(f, depth + 1)
            if self.chance(0.2):
                self.emit("else:")
                self.block(f, depth + 1)
        if kinds > 0.6:
            self.emit("finally:")
            f.in_finally += 1
            self.block(f, depth + 1)
            f.in_finally -= 1

    def closure(self, f):
        cell = self.name("k")
        fn = self.name("inner")
        self.emit("%s = %s" % (cell, self.pick(["0", "1", "0.5"])))
        self.emit("def %s(x):" % fn)
        self.emit("    nonlocal %s" % cell)
        self.emit("    %s = (%s + x) %% 1000003" % (cell, cell))
        self.emit("    return %s * %s" % (cell, self.pick(["2", "x", "0.5"])))
        n = self.pick(["3", "10", "40"])
        i = self.name("i")
        self.emit("for %s in range(%s):" % (i, n))
        self.emit("    note(%s(%s))" % (fn, self.pick([i, i + " * 0.5", self.int_(f, 2) + " % 1000"])))
        self.emit("note(%s)" % cell)

    def start(self, f, params):
        for k, v in params:
            f.vars[k].append(v)
        for kind in self.r.sample("ifxlgmos", 4):
            v = self.name(kind)
            value = self.of_kind(f, kind, 2)
            self.emit("%s = %s" % (v, value + " % 1000003" if kind == "i" else value))
            f.vars[kind].append(v)

    def function(self, leaf):
        name = self.name("leaf" if leaf else "fn")
        f = Function(name)
        f.result = self.pick("iif" if leaf else "ifx")
        kinds = [self.pick("iifflgox") for _ in range(self.r.randint(1, 3))]
        params = [(k, self.name(k)) for k in kinds]
        self.emit("def %s(%s):" % (name, ", ".join(v for _, v in params)))
        self.indent += 1
        self.budget = 0 if leaf else 3
        if leaf:
            for k, v in params:
                f.vars[k].append(v)
            if self.chance(0.4):
                self.emit("if %s:" % self.cond(f, 1))
                self.emit("    " + self.pick(["raise Error('leaf')", "return %s" % self.of_kind(f, f.result, 2)]))
        else:
            self.start(f, params)
            for _ in range(self.r.randint(2, 5)):
                self.statement(f, 0)
        value = self.of_kind(f, f.result, 1)
        self.emit("return %s" % (value + " % 1000003" if f.result == "i" else value))
        self.indent -= 1
        self.emit("")
        self.emit("")
        self.functions.append((name, kinds, f.result))

    def generator(self):
        name = self.name("gen")
        f = Function("main")
        kind = self.pick("if")
        self.emit("def %s(n):" % name)
        self.indent += 1
        self.budget = 1
        v, i = self.name(kind), self.name("i")
        self.emit("%s = %s" % (v, self.of_kind(f, kind, 2)))
        self.emit("%s = 0" % i)
        tried = self.chance(0.4)
        if tried:
            self.emit("try:")
            self.indent += 1
        self.emit("while %s < n:" % i)
        self.indent += 1
        f.vars["i"].append(i)
        f.vars[kind].append(v)
        value = self.of_kind(f, kind, 1)
        self.emit("%s = %s" % (v, value + " % 1000003" if kind == "i" else value))
        self.emit("%s += 1" % i)
        self.emit("yield %s" % v)
        self.indent -= 1
        if tried:
            self.indent -= 1
            self.emit("finally:")
            self.emit("    note('closed')")
        self.indent -= 1
        self.emit("")
        self.emit("")
        self.generators.append((name, kind))

    def program(self):
        self.lines = ["import math", ""] + PRELUDE.split("\n") + ["", ""]
        for _ in range(self.r.randint(1, 3)):
            self.function(True)
        for _ in range(self.r.randint(0, 2)):
            self.generator()
        for _ in range(self.r.randint(1, 3)):
            self.function(False)
        f = Function("main")
        f.result = "i"
        self.emit("def main():")
        self.indent += 1
        self.budget = 6
        self.start(f, [])
        for _ in range(self.r.randint(3, 7)):
            self.statement(f, 0)
        shown = [v for k in "ifbsxlgmo" for v in f.vars[k]]
        self.emit("return [%s]" % ", ".join("show(%s)" % v for v in shown))
        self.indent -= 1
        self.emit("")
        self.emit("")
        # Twice: with what the first run has seen.
        self.emit("for turn in range(%d):" % self.pick([2, 3, 6]))
        self.indent += 1
        self.emit("log.clear()")
        self.emit("try:")
        self.emit("    print(main())")
        self.emit("except Exception as e:")
        self.emit("    print(type(e).__name__, e)")
        self.emit("    # (CPython itself is not sure of the line of an unbound local: fused instructions.)")
        self.emit("    tb = e.__traceback__ if type(e) is not UnboundLocalError else None")
        self.emit("    while tb is not None:")
        self.emit("        print(tb.tb_lineno)")
        self.emit("        tb = tb.tb_next")
        self.emit("print(len(log), [show(x) for x in log[-60:]])")
        self.indent -= 1
        return "\n".join(self.lines) + "\n"


def run(command, path, env=None):
    try:
        p = subprocess.run(command + [path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=20,
                           env=dict(os.environ, **(env or {})))
    except subprocess.TimeoutExpired:
        return "timed out"
    err = p.stderr.decode(errors="replace").strip().splitlines()
    return p.stdout.decode(errors="replace") + "exit %d %s\n" % (p.returncode, err[-1] if err else "")


def commands(args):
    out = [("off", [args.bin, "--jit=off"], {}), ("force", [args.bin, "--jit=force"], {}),
           ("soon", [args.bin], {"TSVM_JIT_THRESHOLDS": "4,7"}), ("later", [args.bin, "--no-passes"], {"TSVM_JIT_THRESHOLDS": "9,25"})]
    if args.peer and os.path.exists(args.peer):
        out.insert(0, ("peer", [args.peer], {}))
    return out


def check(args, seed):
    """None, or what went wrong."""
    text = Generator(seed).program()
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "p.py")
        with open(path, "w") as f:
            f.write(text)
        results = {}
        for name, command, env in commands(args):
            results[name] = run(command, path, env)
            if name == "peer" and results[name] == "timed out":
                return None  # the program itself is too long
    first = next(iter(results))
    bad = [n for n in results if results[n] != results[first]]
    if not bad:
        return None
    if args.keep:
        os.makedirs(args.keep, exist_ok=True)
        with open(os.path.join(args.keep, "%d.py" % seed), "w") as f:
            f.write(text)
    a, b = results[first].splitlines(), results[bad[0]].splitlines()
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    line = lambda xs: xs[at][:300] if at < len(xs) else "nothing"
    return "seed %d: %s differ from %s: line %d\n    %s\n    %s" % (seed, ", ".join(bad), first, at + 1, line(a), line(b))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--bin", default="build/tsvm")
    ap.add_argument("--peer", default="")
    ap.add_argument("--count", type=int, default=200)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    ap.add_argument("--keep", default="")
    ap.add_argument("--show", type=int)
    args = ap.parse_args()
    if args.show is not None:
        sys.stdout.write(Generator(args.show).program())
        return 0
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for found in pool.map(lambda s: check(args, s), range(args.seed, args.seed + args.count)):
            if found:
                failed += 1
                print(found, flush=True)
    print("%d passed, %d failed" % (args.count - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
