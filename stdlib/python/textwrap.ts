"""Wrapping and indenting text."""


_SPACE = "\t\n\x0b\x0c\r "


def _is_word(c):
    return c.isalnum() or c == "_"


def _is_letter(c):
    return _is_word(c) and not c.isdecimal()


def _is_dash(text, at):
    """Whether a dash of two or more hyphens begins here, between words; gives its end."""
    end = at
    while end < len(text) and text[end] == "-":
        end += 1
    if end - at < 2 or end == len(text) or not _is_word(text[end]) or at == 0:
        return 0
    return end if _is_word(text[at - 1]) or text[at - 1] in "!\"'&.,?" else 0


def _may_break(text, at):
    """Whether a line may end behind the hyphen here: letters stand before it, and two of them behind."""
    if at < 2:
        return False
    before = _is_letter(text[at - 1]) and (
        _is_letter(text[at - 2]) or at > 2 and _is_letter(text[at - 3]) and text[at - 2] == "-")
    after = text[at + 1:at + 4]
    return before and len(after) > 1 and _is_letter(after[0]) and (
        _is_letter(after[1]) or after[1] == "-" and len(after) > 2 and _is_letter(after[2]))


def _chunks(text, break_on_hyphens):
    """Words and the white space between them; hyphenated words may break after the hyphen, and dashes stand alone."""
    chunks = []
    i, n = 0, len(text)
    while i < n:
        j = i + 1
        if text[i] in _SPACE:
            while j < n and text[j] in _SPACE:
                j += 1
        elif break_on_hyphens and text[i] == "-" and _is_dash(text, i):
            j = _is_dash(text, i)
        else:
            while j < n and text[j] not in _SPACE:
                if text[j] == "-" and break_on_hyphens:
                    if _may_break(text, j):
                        j += 1
                        break
                    if _is_dash(text, j):
                        break
                j += 1
        chunks.append(text[i:j])
        i = j
    return chunks


class TextWrapper:
    def __init__(self, width=70, initial_indent="", subsequent_indent="", expand_tabs=True, replace_whitespace=True,
                 fix_sentence_endings=False, break_long_words=True, drop_whitespace=True, break_on_hyphens=True, tabsize=8, *,
                 max_lines=None, placeholder=" [...]"):
        self.width = width
        self.initial_indent = initial_indent
        self.subsequent_indent = subsequent_indent
        self.expand_tabs = expand_tabs
        self.replace_whitespace = replace_whitespace
        self.fix_sentence_endings = fix_sentence_endings
        self.break_long_words = break_long_words
        self.drop_whitespace = drop_whitespace
        self.break_on_hyphens = break_on_hyphens
        self.tabsize = tabsize
        self.max_lines = max_lines
        self.placeholder = placeholder

    def _split(self, text):
        return _chunks(text, self.break_on_hyphens)

    def wrap(self, text):
        if self.width <= 0:
            raise ValueError("invalid width %r (must be > 0)" % self.width)
        if self.expand_tabs:
            text = text.expandtabs(self.tabsize)
        if self.replace_whitespace:
            for c in "\t\n\x0b\x0c\r":
                text = text.replace(c, " ")
        if self.max_lines is not None:
            indent = self.subsequent_indent if self.max_lines > 1 else self.initial_indent
            if len(indent) + len(self.placeholder.lstrip()) > self.width:
                raise ValueError("placeholder too large for max width")
        chunks = self._split(text)[::-1]
        if self.fix_sentence_endings:
            for i in range(len(chunks) - 1, 0, -1):
                word = chunks[i].rstrip("\"'")
                if chunks[i - 1] == " " and len(word) > 1 and word[-1] in ".!?" and word[-2].islower():
                    chunks[i - 1] = "  "
        lines = []
        while chunks:
            indent = self.subsequent_indent if lines else self.initial_indent
            room = self.width - len(indent)
            if self.drop_whitespace and chunks[-1].strip() == "" and lines:
                chunks.pop()
            line = []
            used = 0
            while chunks and used + len(chunks[-1]) <= room:
                used += len(chunks[-1])
                line.append(chunks.pop())
            if chunks and len(chunks[-1]) > room:
                space = room - used if room > 0 else 1
                if self.break_long_words:
                    end = space
                    word = chunks[-1]
                    if self.break_on_hyphens and len(word) > space:
                        hyphen = word.rfind("-", 0, space)
                        if hyphen > 0 and any(c != "-" for c in word[:hyphen]):
                            end = hyphen + 1
                    line.append(word[:end])  # may be empty, and keeps the white space before it then
                    chunks[-1] = word[end:]
                elif not line:
                    line.append(chunks.pop())
                used = sum(map(len, line))
            if self.drop_whitespace and line and line[-1].strip() == "":
                used -= len(line[-1])
                line.pop()
            if not line:
                continue
            rest_empty = not chunks or self.drop_whitespace and len(chunks) == 1 and not chunks[0].strip()
            if self.max_lines is None or len(lines) + 1 < self.max_lines or rest_empty and used <= room:
                lines.append(indent + "".join(line))
                continue
            while line:
                if line[-1].strip() and used + len(self.placeholder) <= room:
                    line.append(self.placeholder)
                    lines.append(indent + "".join(line))
                    break
                used -= len(line[-1])
                line.pop()
            else:
                if lines and len(lines[-1].rstrip()) + len(self.placeholder) <= self.width:
                    lines[-1] = lines[-1].rstrip() + self.placeholder
                else:
                    lines.append(indent + self.placeholder.lstrip())
            break
        return lines

    def fill(self, text):
        return "\n".join(self.wrap(text))


def wrap(text, width=70, **kwargs):
    return TextWrapper(width=width, **kwargs).wrap(text)


def fill(text, width=70, **kwargs):
    return TextWrapper(width=width, **kwargs).fill(text)


def shorten(text, width, **kwargs):
    return TextWrapper(width=width, max_lines=1, **kwargs).fill(" ".join(text.strip().split()))


def dedent(text):
    """Removes the white space that all lines share at their start."""
    lines = [("" if line.strip(" \t") == "" else line) for line in text.split("\n")]
    margin = None
    for line in lines:
        if line:
            indent = line[:len(line) - len(line.lstrip(" \t"))]
            if margin is None:
                margin = indent
            while not indent.startswith(margin):
                margin = margin[:-1]
    return "\n".join(line[len(margin or ""):] if line else line for line in lines)


def indent(text, prefix, predicate=None):
    return "".join(prefix + line if (line.strip() if predicate is None else predicate(line)) else line
                   for line in text.splitlines(True))
