"""Logging set up from a dict."""
import importlib
import logging
import logging.handlers
import sys


def _resolve(text):
    parts = text.split(".")
    for n in range(len(parts) - 1, 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:n]))
        except ImportError:
            continue
        for name in parts[n:]:
            thing = getattr(thing, name)
        return thing
    raise ValueError("Cannot resolve %r" % text)


def _value(v):
    if isinstance(v, str) and v.startswith("ext://"):
        return _resolve(v[6:])
    return v


def dictConfig(config):
    """Makes formatters, filters, handlers and loggers as the dict says."""
    if config.get("version") != 1:
        raise ValueError("Unsupported version: %s" % config.get("version"))
    formatters = {}
    for name, c in config.get("formatters", {}).items():
        make = _resolve(c["class"]) if "class" in c else logging.Formatter
        if "()" in c:
            options = {k: _value(v) for k, v in c.items() if k != "()"}
            formatters[name] = (c["()"] if callable(c["()"]) else _resolve(c["()"]))(**options)
        else:
            formatters[name] = make(c.get("format"), c.get("datefmt"), c.get("style", "%"))
    filters = {}
    for name, c in config.get("filters", {}).items():
        if "()" in c:
            options = {k: _value(v) for k, v in c.items() if k != "()"}
            filters[name] = (c["()"] if callable(c["()"]) else _resolve(c["()"]))(**options)
        else:
            filters[name] = logging.Filter(c.get("name", ""))
    handlers = {}
    for name, c in config.get("handlers", {}).items():
        options = {k: _value(v) for k, v in c.items() if k not in ("class", "()", "level", "formatter", "filters")}
        make = c["()"] if "()" in c else c["class"]
        handler = (make if callable(make) else _resolve(make))(**options)
        handler.set_name(name)
        if "level" in c:
            handler.setLevel(c["level"])
        if "formatter" in c:
            handler.setFormatter(formatters[c["formatter"]])
        for f in c.get("filters", ()):
            handler.addFilter(filters[f])
        handlers[name] = handler

    def apply(logger, c):
        if "level" in c:
            logger.setLevel(c["level"])
        if not config.get("incremental"):
            for h in logger.handlers[:]:
                logger.removeHandler(h)
        for h in c.get("handlers", ()):
            logger.addHandler(handlers[h])
        for f in c.get("filters", ()):
            logger.addFilter(filters[f])
        if "propagate" in c:
            logger.propagate = c["propagate"]

    named = config.get("loggers", {})
    if config.get("disable_existing_loggers", True) and not config.get("incremental"):
        for name, logger in logging.root.manager.loggerDict.items():
            if isinstance(logger, logging.Logger) and not any([name == n or name.startswith(n + ".") for n in named]):
                logger.disabled = True
    for name, c in named.items():
        logger = logging.getLogger(name)
        apply(logger, c)
        logger.disabled = False
    if "root" in config:
        apply(logging.root, config["root"])


def fileConfig(fname, *args, **kwargs):
    raise NotImplementedError("logging.config.fileConfig: use dictConfig")
