"""Groups of exceptions: how they are taken apart, and what the clauses of except* do."""


def _predicate(condition):
    """What split() and subgroup() take, as a function of an exception."""
    if isinstance(condition, type) and issubclass(condition, BaseException) or \
            isinstance(condition, tuple) and all(isinstance(c, type) and issubclass(c, BaseException) for c in condition):
        return lambda e: isinstance(e, condition)
    if callable(condition) and not isinstance(condition, type):
        return condition
    raise TypeError("expected a function, exception type or tuple of exception types")


def _derived(group, members):
    """A group of these members with everything else of `group`; None without any."""
    if not members:
        return None
    new = group.derive(members)
    if not isinstance(new, BaseExceptionGroup):
        raise TypeError("derive must return an instance of BaseExceptionGroup")
    new.__traceback__ = group.__traceback__
    new.__context__ = group.__context__
    suppressed = group.__suppress_context__
    new.__cause__ = group.__cause__
    new.__suppress_context__ = suppressed
    notes = getattr(group, "__notes__", None)
    if isinstance(notes, (list, tuple)):
        new.__notes__ = list(notes)
    return new


def _divide(exception, matches, want_rest):
    if matches(exception):
        return exception, None
    if not isinstance(exception, BaseExceptionGroup):
        return None, exception
    match, rest = [], []
    for member in exception.exceptions:
        m, r = _divide(member, matches, want_rest)
        if m is not None:
            match.append(m)
        if r is not None:
            rest.append(r)
    return _derived(exception, match), _derived(exception, rest) if want_rest else None


def split(group, condition):
    return _divide(group, _predicate(condition), True)


def subgroup(group, condition):
    return _divide(group, _predicate(condition), False)[0]


def _leaves(exception, out):
    if isinstance(exception, BaseExceptionGroup):
        for member in exception.exceptions:
            _leaves(member, out)
    else:
        out.add(id(exception))
    return out


def _same_origin(a, b):
    return a.__traceback__ is b.__traceback__ and a.__context__ is b.__context__ and a.__cause__ is b.__cause__ and \
        getattr(a, "__notes__", None) == getattr(b, "__notes__", None)


class Clauses:
    """The run of the clauses of one try statement for one exception."""

    def __init__(self, exception):
        self.exception = self.rest = exception
        self.matched = self.raising = None
        self.raised = []

    def match(self, condition):
        """Whether a clause gets something, which is then `matched`."""
        for c in condition if isinstance(condition, tuple) else (condition,):
            if not (isinstance(c, type) and issubclass(c, BaseException)):
                raise TypeError("catching classes that do not inherit from BaseException is not allowed")
            if issubclass(c, BaseExceptionGroup):
                raise TypeError("catching ExceptionGroup with except* is not allowed. Use except instead.")
        rest = self.rest
        if rest is None:
            return False
        if isinstance(rest, condition):
            self.rest = None
            if not isinstance(rest, BaseExceptionGroup):
                rest = BaseExceptionGroup("", (rest,))
            self.matched = rest
            return True
        if not isinstance(rest, BaseExceptionGroup):
            return False
        self.matched, self.rest = rest.split(condition)
        return self.matched is not None

    def add(self, exception):
        """A clause raised this."""
        self.raised.append(exception)

    def finish(self):
        """Whether something is to be raised behind the clauses, which is then `raising`."""
        whole = self.exception
        if not isinstance(whole, BaseExceptionGroup):
            self.raising = self.raised[0] if self.raised else self.rest
            return self.raising is not None
        again = [e for e in self.raised if _same_origin(e, whole)]
        new = [e for e in self.raised if not _same_origin(e, whole)]
        if self.rest is not None:
            again.append(self.rest)
        if again:
            keep = set()
            for e in again:
                _leaves(e, keep)
            part = _divide(whole, lambda e: id(e) in keep, False)[0]
            if part is not None:
                new.append(part)
        if not new:
            return False
        self.raising = new[0] if len(new) == 1 else BaseExceptionGroup("", new)
        return True
