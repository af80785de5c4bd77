# What a function holds is let go when it ends, whichever way it ends.
import gc
import weakref


class A:
    pass


def returns_in_try(x):
    try:
        return id(x)
    except KeyError:
        raise AttributeError(x)


def returns_itself(x):
    try:
        id(x)
        return x
    except KeyError:
        print(x)


def falls_out_of_try(x):
    try:
        y = id(x)
    except KeyError:
        raise AttributeError(x)
    return y


def returns_in_a_loop(x):
    for k in (1, 2):
        try:
            return id(x)
        except KeyError:
            print(x)


def returns_from_with(x):
    with open("/dev/null") as f:
        return id(x)


def returns_past_finally(x):
    try:
        return id(x)
    finally:
        id(x)


def returns_nothing(x):
    try:
        if id(x):
            return
        id(3)
    except KeyError:
        print(x)


def raises(x):
    try:
        return {}[id(x)]
    except KeyError:
        id(x)


def gives(x):
    try:
        yield id(x)
        return
    except KeyError:
        print(x)


def is_freed(f):
    a = A()
    r = weakref.ref(a)
    f(a)
    a = None
    return r() is None


def takes_the_first(a):
    """The loop never comes back to the iterator."""
    for row in [[a]]:
        it = iter(row)
        for x in it:
            break


for f in (takes_the_first, returns_in_try, returns_itself, falls_out_of_try, returns_in_a_loop, returns_from_with, returns_past_finally, returns_nothing,
          raises, lambda x: list(gives(x))):
    print(f.__name__, all([is_freed(f) for _ in range(3)]))
# expect: takes_the_first True
# expect: returns_in_try True
# expect: returns_itself True
# expect: falls_out_of_try True
# expect: returns_in_a_loop True
# expect: returns_from_with True
# expect: returns_past_finally True
# expect: returns_nothing True
# expect: raises True
# expect: <lambda> True


def hot(x, n):
    s = 0
    for i in range(n):
        try:
            s += i
            if s < 0:
                return s
        except KeyError:
            print(x)
    try:
        return s
    except KeyError:
        print(x)


print(all([is_freed(lambda x: hot(x, 3000)) for _ in range(5)]))
# expect: True


def hooked(needs_grad):
    import torch
    a = A()
    m = torch.nn.Linear(2, 2)
    m.register_full_backward_hook(lambda module, inputs, outputs, a=a: None)
    m(torch.ones(1, 2, requires_grad=needs_grad)).sum().backward()
    return weakref.ref(a)


# A module's backward hooks hold no circle through the nodes of the graph, which the collector cannot see.
refs = [hooked(True), hooked(False)]
gc.collect()
print([r() for r in refs])
# expect: [None, None]
