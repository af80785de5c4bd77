# return, break and continue through finally; finally overriding them.
def trace(fn, *args):
    log = []
    try:
        result = fn(log.append, *args)
    except BaseException as e:
        result = f"{type(e).__name__}({e})"
    return result, log


def ret(put):
    x = 1
    try:
        return x
    finally:
        x = 2
        put(x)


print(trace(ret))  # expect: (1, [2])


def override(put):
    try:
        return "try"
    finally:
        return "finally"


print(trace(override))  # expect: ('finally', [])


def swallow(put):
    try:
        raise ValueError
    finally:
        return "swallowed"


print(trace(swallow))  # expect: ('swallowed', [])


def swallow_with_break(put):
    for i in range(3):
        try:
            raise ValueError(i)
        finally:
            put(i)
            if i == 1:
                break
            continue
    return i


print(trace(swallow_with_break))  # expect: (1, [0, 1])


def nested(put):
    try:
        try:
            return put("value")
        finally:
            put("inner")
    finally:
        put("outer")


print(trace(nested))  # expect: (None, ['value', 'inner', 'outer'])


def nested_raise(put):
    try:
        try:
            raise KeyError(1)
        finally:
            put("inner")
            raise ValueError(2)
    finally:
        put("outer")


print(trace(nested_raise))  # expect: ('ValueError(2)', ['inner', 'outer'])


def finally_in_finally(put, how):
    try:
        if how == "raise":
            raise KeyError(how)
        if how == "return":
            return how
        put("body")
    finally:
        try:
            put("f1")
            if how == "inner":
                raise ValueError(how)
        except ValueError:
            put("caught")
        else:
            put("else")
        finally:
            put("f2")
    return "end"


print(trace(finally_in_finally, "raise"))  # expect: ("KeyError('raise')", ['f1', 'else', 'f2'])
print(trace(finally_in_finally, "return"))  # expect: ('return', ['f1', 'else', 'f2'])
print(trace(finally_in_finally, "inner"))  # expect: ('end', ['body', 'f1', 'caught', 'f2'])
print(trace(finally_in_finally, "none"))  # expect: ('end', ['body', 'f1', 'else', 'f2'])


def breaks(put):
    for i in range(3):
        try:
            for j in range(3):
                try:
                    if j == 1:
                        break
                    put((i, j))
                finally:
                    put("a")
            if i == 1:
                continue
            put("mid")
            if i == 2:
                break
        finally:
            put("b")
    else:
        put("never")
    return "end"


print(trace(breaks))  # expect: ('end', [(0, 0), 'a', 'a', 'mid', 'b', (1, 0), 'a', 'a', 'b', (2, 0), 'a', 'a', 'mid', 'b'])


def while_finally(put):
    n = 0
    while n < 5:
        n += 1
        try:
            if n == 2:
                continue
            if n == 4:
                break
            put(n)
        finally:
            put(-n)
    return n


print(trace(while_finally))  # expect: (4, [1, -1, -2, 3, -3, -4])


def return_from_handler(put):
    try:
        raise ValueError("v")
    except ValueError as e:
        return str(e)
    finally:
        put("f")


print(trace(return_from_handler))  # expect: ('v', ['f'])


def handled_is_restored(put):
    import sys
    try:
        raise KeyError(1)
    except KeyError:
        for i in range(2):
            try:
                raise ValueError(i)
            except ValueError:
                put(repr(sys.exc_info()[1]))
                if i == 0:
                    continue
                break
        put(repr(sys.exc_info()[1]))
    put(sys.exc_info())


print(trace(handled_is_restored))  # expect: (None, ['ValueError(0)', 'ValueError(1)', 'KeyError(1)', (None, None, None)])


def return_restores(put):
    import sys

    def inner():
        try:
            raise ValueError
        except ValueError:
            return repr(sys.exc_info()[1])

    try:
        raise KeyError(1)
    except KeyError:
        put(inner())
        put(repr(sys.exc_info()[1]))
    put(sys.exc_info()[0])


print(trace(return_restores))  # expect: (None, ['ValueError()', 'KeyError(1)', None])


def finally_sees_exception(put):
    import sys
    try:
        try:
            raise KeyError(1)
        finally:
            put(repr(sys.exc_info()[1]))
    except KeyError:
        pass
    try:
        pass
    finally:
        put(sys.exc_info()[1])


print(trace(finally_sees_exception))  # expect: (None, ['KeyError(1)', None])


def many_exits(put, n):
    for i in range(10):
        try:
            try:
                if n == 0:
                    return "return"
                if n == 1:
                    break
                if n == 2:
                    raise ValueError
                if n == 3:
                    n = 0
                    continue
                put("body")
                n -= 1
            except ValueError:
                put("handler")
                n = 1
                continue
            else:
                put("else")
            finally:
                put("f")
        finally:
            put("g")
    return i


for n in range(5):
    pass
print(trace(many_exits, 0))  # expect: ('return', ['f', 'g'])
print(trace(many_exits, 1))  # expect: (0, ['f', 'g'])
print(trace(many_exits, 2))  # expect: (1, ['handler', 'f', 'g', 'f', 'g'])
print(trace(many_exits, 3))  # expect: ('return', ['f', 'g', 'f', 'g'])
print(trace(many_exits, 4))  # expect: ('return', ['body', 'else', 'f', 'g', 'f', 'g', 'f', 'g'])


def lambda_in_finally(put):
    fs = []
    for i in range(2):
        try:
            if i:
                break
        finally:
            fs.append(lambda i=i: i)
    return [f() for f in fs]


print(trace(lambda_in_finally))  # expect: ([0, 1], [])


def generator_finally(put):
    def g():
        try:
            yield 1
            yield 2
        finally:
            put("closed")

    it = g()
    put(next(it))
    it.close()
    for x in g():
        put(x)
    return "end"


print(trace(generator_finally))  # expect: ('end', [1, 'closed', 1, 2, 'closed'])
