# Modules of the library that programs ask for now and then.
import ast
import contextvars
import difflib
import getopt
import graphlib
import html
import warnings

for text in ("-1.5", "'a' 'b'", "[1, (2,), {'a': None}, {3}]", "1-2j", "()", "1, 2", "0x10", "b'x'", " {'k': [True, ...]}"):
    print(repr(ast.literal_eval(text)), end=";")
print()  # expect: -1.5;'ab';[1, (2,), {'a': None}, {3}];(1-2j);();(1, 2);16;b'x';{'k': [True, Ellipsis]};
raised = []
for text in ("a", "f(1)", "1 + 1", "-'a'", "[x for x in y]", "[1,"):
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError) as e:
        raised.append(type(e).__name__)
print(*raised)  # expect: ValueError ValueError ValueError ValueError ValueError SyntaxError

print(difflib.get_close_matches("appel", ["ape", "apple", "peach", "puppy"]))  # expect: ['apple', 'ape']
print(difflib.SequenceMatcher(None, "qabxcd", "abycdf").get_opcodes()[:3])  # expect: [('delete', 0, 1, 0, 0), ('equal', 1, 3, 0, 2), ('replace', 3, 4, 2, 3)]
print("|".join(difflib.unified_diff(["a", "b"], ["a", "c"], "x", "y", lineterm="")))  # expect: --- x|+++ y|@@ -1,2 +1,2 @@| a|-b|+c
print(html.escape("<a href='x'>"), html.unescape("&lt;&#65;&eacute;&nope;"))  # expect: &lt;a href=&#x27;x&#x27;&gt; <Aé&nope;
print(getopt.getopt(["-a", "-b", "v", "--val=3", "rest"], "ab:", ["val="]))  # expect: ([('-a', ''), ('-b', 'v'), ('--val', '3')], ['rest'])
print(list(graphlib.TopologicalSorter({"d": ["b", "c"], "b": ["a"], "c": ["a"]}).static_order()))  # expect: ['a', 'b', 'c', 'd']
var = contextvars.ContextVar("var", default=1)
token = var.set(2)
inside = contextvars.copy_context().run(lambda: (var.set(5), var.get())[1])
print(inside, var.get(), var.reset(token), var.get())  # expect: 5 2 None 1

# Mixed precision, settings of back ends and several devices, as programs that also run without them ask for it.
warnings.simplefilter("ignore")
import torch
import torch.backends.cudnn as cudnn
from torch.cuda.amp import GradScaler, autocast

cudnn.benchmark = True
scaler = GradScaler()
model = torch.nn.DataParallel(torch.nn.Linear(2, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
with autocast(), torch.autocast("cuda", dtype=torch.float16):
    loss = model(torch.ones(1, 2)).sum()
scaler.scale(loss).backward()
scaler.unscale_(optimizer)
scaler.step(optimizer)
scaler.update()
print(list(model.state_dict()), scaler.is_enabled(), torch.backends.cudnn.benchmark)  # expect: ['module.weight', 'module.bias'] False True
print(hasattr(torch, "legacy"), torch.is_autocast_enabled())  # expect: False False


# Methods are pickled by what they are bound to and their names.
import pickle


class Counter:
    def __init__(self, n):
        self.n = n

    def up(self):
        return self.n + 1


print(pickle.loads(pickle.dumps(Counter(4).up))())  # expect: 5

# help: signatures and docstrings, as pages.
import inspect
from dataclasses import dataclass, field


@dataclass
class Config:
    """Settings."""

    rate: float
    sizes: list = field(default_factory=list)

    def total(self):
        """The sum of the sizes."""
        return sum(self.sizes)


print(inspect.signature(Config))  # expect: (rate: float, sizes: list = <factory>) -> None
help(Config.total)
# expect: Help on function total in module __main__:
# expect: 
# expect: total(self)
# expect:     The sum of the sizes.
# expect: 
import pydoc

page = pydoc.render_doc(Config)
print([line for line in page.split("\n") if "total" in line or "Settings" in line or "class" in line][:4])
# expect: ['Help on class Config in module __main__:', 'class Config(builtins.object)', ' |  Settings.', ' |  total(self)']
