"""Finding tests, running them, and reporting."""
import sys
import time
import traceback

from .case import SkipTest, TestCase


class TestResult:
    """What came of the tests."""

    def __init__(self, stream=None, descriptions=None, verbosity=None):
        self.failfast = False
        self.failures, self.errors, self.skipped = [], [], []
        self.expectedFailures, self.unexpectedSuccesses = [], []
        self.testsRun = 0
        self.shouldStop = False
        self.buffer = False

    def startTest(self, test):
        self.testsRun += 1

    def stopTest(self, test):
        pass

    def startTestRun(self):
        pass

    def stopTestRun(self):
        pass

    def _text(self, err, test):
        kind, value, tb = err
        # The entries of this package's own functions, at both ends, say nothing.
        files = [entry.filename for entry in traceback.extract_tb(tb)]
        text = traceback.format_tb(tb)
        if len(text) == len(files):
            begin, end = 0, len(files)
            while begin < end and files[begin].startswith("<tsvm>/unittest/"):
                begin += 1
            while end > begin and files[end - 1].startswith("<tsvm>/unittest/"):
                end -= 1
            text = text[begin:end]
        out = []
        cause, context = value.__cause__, value.__context__
        if cause is not None:
            out += traceback.format_exception(cause)
            out.append("\nThe above exception was the direct cause of the following exception:\n\n")
        elif context is not None and not value.__suppress_context__:
            out += traceback.format_exception(context)
            out.append("\nDuring handling of the above exception, another exception occurred:\n\n")
        if text:
            out.append("Traceback (most recent call last):\n")
        return "".join(out + text + traceback.format_exception_only(value))

    def addError(self, test, err):
        self.errors.append((test, self._text(err, test)))
        self._stop_early()

    def addFailure(self, test, err):
        self.failures.append((test, self._text(err, test)))
        self._stop_early()

    def _stop_early(self):
        if self.failfast:
            self.stop()

    def addSubTest(self, test, subtest, err):
        if err is not None:
            where = self.failures if issubclass(err[0], test.failureException) else self.errors
            where.append((subtest, self._text(err, test)))
            self._stop_early()

    def addSuccess(self, test):
        pass

    def addSkip(self, test, reason):
        self.skipped.append((test, reason))

    def addExpectedFailure(self, test, err):
        self.expectedFailures.append((test, self._text(err, test) if err[0] else ""))

    def addUnexpectedSuccess(self, test):
        self.unexpectedSuccesses.append(test)

    def wasSuccessful(self):
        return not self.failures and not self.errors and not self.unexpectedSuccesses

    def stop(self):
        self.shouldStop = True

    def __repr__(self):
        return "<%s run=%i errors=%i failures=%i>" % (
            type(self).__module__ + "." + type(self).__qualname__, self.testsRun, len(self.errors), len(self.failures))


class TextTestResult(TestResult):
    """Writes a mark or a line for each test."""
    separator1 = "=" * 70
    separator2 = "-" * 70

    def __init__(self, stream, descriptions=True, verbosity=1):
        super().__init__(stream, descriptions, verbosity)
        self.stream = stream
        self.showAll, self.dots = verbosity > 1, verbosity == 1
        self.descriptions = descriptions
        self._line_open = False

    def getDescription(self, test):
        doc = test.shortDescription()
        return "\n".join((str(test), doc)) if self.descriptions and doc else str(test)

    def startTest(self, test):
        super().startTest(test)
        if self.showAll:
            self.stream.write(self.getDescription(test) + " ... ")
            self.stream.flush()
            self._line_open = True

    def _mark(self, test, letter, word):
        if self.showAll:
            if not self._line_open:
                self.stream.write(self.getDescription(test) + " ... ")
            self.stream.write(word + "\n")
            self._line_open = False
        elif self.dots:
            self.stream.write(letter)
        self.stream.flush()

    def addSubTest(self, test, subtest, err):
        if err is not None:
            failed = issubclass(err[0], subtest.failureException)
            if self.showAll:
                if self._line_open:
                    self.stream.write("\n")
                    self._line_open = False
                self.stream.write("  " + self.getDescription(subtest) + " ... " + ("FAIL" if failed else "ERROR") + "\n")
            elif self.dots:
                self.stream.write("F" if failed else "E")
        super().addSubTest(test, subtest, err)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._mark(test, ".", "ok")

    def addError(self, test, err):
        super().addError(test, err)
        self._mark(test, "E", "ERROR")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._mark(test, "F", "FAIL")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._mark(test, "s", "skipped {0!r}".format(reason))

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._mark(test, "x", "expected failure")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._mark(test, "u", "unexpected success")

    def printErrors(self):
        if self.dots or self.showAll:
            self.stream.write("\n")
        for kind, entries in (("ERROR", self.errors), ("FAIL", self.failures)):
            for test, text in entries:
                self.stream.write(self.separator1 + "\n%s: %s\n" % (kind, self.getDescription(test)) + self.separator2 + "\n")
                self.stream.write("%s\n" % text)
        if self.unexpectedSuccesses:
            self.stream.write(self.separator1 + "\n")
            for test in self.unexpectedSuccesses:
                self.stream.write("UNEXPECTED SUCCESS: %s\n" % self.getDescription(test))


class TestSuite:
    """Tests that run one after the other."""

    def __init__(self, tests=()):
        self._tests = []
        self.addTests(tests)

    def __repr__(self):
        return "<unittest.suite.TestSuite tests=%s>" % self._tests

    def __iter__(self):
        return iter(self._tests)

    def __eq__(self, other):
        return isinstance(other, TestSuite) and list(self) == list(other)

    def countTestCases(self):
        return sum([t.countTestCases() for t in self])

    def addTest(self, test):
        if not callable(test):
            raise TypeError("{} is not callable".format(repr(test)))
        if isinstance(test, type):
            raise TypeError("TestCases and TestSuites must be instantiated before passing them to addTest()")
        self._tests.append(test)

    def addTests(self, tests):
        for test in tests:
            self.addTest(test)

    def _flat(self):
        for t in self._tests:
            if isinstance(t, TestSuite):
                yield from t._flat()
            else:
                yield t

    def run(self, result, debug=False):
        current, broken = None, False
        tests = list(self._flat())
        for i, test in enumerate(tests):
            if result.shouldStop:
                break
            kind = type(test)
            if kind is not current:
                if current is not None and not broken:
                    self._tear_down(current, result)
                current, broken = kind, not self._set_up(kind, result)
            if not broken:
                test(result)
        if current is not None and not broken:
            self._tear_down(current, result)
        return result

    __call__ = run

    def _class_error(self, kind, method, result):
        class _ErrorHolder:
            failureException = None

            def id(self):
                return str(self)

            def shortDescription(self):
                return None

            def __str__(self):
                return "%s (%s.%s)" % (method, kind.__module__, kind.__qualname__)

        err = sys.exc_info()
        if issubclass(err[0], SkipTest):
            result.addSkip(_ErrorHolder(), str(err[1]))
        else:
            result.addError(_ErrorHolder(), err)

    def _set_up(self, kind, result):
        if getattr(kind, "__unittest_skip__", False) or not hasattr(kind, "setUpClass"):
            return True
        try:
            kind.setUpClass()
        except Exception:
            self._class_error(kind, "setUpClass", result)
            kind.doClassCleanups()
            return False
        return True

    def _tear_down(self, kind, result):
        if getattr(kind, "__unittest_skip__", False) or not hasattr(kind, "tearDownClass"):
            return
        try:
            kind.tearDownClass()
            kind.doClassCleanups()
        except Exception:
            self._class_error(kind, "tearDownClass", result)


class TestLoader:
    """Makes suites of classes and modules."""
    testMethodPrefix = "test"
    suiteClass = TestSuite
    sortTestMethodsUsing = None

    def getTestCaseNames(self, testCaseClass):
        return sorted([n for n in dir(testCaseClass) if n.startswith(self.testMethodPrefix)
                       and callable(getattr(testCaseClass, n))])

    def loadTestsFromTestCase(self, testCaseClass):
        names = self.getTestCaseNames(testCaseClass)
        if not names and hasattr(testCaseClass, "runTest"):
            names = ["runTest"]
        return self.suiteClass([testCaseClass(n) for n in names])

    def loadTestsFromModule(self, module, *args, pattern=None, **kws):
        tests = []
        for name in sorted(dir(module)):
            obj = getattr(module, name)
            if isinstance(obj, type) and issubclass(obj, TestCase) and obj is not TestCase \
                    and not obj.__module__.startswith("unittest."):
                tests.append(self.loadTestsFromTestCase(obj))
        make = getattr(module, "load_tests", None)
        suite = self.suiteClass(tests)
        return make(self, suite, pattern) if make is not None else suite

    def loadTestsFromName(self, name, module=None):
        parts = name.split(".")
        obj = module
        if obj is None:
            import importlib
            obj = importlib.import_module(parts.pop(0))
        parent = None
        for part in parts:
            parent, obj = obj, getattr(obj, part)
        if isinstance(obj, type) and issubclass(obj, TestCase):
            return self.loadTestsFromTestCase(obj)
        if isinstance(parent, type) and issubclass(parent, TestCase):
            return self.suiteClass([parent(parts[-1])])
        if isinstance(obj, TestSuite):
            return obj
        if callable(obj):
            test = obj()
            return test if isinstance(test, TestSuite) else self.suiteClass([test])
        return self.loadTestsFromModule(obj)

    def loadTestsFromNames(self, names, module=None):
        return self.suiteClass([self.loadTestsFromName(n, module) for n in names])

    def discover(self, start_dir, pattern="test*.py", top_level_dir=None):
        raise NotImplementedError("unittest.TestLoader.discover")


defaultTestLoader = TestLoader()


class _Stream:
    """A file with writeln."""

    def __init__(self, file):
        self._file = file

    def __getattr__(self, name):
        return getattr(self.__dict__["_file"], name)

    def writeln(self, arg=None):
        if arg:
            self._file.write(arg)
        self._file.write("\n")


class TextTestRunner:
    """Runs tests and reports on stderr."""
    resultclass = TextTestResult

    def __init__(self, stream=None, descriptions=True, verbosity=1, failfast=False, buffer=False, resultclass=None,
                 warnings=None, *, tb_locals=False):
        self.stream = _Stream(sys.stderr if stream is None else stream)
        self.descriptions, self.verbosity, self.failfast, self.buffer = descriptions, verbosity, failfast, buffer
        if resultclass is not None:
            self.resultclass = resultclass

    def _makeResult(self):
        return self.resultclass(self.stream, self.descriptions, self.verbosity)

    def run(self, test):
        result = self._makeResult()
        result.failfast = self.failfast
        begin = time.perf_counter()
        result.startTestRun()
        try:
            test(result)
        finally:
            result.stopTestRun()
        taken = time.perf_counter() - begin
        if hasattr(result, "printErrors"):
            result.printErrors()
        self.stream.writeln("-" * 70)
        run = result.testsRun
        self.stream.writeln("Ran %d test%s in %.3fs" % (run, "" if run == 1 else "s", taken))
        self.stream.writeln()
        infos = []
        if not result.wasSuccessful():
            self.stream.write("FAILED")
            if result.failures:
                infos.append("failures=%d" % len(result.failures))
            if result.errors:
                infos.append("errors=%d" % len(result.errors))
        else:
            self.stream.write("OK")
        for name, entries in (("skipped", result.skipped), ("expected failures", result.expectedFailures),
                              ("unexpected successes", result.unexpectedSuccesses)):
            if entries:
                infos.append("%s=%d" % (name, len(entries)))
        self.stream.writeln(" (%s)" % ", ".join(infos) if infos else "")
        self.stream.flush()
        return result
