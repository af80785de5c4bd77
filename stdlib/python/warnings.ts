"""Warnings: messages on stderr that programs can silence, record or turn into errors."""
import sys

filters = [("default", None, DeprecationWarning, "__main__", 0), ("ignore", None, DeprecationWarning, None, 0),
           ("ignore", None, PendingDeprecationWarning, None, 0), ("ignore", None, ImportWarning, None, 0),
           ("ignore", None, ResourceWarning, None, 0)]
_seen = {}
_default_action = "default"
_version = 0


def _filters_changed():
    global _version
    _version += 1


class WarningMessage:
    def __init__(self, message, category, filename, lineno, file=None, line=None, source=None):
        self.message = message
        self.category = category
        self.filename = filename
        self.lineno = lineno
        self.file = file
        self.line = line
        self.source = source
        self._category_name = category.__name__ if category else None

    def __str__(self):
        return "{message : %r, category : %r, filename : %r, lineno : %s, line : %r}" % (
            self.message, self._category_name, self.filename, self.lineno, self.line)


def _source_line(filename, lineno):
    try:
        with open(filename, encoding="utf-8") as f:
            for number, text in enumerate(f, 1):
                if number == lineno:
                    return text.strip()
    except (OSError, UnicodeDecodeError):
        pass
    return ""


def formatwarning(message, category, filename, lineno, line=None):
    text = f"{filename}:{lineno}: {category.__name__}: {message}\n"
    line = _source_line(filename, lineno) if line is None else line.strip()
    if line:
        text += f"  {line}\n"
    return text


def showwarning(message, category, filename, lineno, file=None, line=None):
    file = sys.stderr if file is None else file
    if file is None:
        return
    try:
        file.write(formatwarning(message, category, filename, lineno, line))
    except OSError:
        pass


def _matches(rule, text, category, module, lineno):
    action, message, kind, where, line = rule
    if not issubclass(category, kind) or line not in (0, lineno):
        return False
    if message is not None and not _pattern(message).match(text):
        return False
    if where is None:
        return True
    return where == module if isinstance(where, str) and where == "__main__" else bool(_pattern(where).match(module))


def _pattern(text):
    import re
    return text if hasattr(text, "match") else re.compile(text, re.I)


def warn(message, category=None, stacklevel=1, source=None):
    if isinstance(message, Warning):
        category = message.__class__
    category = UserWarning if category is None else category
    if not (isinstance(category, type) and issubclass(category, Warning)):
        raise TypeError("category must be a Warning subclass, not '{:s}'".format(type(category).__name__))
    try:
        frame = sys._getframe(stacklevel)
    except ValueError:
        frame = None
    if frame is None:
        filename, lineno, module, registry = "sys", 1, "sys", _seen
    else:
        filename, lineno = frame.f_code.co_filename, frame.f_lineno
        module = frame.f_globals.get("__name__", "<string>")
        registry = frame.f_globals.setdefault("__warningregistry__", {})
    warn_explicit(message, category, filename, lineno, module, registry, None, source)


def warn_explicit(message, category, filename, lineno, module=None, registry=None, module_globals=None, source=None):
    module = module or filename or "<unknown>"
    registry = _seen if registry is None else registry
    if registry.get("version") != _version:  # filters have changed: what was said before may be said again
        registry.clear()
        registry["version"] = _version
    if isinstance(message, Warning):
        text = str(message)
        category = message.__class__
    else:
        text = message
        message = category(message)
    key = (text, category, lineno, filename)
    action = _default_action
    for rule in filters:
        if _matches(rule, text, category, module, lineno):
            action = rule[0]
            break
    if action == "ignore":
        return
    if action == "error":
        raise message
    if action == "once":
        key = (text, category)
        registry = _seen
    elif action == "module":
        key = (text, category, filename)
    if action != "always":
        if key in registry:
            return
        registry[key] = 1
    if _recorders:
        _recorders[-1].append(WarningMessage(message, category, filename, lineno, source=source))
    else:
        showwarning(message, category, filename, lineno)


def filterwarnings(action, message="", category=Warning, module="", lineno=0, append=False):
    if action not in ("error", "ignore", "always", "default", "module", "once"):
        raise AssertionError("invalid action: %r" % (action,))
    rule = (action, message or None, category, module or None, lineno)
    _add(rule, append)


def simplefilter(action, category=Warning, lineno=0, append=False):
    if action not in ("error", "ignore", "always", "default", "module", "once"):
        raise AssertionError("invalid action: %r" % (action,))
    _add((action, None, category, None, lineno), append)


def _add(rule, append):
    if append:
        if rule not in filters:
            filters.append(rule)
    else:
        if rule in filters:
            filters.remove(rule)
        filters.insert(0, rule)
    _filters_changed()


def resetwarnings():
    filters[:] = []
    _filters_changed()


_recorders = []


class catch_warnings:
    """Restores filters at the end; with record=True gives a list of the warnings."""

    def __init__(self, *, record=False, module=None, action=None, category=Warning, lineno=0, append=False):
        self._record = record
        self._rule = None if action is None else (action, category, lineno, append)

    def __enter__(self):
        self._saved = filters[:]
        _filters_changed()
        if self._rule is not None:
            simplefilter(*self._rule)
        if self._record:
            self._log = []
            _recorders.append(self._log)
            return self._log

    def __exit__(self, *exc_info):
        filters[:] = self._saved
        _filters_changed()
        if self._record:
            _recorders.pop()
