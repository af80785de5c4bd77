# try, except, else, finally, raise: which code runs, what is handled, contexts.
def trace(fn, *args):
    log = []
    try:
        result = fn(log.append, *args)
    except BaseException as e:
        result = f"{type(e).__name__}({e})"
    return result, log


def basic(put, exc):
    try:
        put("body")
        if exc:
            raise exc
    except ValueError as e:
        put(f"value {e}")
    except (KeyError, IndexError):
        put("lookup")
    else:
        put("else")
    finally:
        put("finally")
    put("after")
    return "done"


print(trace(basic, None))  # expect: ('done', ['body', 'else', 'finally', 'after'])
print(trace(basic, ValueError("v")))  # expect: ('done', ['body', 'value v', 'finally', 'after'])
print(trace(basic, KeyError("k")))  # expect: ('done', ['body', 'lookup', 'finally', 'after'])
print(trace(basic, IndexError))  # expect: ('done', ['body', 'lookup', 'finally', 'after'])
print(trace(basic, TypeError("t")))  # expect: ('TypeError(t)', ['body', 'finally'])


def name_goes(put):
    e = "outer"
    try:
        raise ValueError("x")
    except ValueError as e:
        put(str(e))
    try:
        return e
    except UnboundLocalError as u:
        return str(u)


print(trace(name_goes))  # expect: ("cannot access local variable 'e' where it is not associated with a value", ['x'])


def name_kept_when_not_raised(put):
    e = "outer"
    try:
        pass
    except ValueError as e:
        pass
    return e


print(trace(name_kept_when_not_raised))  # expect: ('outer', [])


def name_deleted_inside(put):
    try:
        raise ValueError
    except ValueError as e:
        del e
    return "ok"


print(trace(name_deleted_inside))  # expect: ('ok', [])


def reraise(put):
    try:
        try:
            raise KeyError("k")
        except KeyError:
            put("inner")
            raise
    except LookupError as e:
        put(repr(e))
    return e if False else "ok"


print(trace(reraise))  # expect: ('ok', ['inner', "KeyError('k')"])


def from_cause(put):
    try:
        try:
            1 / 0
        except ZeroDivisionError as z:
            raise ValueError("bad") from z
    except ValueError as v:
        return repr(v.__cause__), repr(v.__context__), v.__suppress_context__


print(trace(from_cause))  # expect: (("ZeroDivisionError('division by zero')", "ZeroDivisionError('division by zero')", True), [])


def from_none(put):
    try:
        try:
            1 / 0
        except ZeroDivisionError:
            raise ValueError("bad") from None
    except ValueError as v:
        return v.__cause__, repr(v.__context__), v.__suppress_context__


print(trace(from_none))  # expect: ((None, "ZeroDivisionError('division by zero')", True), [])


def context(put):
    try:
        try:
            {}["k"]
        except KeyError:
            undefined_name
    except NameError as n:
        return repr(n.__context__)


print(trace(context))  # expect: ("KeyError('k')", [])


def no_context_after(put):
    try:
        raise KeyError
    except KeyError:
        pass
    try:
        raise ValueError
    except ValueError as v:
        return v.__context__


print(trace(no_context_after))  # expect: (None, [])


def context_in_call(put):
    def inner():
        try:
            raise TypeError("inner")
        except TypeError as t:
            return repr(t.__context__)

    try:
        raise KeyError("outer")
    except KeyError:
        first = inner()
        try:
            raise ValueError
        except ValueError as v:
            return first, repr(v.__context__)


print(trace(context_in_call))  # expect: (("KeyError('outer')", "KeyError('outer')"), [])


def bare_in_call(put):
    def again():
        raise

    try:
        raise KeyError("first")
    except KeyError:
        again()


print(trace(bare_in_call))  # expect: ("KeyError('first')", [])


def bare_without(put):
    raise


print(trace(bare_without))  # expect: ('RuntimeError(No active exception to reraise)', [])


def nested_handlers(put):
    try:
        raise KeyError(1)
    except KeyError:
        try:
            raise ValueError(2)
        except ValueError:
            put("value")
        raise


print(trace(nested_handlers))  # expect: ('KeyError(1)', ['value'])


def handler_raises(put):
    try:
        try:
            raise KeyError(1)
        except KeyError as e:
            put(repr(e))
            raise IndexError(2)
        finally:
            put("finally")
    except IndexError as e:
        put(repr(e.__context__))
        return "caught"


print(trace(handler_raises))  # expect: ('caught', ['KeyError(1)', 'finally', 'KeyError(1)'])


def else_raises(put):
    try:
        pass
    except ValueError:
        put("never")
    else:
        raise ValueError("from else")


print(trace(else_raises))  # expect: ('ValueError(from else)', [])


def wrong_class(put):
    try:
        raise ValueError
    except 5:
        put("never")


print(trace(wrong_class))  # expect: ('TypeError(catching classes that do not inherit from BaseException is not allowed)', [])


def order_of_clauses(put):
    def clause(name, cls):
        put(name)
        return cls

    try:
        raise KeyError
    except clause("a", ValueError):
        pass
    except clause("b", LookupError):
        put("here")
    except clause("c", Exception):
        pass


print(trace(order_of_clauses))  # expect: (None, ['a', 'b', 'here'])


def loop_in_try(put, n):
    got = None
    for i in range(n):
        try:
            if i == 2:
                raise ValueError(i)
            if i == 4:
                continue
            if i == 6:
                break
            got = i
        except ValueError as e:
            put(f"caught {e} {got}")
        else:
            put(got)
        finally:
            put(f"f{i}")
    return i, got


print(trace(loop_in_try, 3))  # expect: ((2, 1), [0, 'f0', 1, 'f1', 'caught 2 1', 'f2'])
print(trace(loop_in_try, 9))  # expect: ((6, 5), [0, 'f0', 1, 'f1', 'caught 2 1', 'f2', 3, 'f3', 'f4', 5, 'f5', 'f6'])


def latest_value(put, n):
    x = 0
    try:
        for i in range(n):
            x = i
            if i == 3:
                raise ValueError
        x = "end"
    except ValueError:
        put(x)
        x = "handled"
    finally:
        put(x)
    return x


print(trace(latest_value, 2))  # expect: ('end', ['end'])
print(trace(latest_value, 9))  # expect: ('handled', [3, 'handled'])


def deleted_in_try(put):
    x = 1
    try:
        del x
        raise ValueError
    except ValueError:
        try:
            return x
        except NameError as n:
            return str(n)


print(trace(deleted_in_try))  # expect: ("cannot access local variable 'x' where it is not associated with a value", [])


def argument_in_try(put, x):
    try:
        x = x + 1
        x = x + "no"
    except TypeError:
        put(x)
    return x


print(trace(argument_in_try, 1))  # expect: (2, [2])


class Mine(Exception):
    def __init__(self, a, b=2):
        super().__init__(a, b)
        self.a = a


def own(put):
    try:
        raise Mine(1)
    except Mine as m:
        return m.args, m.a, str(m), repr(m)


print(trace(own))  # expect: (((1, 2), 1, '(1, 2)', 'Mine(1, 2)'), [])


def not_exception(put):
    raise 5


print(trace(not_exception))  # expect: ('TypeError(exceptions must derive from BaseException)', [])


def bad_cause(put):
    raise ValueError from 5


print(trace(bad_cause))  # expect: ('TypeError(exception causes must derive from BaseException)', [])


def class_with_failing_init(put):
    raise Mine


print(trace(class_with_failing_init))  # expect: ("TypeError(Mine.__init__() missing 1 required positional argument: 'a')", [])


def stop(put):
    def g():
        yield 1
        raise StopIteration

    for x in g():
        put(x)


print(trace(stop))  # expect: ('RuntimeError(generator raised StopIteration)', [1])


def deep(put, n):
    try:
        if n == 0:
            raise KeyError("bottom")
        return deep(put, n - 1)
    finally:
        put(n)


print(trace(deep, 3))  # expect: ("KeyError('bottom')", [0, 1, 2, 3])


def finally_with_loop(put):
    try:
        return "r"
    finally:
        for i in range(3):
            if i == 1:
                continue
            put(i)


print(trace(finally_with_loop))  # expect: ('r', [0, 2])
try:
    raise SystemExit(3)
except SystemExit as e:
    print(e.code)  # expect: 3
try:
    raise ValueError("top")
except ValueError as err:
    pass
try:
    err
except NameError as e:
    print(e)  # expect: name 'err' is not defined
try:
    try:
        raise KeyError("x")
    finally:
        note = "ran"
except KeyError as e:
    print(note, repr(e), e.__traceback__ is not None)  # expect: ran KeyError('x') True
