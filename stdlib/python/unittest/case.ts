"""One test."""
import contextlib
import pprint
import re
import sys
import warnings

__all__ = ["TestCase", "SkipTest", "skip", "skipIf", "skipUnless", "expectedFailure", "FunctionTestCase"]


class SkipTest(Exception):
    """Raised in a test that is not to be run."""


class _ShouldStop(Exception):
    pass


def skip(reason):
    def decorate(item):
        if not isinstance(item, type):
            def skipped(*args, **kwargs):
                raise SkipTest(reason)
            skipped.__name__ = item.__name__
            skipped.__doc__ = item.__doc__
            item = skipped
        item.__unittest_skip__ = True
        item.__unittest_skip_why__ = reason
        return item

    if callable(reason) and not isinstance(reason, str):
        item, reason = reason, ""
        return decorate(item)
    return decorate


def skipIf(condition, reason):
    return skip(reason) if condition else lambda item: item


def skipUnless(condition, reason):
    return skip(reason) if not condition else lambda item: item


def expectedFailure(item):
    item.__unittest_expecting_failure__ = True
    return item


def addModuleCleanup(function, /, *args, **kwargs):
    raise NotImplementedError("unittest.addModuleCleanup")


class _Raises:
    """What assertRaises gives."""

    def __init__(self, case, expected, pattern=None, msg=None):
        self._case, self.expected, self._pattern, self._msg = case, expected, pattern, msg
        self._function = None  # the one to be called, where one was given
        self.exception = None

    def _name(self):
        e = self.expected
        return e.__name__ if isinstance(e, type) else str(e)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, tb):
        if kind is None:
            by = "" if self._function is None else " by " + getattr(self._function, "__name__", str(self._function))
            self._case._fail(self._msg, "{} not raised{}".format(self._name(), by))
        if not issubclass(kind, self.expected):
            return False
        self.exception = value.with_traceback(None)
        if self._pattern is not None and not re.compile(self._pattern).search(str(value)):
            self._case._fail(self._msg, '"{}" does not match "{}"'.format(getattr(self._pattern, "pattern", self._pattern), value))
        return True


class _Warns:
    def __init__(self, case, expected, pattern=None, msg=None):
        self._case, self.expected, self._pattern, self._msg = case, expected, pattern, msg

    def __enter__(self):
        self._manager = warnings.catch_warnings(record=True)
        self.warnings = self._manager.__enter__()
        warnings.simplefilter("always", self.expected)
        return self

    def __exit__(self, kind, value, tb):
        self._manager.__exit__(kind, value, tb)
        if kind is not None:
            return
        first = None
        for w in self.warnings:
            if not issubclass(w.category, self.expected):
                continue
            first = first or w
            if self._pattern is not None and not re.search(self._pattern, str(w.message)):
                continue
            self.warning, self.filename, self.lineno = w.message, w.filename, w.lineno
            return
        name = getattr(self.expected, "__name__", str(self.expected))
        if first is not None:
            self._case._fail(self._msg, '"{}" does not match "{}"'.format(self._pattern, first.message))
        self._case._fail(self._msg, "{} not triggered".format(name))


class _Logs:
    def __init__(self, case, logger, level, none=False):
        self._case, self._logger, self._level, self._none = case, logger, level, none

    def __enter__(self):
        import logging
        outer = self

        class Collect(logging.Handler):
            def emit(self, record):
                outer.records.append(record)
                outer.output.append(self.format(record))

        self.records, self.output = [], []
        logger = self._logger if isinstance(self._logger, logging.Logger) else logging.getLogger(self._logger)
        level = logging._check_level(self._level) if self._level else logging.INFO
        self._level_name = logging.getLevelName(level)
        handler = Collect()
        handler.setLevel(level)
        handler.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
        self._saved = (logger, logger.handlers[:], logger.level, logger.propagate)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False
        return self

    def __exit__(self, kind, value, tb):
        logger, logger.handlers, level, logger.propagate = self._saved
        logger.setLevel(level)
        if kind is not None:
            return False
        if self._none:
            if self.records:
                self._case.fail("Unexpected logs found: {!r}".format(self.output))
        elif not self.records:
            self._case.fail("no logs of level {} or higher triggered on {}".format(self._level_name, logger.name))


def _repr(obj, short=False):
    try:
        text = repr(obj)
    except Exception:
        text = object.__repr__(obj)
    return text[:80] + " [truncated]..." if short and len(text) > 80 else text


_MAX_DIFF = 640


def _common_shortened(*values):
    texts = [_repr(v) for v in values]
    if max([len(t) for t in texts]) <= 80:
        return texts
    import os
    prefix = os.path.commonprefix(texts)
    if len(prefix) > 11:
        head = prefix[:5] + "[%d chars]" % (len(prefix) - 10) + prefix[-5:]
        texts = [head + t[len(prefix):] for t in texts]
    return [t if len(t) <= 120 else t[:20] + "[%d chars]" % (len(t) - 25) + t[-5:] for t in texts]


class TestCase:
    """The tests of a subject: methods whose names begin with test."""
    failureException = AssertionError
    longMessage = True
    maxDiff = _MAX_DIFF

    def __init__(self, methodName="runTest"):
        self._testMethodName = methodName
        self._cleanups = []
        method = getattr(self, methodName, None)
        if method is None and methodName != "runTest":
            raise ValueError("no such test method in %s: %s" % (self.__class__, methodName))
        self._testMethodDoc = getattr(method, "__doc__", None)
        self._subtest = None
        self._outcome = None

    def setUp(self):
        pass

    def tearDown(self):
        pass

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def addCleanup(self, function, /, *args, **kwargs):
        self._cleanups.append((function, args, kwargs))

    def enterContext(self, cm):
        value = cm.__enter__()
        self.addCleanup(cm.__exit__, None, None, None)
        return value

    @classmethod
    def addClassCleanup(cls, function, /, *args, **kwargs):
        if "_class_cleanups" not in cls.__dict__:
            cls._class_cleanups = []
        cls._class_cleanups.append((function, args, kwargs))

    @classmethod
    def doClassCleanups(cls):
        for function, args, kwargs in reversed(cls.__dict__.get("_class_cleanups", [])):
            function(*args, **kwargs)

    def countTestCases(self):
        return 1

    def defaultTestResult(self):
        from .runner import TestResult
        return TestResult()

    def shortDescription(self):
        doc = self._testMethodDoc
        return doc.strip().split("\n")[0].strip() if doc else None

    def id(self):
        return "%s.%s.%s" % (type(self).__module__, type(self).__qualname__, self._testMethodName)

    def __eq__(self, other):
        return type(self) is type(other) and self._testMethodName == other._testMethodName

    def __hash__(self):
        return hash((type(self), self._testMethodName))

    def __str__(self):
        return "%s (%s.%s.%s)" % (self._testMethodName, type(self).__module__, type(self).__qualname__, self._testMethodName)

    def __repr__(self):
        return "<%s.%s testMethod=%s>" % (type(self).__module__, type(self).__qualname__, self._testMethodName)

    def skipTest(self, reason):
        raise SkipTest(reason)

    @contextlib.contextmanager
    def subTest(self, msg=None, **params):
        """A part of a test that may fail by itself."""
        result = self._outcome
        if result is None:
            yield
            return
        outer = self._subtest
        self._subtest = _SubTest(self, msg, {**(outer.params if outer else {}), **params})
        try:
            yield
        except SkipTest as e:
            result.addSkip(self._subtest, str(e))
        except KeyboardInterrupt:
            raise
        except Exception:
            result.addSubTest(self, self._subtest, sys.exc_info())
            self._failed_parts = True
            if result.failfast:
                raise _ShouldStop
        else:
            result.addSubTest(self, self._subtest, None)
        finally:
            self._subtest = outer

    def run(self, result=None):
        own = result is None
        if own:
            result = self.defaultTestResult()
            if hasattr(result, "startTestRun"):
                result.startTestRun()
        method = getattr(self, self._testMethodName)
        result.startTest(self)
        self._outcome, self._failed_parts = result, False
        try:
            for item in (type(self), method):
                if getattr(item, "__unittest_skip__", False):
                    result.addSkip(self, getattr(item, "__unittest_skip_why__", ""))
                    return result
            expecting = getattr(type(self), "__unittest_expecting_failure__", False) or \
                getattr(method, "__unittest_expecting_failure__", False)
            failure = self._stage(self.setUp)
            ok = failure is None
            if ok:
                failure = self._stage(method)
                ok = failure is None
                after = self._stage(self.tearDown)
                problems = [p for p in (failure, after) if p is not None]
            else:
                problems = [failure]
            problems += self._run_cleanups()
            problems = [p for p in problems if p != "stop"]
            skipped = [p for p in problems if issubclass(p[0], SkipTest)]
            problems = [p for p in problems if not issubclass(p[0], SkipTest)]
            for p in skipped:
                result.addSkip(self, str(p[1]))
            if expecting and (problems or self._failed_parts):
                result.addExpectedFailure(self, problems[0] if problems else (None, None, None))
            elif problems:
                for p in problems:
                    if issubclass(p[0], self.failureException):
                        result.addFailure(self, p)
                    else:
                        result.addError(self, p)
            elif expecting:
                result.addUnexpectedSuccess(self)
            elif not skipped and not self._failed_parts:
                result.addSuccess(self)
            return result
        finally:
            self._outcome = None
            result.stopTest(self)
            if own and hasattr(result, "stopTestRun"):
                result.stopTestRun()

    def _stage(self, function):
        try:
            function()
        except KeyboardInterrupt:
            raise
        except _ShouldStop:
            return "stop"
        except BaseException:
            return sys.exc_info()
        return None

    def _run_cleanups(self):
        problems = []
        while self._cleanups:
            function, args, kwargs = self._cleanups.pop()
            p = self._stage(lambda: function(*args, **kwargs))
            if p is not None:
                problems.append(p)
        return problems

    def doCleanups(self):
        self._run_cleanups()

    def __call__(self, *args, **kwargs):
        return self.run(*args, **kwargs)

    def debug(self):
        self.setUp()
        getattr(self, self._testMethodName)()
        self.tearDown()
        self.doCleanups()

    def fail(self, msg=None):
        raise self.failureException(msg)

    def _formatMessage(self, msg, standardMsg):
        if not self.longMessage:
            return msg or standardMsg
        return standardMsg if msg is None else "%s : %s" % (standardMsg, msg)

    def _fail(self, msg, standard):
        raise self.failureException(self._formatMessage(msg, standard))

    def assertTrue(self, expr, msg=None):
        if not expr:
            self._fail(msg, "%s is not true" % _repr(expr, True))

    def assertFalse(self, expr, msg=None):
        if expr:
            self._fail(msg, "%s is not false" % _repr(expr, True))

    def assertEqual(self, first, second, msg=None):
        if type(first) is type(second):
            special = {list: self.assertListEqual, tuple: self.assertTupleEqual, dict: self.assertDictEqual,
                       set: self.assertSetEqual, frozenset: self.assertSetEqual, str: self.assertMultiLineEqual}
            check = getattr(self, "_equality", {}).get(type(first)) or special.get(type(first))
            if check is not None:
                check(first, second, msg=msg)
                return
        if not first == second:
            self._fail(msg, "%s != %s" % tuple(_common_shortened(first, second)))

    def addTypeEqualityFunc(self, typeobj, function):
        if "_equality" not in self.__dict__:
            self._equality = {}
        self._equality[typeobj] = getattr(self, function) if isinstance(function, str) else function

    def assertNotEqual(self, first, second, msg=None):
        if not first != second:
            self._fail(msg, "%s == %s" % (_repr(first, True), _repr(second, True)))

    def _difference(self, a, b):
        """The lines of two texts that differ, as ndiff marks them."""
        import difflib
        return "\n".join(difflib.ndiff(a.splitlines(), b.splitlines()))

    def _cut(self, message, diff):
        if self.maxDiff is None or len(diff) <= self.maxDiff:
            return message + diff
        return message + "\nDiff is %s characters long. Set self.maxDiff to None to see it." % len(diff)

    def assertSequenceEqual(self, first, second, msg=None, seq_type=None):
        if seq_type is not None:
            name = seq_type.__name__
            for which, seq in (("First", first), ("Second", second)):
                if not isinstance(seq, seq_type):
                    raise self.failureException("%s sequence is not a %s: %s" % (which, name, _repr(seq, True)))
        else:
            name = "sequence"
        if first == second:
            return
        text = "%ss differ: %s != %s\n" % ((name.capitalize(),) + tuple(_common_shortened(first, second)))
        n = min(len(first), len(second))
        for i in range(n):
            if first[i] != second[i]:
                text += "\nFirst differing element %d:\n%s\n%s\n" % (i, _repr(first[i], True), _repr(second[i], True))
                break
        else:
            if len(first) == len(second) and seq_type is None and type(first) != type(second):
                return
        if len(first) > len(second):
            text += "\nFirst %s contains %d additional elements.\nFirst extra element %d:\n%s\n" % (
                name, len(first) - len(second), len(second), _repr(first[len(second)], True))
        elif len(first) < len(second):
            text += "\nSecond %s contains %d additional elements.\nFirst extra element %d:\n%s\n" % (
                name, len(second) - len(first), len(first), _repr(second[len(first)], True))
        diff = "\n" + self._difference(pprint.pformat(first), pprint.pformat(second))
        self._fail(msg, self._cut(text, diff))

    def assertListEqual(self, list1, list2, msg=None):
        self.assertSequenceEqual(list1, list2, msg, seq_type=list)

    def assertTupleEqual(self, tuple1, tuple2, msg=None):
        self.assertSequenceEqual(tuple1, tuple2, msg, seq_type=tuple)

    def assertSetEqual(self, set1, set2, msg=None):
        one, two = set1 - set2, set2 - set1
        if not one and not two:
            return
        lines = []
        for which, items in (("first", one), ("second", two)):
            if items:
                lines.append("Items in the %s set but not the %s:" % (which, "second" if which == "first" else "first"))
                lines += [repr(item) for item in items]
        self._fail(msg, "\n".join(lines))

    def assertDictEqual(self, d1, d2, msg=None):
        self.assertIsInstance(d1, dict, "First argument is not a dictionary")
        self.assertIsInstance(d2, dict, "Second argument is not a dictionary")
        if d1 != d2:
            text = "%s != %s" % tuple(_common_shortened(d1, d2))
            diff = "\n" + self._difference(pprint.pformat(d1), pprint.pformat(d2))
            self._fail(msg, self._cut(text, diff))

    def assertMultiLineEqual(self, first, second, msg=None):
        self.assertIsInstance(first, str, "First argument is not a string")
        self.assertIsInstance(second, str, "Second argument is not a string")
        if first != second:
            text = "%s != %s" % tuple(_common_shortened(first, second))
            import difflib
            one, two = first.splitlines(keepends=True), second.splitlines(keepends=True)
            if len(one) == 1 and first.strip("\r\n") == first:
                one, two = [first + "\n"], [second + "\n"]
            diff = "\n" + "".join(difflib.ndiff(one, two))
            self._fail(msg, self._cut(text, diff))

    def assertCountEqual(self, first, second, msg=None):
        one, two = list(first), list(second)
        rest = list(two)
        missing = []
        for item in one:
            if item in rest:
                rest.remove(item)
            else:
                missing.append(item)
        if missing or rest:
            lines = ["Element counts were not equal:"]
            for item in dict.fromkeys([repr(x) for x in missing + rest]):
                lines.append("First has %d, Second has %d:  %s" % ([repr(x) for x in one].count(item),
                                                                  [repr(x) for x in two].count(item), item))
            self._fail(msg, "\n".join(lines))

    def assertAlmostEqual(self, first, second, places=None, msg=None, delta=None):
        if first == second:
            return
        if delta is not None and places is not None:
            raise TypeError("specify delta or places not both")
        diff = abs(first - second)
        if delta is not None:
            if diff <= delta:
                return
            self._fail(msg, "%s != %s within %s delta (%s difference)" % (_repr(first), _repr(second), _repr(delta), _repr(diff)))
        places = 7 if places is None else places
        if round(diff, places) != 0:
            self._fail(msg, "%s != %s within %r places (%s difference)" % (_repr(first), _repr(second), places, _repr(diff)))

    def assertNotAlmostEqual(self, first, second, places=None, msg=None, delta=None):
        diff = abs(first - second)
        if delta is not None:
            if first != second and diff > delta:
                return
            self._fail(msg, "%s == %s within %s delta (%s difference)" % (_repr(first), _repr(second), _repr(delta), _repr(diff)))
        places = 7 if places is None else places
        if not (first != second and round(diff, places) != 0):
            self._fail(msg, "%s == %s within %r places" % (_repr(first), _repr(second), places))

    def assertIs(self, expr1, expr2, msg=None):
        if expr1 is not expr2:
            self._fail(msg, "%s is not %s" % (_repr(expr1), _repr(expr2)))

    def assertIsNot(self, expr1, expr2, msg=None):
        if expr1 is expr2:
            self._fail(msg, "unexpectedly identical: %s" % _repr(expr1))

    def assertIsNone(self, obj, msg=None):
        if obj is not None:
            self._fail(msg, "%s is not None" % _repr(obj))

    def assertIsNotNone(self, obj, msg=None):
        if obj is None:
            self._fail(msg, "unexpectedly None")

    def assertIn(self, member, container, msg=None):
        if member not in container:
            self._fail(msg, "%s not found in %s" % (_repr(member), _repr(container)))

    def assertNotIn(self, member, container, msg=None):
        if member in container:
            self._fail(msg, "%s unexpectedly found in %s" % (_repr(member), _repr(container)))

    def assertIsInstance(self, obj, cls, msg=None):
        if not isinstance(obj, cls):
            self._fail(msg, "%s is not an instance of %r" % (_repr(obj), cls))

    def assertNotIsInstance(self, obj, cls, msg=None):
        if isinstance(obj, cls):
            self._fail(msg, "%s is an instance of %r" % (_repr(obj), cls))

    def assertLess(self, a, b, msg=None):
        if not a < b:
            self._fail(msg, "%s not less than %s" % (_repr(a), _repr(b)))

    def assertLessEqual(self, a, b, msg=None):
        if not a <= b:
            self._fail(msg, "%s not less than or equal to %s" % (_repr(a), _repr(b)))

    def assertGreater(self, a, b, msg=None):
        if not a > b:
            self._fail(msg, "%s not greater than %s" % (_repr(a), _repr(b)))

    def assertGreaterEqual(self, a, b, msg=None):
        if not a >= b:
            self._fail(msg, "%s not greater than or equal to %s" % (_repr(a), _repr(b)))

    def assertRegex(self, text, expected_regex, msg=None):
        if not re.compile(expected_regex).search(text):
            self._fail(msg, "Regex didn't match: %r not found in %r" % (re.compile(expected_regex).pattern, text))

    def assertNotRegex(self, text, unexpected_regex, msg=None):
        m = re.compile(unexpected_regex).search(text)
        if m:
            self._fail(msg, "Regex matched: %r matches %r in %r" % (text[m.start():m.end()], m.re.pattern, text))

    def _context(self, context, args, kwargs):
        if not args:
            return context
        function, args = args[0], args[1:]
        context._function = function
        with context:
            function(*args, **kwargs)
        return None

    def assertRaises(self, expected_exception, *args, **kwargs):
        msg = kwargs.pop("msg", None) if not args else None
        return self._context(_Raises(self, expected_exception, msg=msg), args, kwargs)

    def assertRaisesRegex(self, expected_exception, expected_regex, *args, **kwargs):
        msg = kwargs.pop("msg", None) if not args else None
        return self._context(_Raises(self, expected_exception, expected_regex, msg), args, kwargs)

    def assertWarns(self, expected_warning, *args, **kwargs):
        msg = kwargs.pop("msg", None) if not args else None
        return self._context(_Warns(self, expected_warning, msg=msg), args, kwargs)

    def assertWarnsRegex(self, expected_warning, expected_regex, *args, **kwargs):
        msg = kwargs.pop("msg", None) if not args else None
        return self._context(_Warns(self, expected_warning, expected_regex, msg), args, kwargs)

    def assertLogs(self, logger=None, level=None):
        return _Logs(self, logger, level)

    def assertNoLogs(self, logger=None, level=None):
        return _Logs(self, logger, level, none=True)

    assertEquals = assertEqual
    assertNotEquals = assertNotEqual
    assert_ = assertTrue
    failUnless = assertTrue
    assertAlmostEquals = assertAlmostEqual
    assertRaisesRegexp = assertRaisesRegex
    assertRegexpMatches = assertRegex


class _SubTest(TestCase):
    def __init__(self, case, message, params):
        super().__init__()
        self.test_case, self._message, self.params = case, message, params
        self.failureException = case.failureException

    def _description(self):
        parts = []
        if self._message is not None:
            parts.append("[{}]".format(self._message))
        if self.params:
            parts.append("({})".format(", ".join(["{}={!r}".format(k, v) for k, v in self.params.items()])))
        return " ".join(parts) or "(<subtest>)"

    def id(self):
        return "{} {}".format(self.test_case.id(), self._description())

    def shortDescription(self):
        return self.test_case.shortDescription()

    def __str__(self):
        return "{} {}".format(self.test_case, self._description())


class FunctionTestCase(TestCase):
    """A test that is a function."""

    def __init__(self, testFunc, setUp=None, tearDown=None, description=None):
        super().__init__()
        self._function, self._set_up, self._tear_down, self._description = testFunc, setUp, tearDown, description

    def setUp(self):
        if self._set_up is not None:
            self._set_up()

    def tearDown(self):
        if self._tear_down is not None:
            self._tear_down()

    def runTest(self):
        self._function()

    def id(self):
        return self._function.__name__

    def __str__(self):
        return "%s (%s)" % (type(self).__qualname__, self._function.__name__)
