"""Iterator building blocks."""
import operator

__builtin_functions__ = True


class chain:
    """The items of several iterables, one after the other."""

    __message_name__ = "itertools.chain"

    def __init__(self, *iterables):
        self._it = _chained(iterables)

    @classmethod
    def from_iterable(cls, iterables):
        self = cls()
        self._it = _chained(iterables)
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._it)


def _chained(iterables):
    for iterable in iterables:
        yield from iterable


class count:
    """start, start + step, start + 2 * step, ..."""

    __message_name__ = "itertools.count"

    def __init__(self, start=0, step=1):
        self._next = start
        self._step = step

    def __iter__(self):
        return self

    def __next__(self):
        value = self._next
        self._next = value + self._step
        return value

    def __repr__(self):
        if self._step == 1 and isinstance(self._step, int):
            return f"count({self._next!r})"
        return f"count({self._next!r}, {self._step!r})"


def cycle(iterable):
    """The items over and over."""
    saved = []
    for item in iterable:
        yield item
        saved.append(item)
    while saved:
        yield from saved


class repeat:
    """The same object, without end or `times` times."""

    __message_name__ = "itertools.repeat"

    def __init__(self, object, times=None):
        self._object = object
        self._left = times if times is None else max(times, 0)

    def __iter__(self):
        return self

    def __next__(self):
        if self._left is not None:
            if self._left == 0:
                raise StopIteration
            self._left -= 1
        return self._object

    def __length_hint__(self):
        if self._left is None:
            raise TypeError("len() of unsized object")
        return self._left

    def __repr__(self):
        return f"repeat({self._object!r})" if self._left is None else f"repeat({self._object!r}, {self._left})"


def accumulate(iterable, func=operator.add, *, initial=None):
    """Running totals."""
    it = iter(iterable)
    total = initial
    if initial is None:
        try:
            total = next(it)
        except StopIteration:
            return
    yield total
    for item in it:
        total = func(total, item)
        yield total


def compress(data, selectors):
    return (item for item, keep in zip(data, selectors) if keep)


def dropwhile(predicate, iterable):
    it = iter(iterable)
    for item in it:
        if not predicate(item):
            yield item
            break
    yield from it


def takewhile(predicate, iterable):
    for item in iterable:
        if not predicate(item):
            return
        yield item


def filterfalse(predicate, iterable):
    for item in iterable:
        if not (item if predicate is None else predicate(item)):
            yield item


def starmap(function, iterable):
    for args in iterable:
        yield function(*args)


def pairwise(iterable):
    it = iter(iterable)
    try:
        previous = next(it)
    except StopIteration:
        return
    for item in it:
        yield previous, item
        previous = item


def islice(iterable, *args):
    """islice(iterable, stop) or islice(iterable, start, stop[, step])."""
    bounds = slice(*args)
    for name, value in (("Stop", bounds.stop), ("Indices", bounds.start)):
        if value is not None and (not isinstance(value, int) or value < 0):
            if name == "Stop" and len(args) == 1:
                raise ValueError("Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
            raise ValueError("Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
    if bounds.step is not None and (not isinstance(bounds.step, int) or bounds.step < 1):
        raise ValueError("Step for islice() must be a positive integer or None.")
    return _islice(iter(iterable), bounds.start or 0, bounds.stop, bounds.step or 1)


def _islice(it, start, stop, step):
    wanted = start
    i = 0
    if stop is not None and stop <= start:
        for _ in zip(range(stop), it):
            pass
        return
    for item in it:
        if i == wanted:
            yield item
            wanted += step
        i += 1
        if stop is not None and i >= stop:
            return


def tee(iterable, n=2):
    """n independent iterators over one iterable."""
    if n < 0:
        raise ValueError("n must be >= 0")
    it = iter(iterable)
    buffers = [[] for _ in range(n)]

    def branch(mine):
        while True:
            if not mine:
                try:
                    item = next(it)
                except StopIteration:
                    return
                for buffer in buffers:
                    buffer.append(item)
            yield mine.pop(0)

    return tuple(branch(buffer) for buffer in buffers)


def zip_longest(*iterables, fillvalue=None):
    its = [iter(it) for it in iterables]
    active = len(its)
    if not active:
        return
    done = [False] * active
    while True:
        row = []
        for i, it in enumerate(its):
            value = fillvalue
            if not done[i]:
                try:
                    value = next(it)
                except StopIteration:
                    done[i] = True
                    active -= 1
                    if not active:
                        return
            row.append(value)
        yield tuple(row)


class groupby:
    """(key, group) pairs of consecutive items with the same key."""

    __message_name__ = "itertools.groupby"

    def __init__(self, iterable, key=None):
        self._it = iter(iterable)
        self._key = key
        self._end = False
        self._has = False
        self._serial = 0

    def __iter__(self):
        return self

    def _advance(self):
        try:
            self._item = next(self._it)
        except StopIteration:
            self._end = True
            self._has = False
            return
        self._item_key = self._item if self._key is None else self._key(self._item)
        self._has = True

    def __next__(self):
        self._serial += 1
        if self._serial == 1:
            self._advance()
        else:
            while self._has and self._item_key == self._group_key:
                self._advance()
        if not self._has:
            raise StopIteration
        self._group_key = self._item_key
        return self._group_key, self._group(self._serial, self._group_key)

    def _group(self, serial, key):
        while self._has and serial == self._serial and self._item_key == key:
            yield self._item
            if serial == self._serial:
                self._advance()


def product(*iterables, repeat=1):
    pools = [tuple(pool) for pool in iterables] * repeat
    indices = [0] * len(pools)
    if any(len(pool) == 0 for pool in pools):
        return
    while True:
        yield tuple(pool[i] for pool, i in zip(pools, indices))
        for position in range(len(pools) - 1, -1, -1):
            indices[position] += 1
            if indices[position] < len(pools[position]):
                break
            indices[position] = 0
        else:
            return


def permutations(iterable, r=None):
    pool = tuple(iterable)
    n = len(pool)
    r = n if r is None else r
    if r < 0:
        raise ValueError("r must be non-negative")
    used = [False] * n

    def extend(chosen):
        if len(chosen) == r:
            yield tuple(pool[i] for i in chosen)
            return
        for i in range(n):
            if not used[i]:
                used[i] = True
                yield from extend(chosen + [i])
                used[i] = False

    return extend([])


def _combinations(pool, r, repeated):
    n = len(pool)
    if r > n and not repeated or n == 0 and r > 0:
        return
    indices = [0] * r if repeated else list(range(r))
    while True:
        yield tuple(pool[i] for i in indices)
        for position in range(r - 1, -1, -1):
            if indices[position] != (n - 1 if repeated else position + n - r):
                break
        else:
            return
        start = indices[position] + 1
        for i in range(position, r):
            indices[i] = start if repeated else start + i - position


def combinations(iterable, r):
    if r < 0:
        raise ValueError("r must be non-negative")
    return _combinations(tuple(iterable), r, False)


def combinations_with_replacement(iterable, r):
    if r < 0:
        raise ValueError("r must be non-negative")
    return _combinations(tuple(iterable), r, True)
