# Mocks, differences of texts, eval as a value.
import difflib
import operator
import os
from unittest import TestCase
from unittest.mock import ANY, MagicMock, Mock, call, mock_open, patch


class Net:
    add = operator.add

    def forward(self, x):
        return x + 1


def error(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}".replace("\n", "|")


loss = Mock(side_effect=[1, ValueError("bad")])
print(loss(3), error(loss), loss.call_count, loss.mock_calls, error(loss.assert_called_once))  # expect: 1 ValueError: bad 2 [call(3), call()] AssertionError: Expected 'mock' to have been called once. Called 2 times.|Calls: [call(3), call()].
model = MagicMock(name="model")
model.layers[0].forward.return_value = 7
print(model.layers[0].forward(1, k=2), len(model.mock_calls), model.mock_calls[-1], len(model), list(model), error(lambda: model.forward.assert_called_with(1)))  # expect: 7 3 call.layers.__getitem__().forward(1, k=2) 0 [] AssertionError: expected call not found.|Expected: forward(1)|Actual: not called.
with patch.object(Net, "forward", return_value="patched") as forward, patch("os.getcwd", return_value="/fake"):
    print(Net().forward(5), forward.call_args == call(ANY), os.getcwd())  # expect: patched True /fake
with patch("builtins.open", mock_open(read_data="a\nb")), open("no such file") as f, patch.dict("os.environ", {"MODE": "test"}):
    print(f.readlines(), os.environ["MODE"], Net().forward(1), "MODE" in os.environ)  # expect: ['a\n', 'b'] test 2 True
print(list(difflib.ndiff(["lr = 0.1", "same"], ["lr = 0.01", "same", "new"])))  # expect: ['- lr = 0.1', '+ lr = 0.01', '?        +\n', '  same', '+ new']
print(error(lambda: TestCase().assertRaises(ValueError, int, "1")), error(lambda: TestCase().assertEqual([1, 2], [1, 3])))  # expect: AssertionError: ValueError not raised by int AssertionError: Lists differ: [1, 2] != [1, 3]||First differing element 1:|2|3||- [1, 2]|?     ^||+ [1, 3]|?     ^|
print(list(map(eval, ["1 + 1", "[2] * 2"])), Net().add(1, 2), {(n := 2): n})  # expect: [2, [2, 2]] 3 {2: 2}
