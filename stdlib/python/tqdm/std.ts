"""The progress bar, with tqdm's look."""
import shutil
import sys
import time
from contextlib import contextmanager

__all__ = ["tqdm", "trange", "TqdmTypeError", "TqdmKeyError", "TqdmWarning"]


class TqdmTypeError(TypeError):
    pass


class TqdmKeyError(KeyError):
    pass


class TqdmWarning(Warning):
    pass


_BLOCKS = " ▏▎▍▌▋▊▉█"


def _bar(fraction, width, symbols):
    fraction = max(0.0, min(1.0, fraction))
    steps = len(symbols) - 1
    full, part = divmod(int(fraction * width * steps), steps)
    text = symbols[-1] * full
    if full < width:
        text += symbols[part] + symbols[0] * (width - full - 1)
    return text


class tqdm:
    """An iterable that shows on stderr how far it is."""
    monitor_interval = 10
    _open = []

    @staticmethod
    def format_sizeof(num, suffix="", divisor=1000):
        for unit in ["", "k", "M", "G", "T", "P", "E", "Z"]:
            if abs(num) < 999.5:
                if abs(num) < 99.95:
                    if abs(num) < 9.995:
                        return "{0:1.2f}".format(num) + unit + suffix
                    return "{0:2.1f}".format(num) + unit + suffix
                return "{0:3.0f}".format(num) + unit + suffix
            num /= divisor
        return "{0:3.1f}Y".format(num) + suffix

    @staticmethod
    def format_interval(t):
        mins, s = divmod(int(t), 60)
        h, m = divmod(mins, 60)
        return "{0:d}:{1:02d}:{2:02d}".format(h, m, s) if h else "{0:02d}:{1:02d}".format(m, s)

    @staticmethod
    def format_num(n):
        f = "{0:.3g}".format(n).replace("+0", "+").replace("-0", "-")
        n = str(n)
        return f if len(f) < len(n) else n

    @staticmethod
    def format_meter(n, total, elapsed, ncols=None, prefix="", ascii=False, unit="it", unit_scale=False, rate=None,
                     bar_format=None, postfix=None, unit_divisor=1000, initial=0, colour=None, **extra_kwargs):
        if total and n >= total + 0.5:
            total = None
        if unit_scale and unit_scale not in (True, 1):
            if total:
                total *= unit_scale
            n *= unit_scale
            if rate:
                rate *= unit_scale
            unit_scale = False
        elapsed_str = tqdm.format_interval(elapsed)
        if rate is None and elapsed:
            rate = (n - initial) / elapsed
        inv_rate = 1 / rate if rate else None

        def number(x):
            return tqdm.format_sizeof(x, divisor=unit_divisor) if unit_scale else "{0:5.2f}".format(x)

        rate_noinv = (number(rate) if rate else "?") + unit + "/s"
        rate_inv = (number(inv_rate) if inv_rate else "?") + "s/" + unit
        rate_fmt = rate_inv if inv_rate and inv_rate > 1 else rate_noinv
        if unit_scale:
            n_fmt = tqdm.format_sizeof(n, divisor=unit_divisor)
            total_fmt = tqdm.format_sizeof(total, divisor=unit_divisor) if total is not None else "?"
        else:
            n_fmt, total_fmt = str(n), str(total) if total is not None else "?"
        postfix = ", " + postfix if postfix else ""
        remaining = (total - n) / rate if rate and total else 0
        remaining_str = tqdm.format_interval(remaining) if rate else "?"
        if prefix:
            left = prefix if prefix[-2:] == ": " else prefix + ": "
        else:
            left = ""
        right = f"| {n_fmt}/{total_fmt} [{elapsed_str}<{remaining_str}, {rate_fmt}{postfix}]"
        symbols = " 123456789#" if ascii is True else _BLOCKS if not ascii else ascii
        if total:
            fraction = n / total
            percentage = fraction * 100
            left += "{0:3.0f}%|".format(percentage)
            if ncols == 0:
                return left[:-1] + right[1:]
            values = dict(n=n, n_fmt=n_fmt, total=total, total_fmt=total_fmt, elapsed=elapsed_str, elapsed_s=elapsed,
                          ncols=ncols, desc=prefix or "", unit=unit, rate=inv_rate if inv_rate and inv_rate > 1 else rate,
                          rate_fmt=rate_fmt, rate_noinv=rate, rate_noinv_fmt=rate_noinv, rate_inv=inv_rate,
                          rate_inv_fmt=rate_inv, postfix=postfix, unit_divisor=unit_divisor, colour=colour,
                          remaining=remaining_str, remaining_s=remaining, l_bar=left, r_bar=right, percentage=percentage,
                          **extra_kwargs)
            if bar_format:
                if prefix and "{desc}" in bar_format:
                    values["desc"] = prefix
                if "{bar" not in bar_format:
                    return bar_format.format(bar="", **values)
                width = 10
                head, _, tail = bar_format.partition("{bar")
                spec, _, tail = tail.partition("}")
                if spec.startswith(":"):
                    width = int(spec[1:].rstrip("ab")) if spec[1:].rstrip("ab") else 10
                    head, tail = head.format(bar="", **values), tail.format(bar="", **values)
                else:
                    head, tail = head.format(bar="", **values), tail.format(bar="", **values)
                    if ncols:
                        width = max(1, ncols - len(head) - len(tail))
                return head + _bar(fraction, width, symbols) + tail
            width = max(1, ncols - len(left) - len(right)) if ncols else 10
            return left + _bar(fraction, width, symbols) + right
        if bar_format:
            values = dict(n=n, n_fmt=n_fmt, total=total, total_fmt=total_fmt, elapsed=elapsed_str, elapsed_s=elapsed,
                          desc=prefix or "", unit=unit, rate=rate, rate_fmt=rate_fmt, postfix=postfix, l_bar=left,
                          r_bar=right, percentage=0, remaining="?", **extra_kwargs)
            return bar_format.replace("{bar}", "").format(bar="", **values)
        head = ((prefix if prefix[-2:] == ": " else prefix + ": ") if prefix else "")
        return f"{head}{n_fmt}{unit} [{elapsed_str}, {rate_fmt}{postfix}]"

    def __init__(self, iterable=None, desc=None, total=None, leave=True, file=None, ncols=None, mininterval=0.1,
                 maxinterval=10.0, miniters=None, ascii=None, disable=False, unit="it", unit_scale=False,
                 dynamic_ncols=False, smoothing=0.3, bar_format=None, initial=0, position=None, postfix=None,
                 unit_divisor=1000, write_bytes=False, lock_args=None, nrows=None, colour=None, delay=0.0, gui=False,
                 **kwargs):
        if kwargs:
            raise TqdmKeyError("Unknown argument(s): " + str(kwargs))
        self.fp = sys.stderr if file is None else file
        if disable is None and hasattr(self.fp, "isatty") and not self.fp.isatty():
            disable = True
        if total is None and iterable is not None:
            try:
                total = len(iterable)
            except (TypeError, AttributeError, NotImplementedError):
                total = None
        if total == float("inf"):
            total = None
        self.iterable, self.desc, self.total, self.leave = iterable, desc or "", total, leave
        self.disable, self.unit, self.unit_scale, self.unit_divisor = bool(disable), unit, unit_scale, unit_divisor
        self.n = self.last_print_n = initial
        self.initial, self.bar_format, self.smoothing = initial, bar_format, smoothing
        self.mininterval, self.miniters, self.dynamic_ncols, self.delay, self.colour = (mininterval, miniters or 0,
                                                                                        dynamic_ncols, delay, colour)
        self.postfix = None
        if disable:
            return
        if ascii is None:
            encoding = getattr(self.fp, "encoding", None) or "utf-8"
            ascii = not encoding.lower().startswith("utf")
        self.ascii = ascii
        if ncols is None and hasattr(self.fp, "isatty") and self.fp.isatty():
            ncols = shutil.get_terminal_size().columns
        self.ncols = ncols
        self.pos = len(tqdm._open) if position is None else position
        tqdm._open.append(self)
        if postfix:
            try:
                self.set_postfix(refresh=False, **postfix)
            except TypeError:
                self.postfix = postfix
        self._last_length = 0
        self._closed = False
        self._ema_n = self._ema_t = 0.0
        self._ema_calls = 0
        self.start_t = self.last_print_t = time.time()
        if delay <= 0:
            self.refresh()

    def __len__(self):
        if self.iterable is None:
            return self.total
        return len(self.iterable) if hasattr(self.iterable, "__len__") else self.total

    def __bool__(self):
        if self.total is not None:
            return self.total > 0
        return bool(self.iterable)

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        self.close()

    def __del__(self):
        try:
            self.close()
        except Exception:
            pass

    def __iter__(self):
        iterable = self.iterable
        if self.disable:
            for obj in iterable:
                yield obj
            return
        n, last = self.n, self.last_print_n
        try:
            for obj in iterable:
                yield obj
                n += 1
                if n - last >= self.miniters:
                    if time.time() - self.last_print_t >= self.mininterval:
                        self.update(n - self.n)
                        last = self.last_print_n
        finally:
            self.n = n
            self.close()

    def update(self, n=1):
        if self.disable:
            return None
        self.n += n
        now = time.time()
        elapsed = now - self.last_print_t
        if elapsed >= self.mininterval and now >= self.start_t + self.delay:
            steps = self.n - self.last_print_n
            if self.smoothing and elapsed and steps:
                a = self.smoothing
                self._ema_n = a * steps + (1 - a) * self._ema_n
                self._ema_t = a * elapsed + (1 - a) * self._ema_t
                self._ema_calls += 1
            self.last_print_n, self.last_print_t = self.n, now
            self.refresh()
            return True
        return None

    @property
    def format_dict(self):
        if self.disable:
            return dict(n=self.n, total=self.total, elapsed=0, unit="it")
        if self.dynamic_ncols:
            self.ncols = shutil.get_terminal_size().columns
        rate = self._ema_n / self._ema_t if self._ema_calls and self._ema_t and not self._closed else None
        return dict(n=self.n, total=self.total, elapsed=time.time() - self.start_t, ncols=self.ncols, prefix=self.desc,
                    ascii=self.ascii, unit=self.unit, unit_scale=self.unit_scale, rate=rate, bar_format=self.bar_format,
                    postfix=self.postfix, unit_divisor=self.unit_divisor, initial=self.initial, colour=self.colour)

    def __str__(self):
        return tqdm.format_meter(**self.format_dict)

    __repr__ = __str__

    def _show(self, text):
        self.fp.write(("\n" * self.pos) + "\r" + text + " " * max(self._last_length - len(text), 0)
                      + ("\x1b[A" * self.pos))
        self._last_length = len(text)
        self.fp.flush()

    def display(self, msg=None, pos=None):
        if not self.disable:
            self._show(str(self) if msg is None else msg)
        return True

    def refresh(self, nolock=False, lock_args=None):
        if not self.disable:
            self.display()
        return True

    def clear(self, nolock=False):
        if not self.disable:
            self._show("")
            self.fp.write("\r")
            self.fp.flush()

    def reset(self, total=None):
        self.n = 0
        if total is not None:
            self.total = total
        if self.disable:
            return
        self.last_print_n = 0
        self.last_print_t = self.start_t = time.time()
        self._ema_n = self._ema_t = 0.0
        self._ema_calls = 0
        self.refresh()

    def close(self):
        if self.disable or self._closed:
            return
        self._closed = True
        if self in tqdm._open:
            tqdm._open.remove(self)
        leave = self.pos == 0 if self.leave is None else self.leave
        if leave:
            self._show(str(self))
            if self.pos == 0:
                self.fp.write("\n")
        else:
            self._show("")
            if not self.pos:
                self.fp.write("\r")
        self.fp.flush()
        self.disable = True

    def unpause(self):
        pass

    def set_description(self, desc=None, refresh=True):
        self.desc = desc + ": " if desc else ""
        if refresh:
            self.refresh()

    def set_description_str(self, desc=None, refresh=True):
        self.desc = desc or ""
        if refresh:
            self.refresh()

    def set_postfix(self, ordered_dict=None, refresh=True, **kwargs):
        values = dict([] if ordered_dict is None else ordered_dict)
        for key in sorted(kwargs.keys()):
            values[key] = kwargs[key]
        parts = []
        for key, value in values.items():
            if isinstance(value, (int, float)):
                text = self.format_num(value)
            else:
                text = value if isinstance(value, str) else str(value)
            parts.append(key + "=" + text.strip())
        self.postfix = ", ".join(parts)
        if refresh:
            self.refresh()

    def set_postfix_str(self, s="", refresh=True):
        self.postfix = str(s)
        if refresh:
            self.refresh()

    @classmethod
    def write(cls, s, file=None, end="\n", nolock=False):
        """Prints a line without disturbing the bars."""
        fp = sys.stdout if file is None else file
        bars = [b for b in cls._open if not b.disable]
        for b in bars:
            b.clear()
        fp.write(s)
        fp.write(end)
        fp.flush()
        for b in bars:
            b.refresh()

    @classmethod
    @contextmanager
    def external_write_mode(cls, file=None, nolock=False):
        for b in cls._open:
            b.clear()
        yield
        for b in cls._open:
            b.refresh()

    @classmethod
    def wrapattr(cls, stream, method, total=None, bytes=True, **kwargs):
        raise NotImplementedError("tqdm.wrapattr")

    @classmethod
    def pandas(cls, *args, **kwargs):
        raise NotImplementedError("tqdm.pandas: there is no pandas")


def trange(*args, **kwargs):
    """tqdm(range(*args), **kwargs)"""
    return tqdm(range(*args), **kwargs)
