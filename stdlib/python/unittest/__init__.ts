"""Tests: TestCase, suites, a runner on the command line."""
from .case import FunctionTestCase, SkipTest, TestCase, addModuleCleanup, expectedFailure, skip, skipIf, skipUnless
from .main import TestProgram, main
from .runner import TestLoader, TestResult, TestSuite, TextTestResult, TextTestRunner, defaultTestLoader

__all__ = ["TestResult", "TestCase", "TestSuite", "TextTestRunner", "TestLoader", "FunctionTestCase", "main",
           "defaultTestLoader", "SkipTest", "skip", "skipIf", "skipUnless", "expectedFailure", "TextTestResult"]
