# Groups of exceptions and except*.
def show(group):
    if isinstance(group, BaseExceptionGroup):
        return f"{group.message}[{', '.join(show(e) for e in group.exceptions)}]"
    return type(group).__name__


whole = ExceptionGroup("top", [ValueError(1), ExceptionGroup("in", [TypeError(2), ValueError(3)])])
try:
    raise whole
except* ValueError as e:
    print("values", show(e), e is whole)  # expect: values top[ValueError, in[ValueError]] False
except* (TypeError, KeyError) as e:
    print("types", show(e))  # expect: types top[in[TypeError]]
else:
    print("not here")
finally:
    print("finally")  # expect: finally
print("e" in globals())  # expect: False

# What no clause takes goes on as a group with the same structure.
try:
    try:
        raise whole
    except* TypeError:
        pass
except ExceptionGroup as rest:
    print(show(rest), rest.__context__)  # expect: top[ValueError, in[ValueError]] None

# What clauses raise comes together.
try:
    try:
        raise ExceptionGroup("g", [ValueError(1), TypeError(2), OSError(3)])
    except* ValueError as e:
        raise KeyError("new") from e
    except* TypeError:
        raise
except ExceptionGroup as e:
    print(show(e))  # expect: [KeyError, g[TypeError, OSError]]
    print(show(e.exceptions[0].__cause__))  # expect: g[ValueError]

# An exception that is no group is wrapped for the clause, and goes on as it is when none takes it.
try:
    raise ValueError("alone")
except* ValueError as e:
    print(repr(e))  # expect: ExceptionGroup('', (ValueError('alone'),))
try:
    try:
        raise ValueError("alone")
    except* TypeError:
        print("not here")
except ValueError as e:
    print(repr(e))  # expect: ValueError('alone')

matched, rest = whole.split(TypeError)
print(show(matched), show(rest))  # expect: top[in[TypeError]] top[ValueError, in[ValueError]]
print(whole.subgroup(KeyError), show(whole.subgroup(lambda e: e.args == (3,))))  # expect: None top[in[ValueError]]
print(ExceptionGroup.__mro__[1:3] == (BaseExceptionGroup, Exception))  # expect: True
print(type(BaseExceptionGroup("b", [ValueError()])).__name__, str(whole))  # expect: ExceptionGroup top (2 sub-exceptions)


class Mine(ExceptionGroup):
    def derive(self, excs):
        return Mine(self.message, excs)


print([type(part).__name__ for part in Mine("m", [ValueError(), TypeError()]).split(ValueError)])  # expect: ['Mine', 'Mine']


def attempt(f):
    try:
        f()
    except Exception as e:
        print(type(e).__name__, e)


def catch_group():
    try:
        raise ValueError(1)
    except* ExceptionGroup:
        pass


attempt(catch_group)  # expect: TypeError catching ExceptionGroup with except* is not allowed. Use except instead.
attempt(lambda: ExceptionGroup("a", []))  # expect: ValueError second argument (exceptions) must be a non-empty sequence
attempt(lambda: ExceptionGroup("a", [1]))  # expect: ValueError Item 0 of second argument (exceptions) is not an exception
attempt(lambda: compile("try:\n  pass\nexcept* A:\n  pass\nexcept B:\n  pass", "<s>", "exec"))  # expect: SyntaxError cannot have both 'except' and 'except*' on the same 'try' (<s>, line 5)

import traceback

print("".join(traceback.format_exception(ExceptionGroup("eg", [ValueError(1), ExceptionGroup("in", [KeyError("k")])]))), end="")
# expect:   | ExceptionGroup: eg (2 sub-exceptions)
# expect:   +-+---------------- 1 ----------------
# expect:     | ValueError: 1
# expect:     +---------------- 2 ----------------
# expect:     | ExceptionGroup: in (1 sub-exception)
# expect:     +-+---------------- 1 ----------------
# expect:       | KeyError: 'k'
# expect:       +------------------------------------
