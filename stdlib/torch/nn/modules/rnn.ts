"""Recurrent layers: the cells, and whole layers that walk over a sequence with them.

A layer's weights are named as PyTorch names them: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, with the suffix _reverse for
the backward direction.
"""
import math
import torch
from torch.nn import functional as F
from torch.nn import init
from torch.nn.modules.module import Module
from torch.nn.parameter import Parameter
from torch.nn.utils.rnn import PackedSequence

_rnn_sequence = torch._C._private.rnn_sequence
_MODES = {"LSTM": 0, "GRU": 1, "RNN_TANH": 2, "RNN_RELU": 3}
_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def _lstm_step(x_gates, state, w_hh, b_hh):
    h, c = state
    i, f, g, o = (x_gates + F.linear(h, w_hh, b_hh)).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    return h, (h, c)


def _gru_step(x_gates, h, w_hh, b_hh):
    h_gates = F.linear(h, w_hh, b_hh)
    x_r, x_z, x_n = x_gates.chunk(3, -1)
    h_r, h_z, h_n = h_gates.chunk(3, -1)
    r = torch.sigmoid(x_r + h_r)
    z = torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)
    h = (h - n) * z + n
    return h, h


def _tanh_step(x_gates, h, w_hh, b_hh):
    h = torch.tanh(x_gates + F.linear(h, w_hh, b_hh))
    return h, h


def _relu_step(x_gates, h, w_hh, b_hh):
    h = torch.relu(x_gates + F.linear(h, w_hh, b_hh))
    return h, h


_STEPS = {"LSTM": _lstm_step, "GRU": _gru_step, "RNN_TANH": _tanh_step, "RNN_RELU": _relu_step}


def _plain(module):
    """The module itself; of a scripted one, the module that it was made from, whose tensors it shares."""
    original = getattr(module, "_python_module", None)
    if original is None:
        return module
    original.training = module.training
    return original


class RNNBase(Module):
    __constants__ = ["mode", "input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional",
                     "proj_size"]

    def __init__(self, mode, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
                 bidirectional=False, proj_size=0, device=None, dtype=None):
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        if not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1 or isinstance(dropout, bool):
            raise ValueError("dropout should be a number in range [0, 1] representing the probability of an element being zeroed")
        if dropout > 0 and num_layers == 1:
            import warnings
            warnings.warn("dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                          "num_layers greater than 1, but got dropout={} and num_layers={}".format(dropout, num_layers))
        if proj_size < 0:
            raise ValueError("proj_size should be a positive integer or zero to disable projections")
        if proj_size >= hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        directions = 2 if bidirectional else 1
        gates = _GATES[mode] * hidden_size
        out_size = proj_size if proj_size > 0 else hidden_size
        self._all_weights = []

        def parameter(*size):
            return Parameter(torch.empty(size, device=device, dtype=dtype))

        for layer in range(num_layers):
            for direction in range(directions):
                suffix = "_l{}{}".format(layer, "_reverse" if direction else "")
                layer_input = input_size if layer == 0 else out_size * directions
                names = ["weight_ih" + suffix, "weight_hh" + suffix]
                setattr(self, names[0], parameter(gates, layer_input))
                setattr(self, names[1], parameter(gates, out_size))
                if bias:
                    names += ["bias_ih" + suffix, "bias_hh" + suffix]
                    setattr(self, names[2], parameter(gates))
                    setattr(self, names[3], parameter(gates))
                if proj_size > 0:
                    names.append("weight_hr" + suffix)
                    setattr(self, names[-1], parameter(proj_size, hidden_size))
                self._all_weights.append(names)
        self.reset_parameters()

    def reset_parameters(self):
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self):
        pass

    @property
    def all_weights(self):
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def extra_repr(self):
        text = "{}, {}".format(self.input_size, self.hidden_size)
        if self.proj_size != 0:
            text += ", proj_size={}".format(self.proj_size)
        if self.num_layers != 1:
            text += ", num_layers={}".format(self.num_layers)
        if self.bias is not True:
            text += ", bias={}".format(self.bias)
        if self.batch_first is not False:
            text += ", batch_first={}".format(self.batch_first)
        if self.dropout != 0:
            text += ", dropout={}".format(self.dropout)
        if self.bidirectional is not False:
            text += ", bidirectional={}".format(self.bidirectional)
        return text

    def _check_input(self, input):
        if input.dim() != 3:
            raise RuntimeError("input must have 3 dimensions, got {}".format(input.dim()))
        if input.size(-1) != self.input_size:
            raise RuntimeError("input.size(-1) must be equal to input_size. Expected {}, got {}".format(
                self.input_size, input.size(-1)))

    def _check_state_dims(self, hx, dims, words):
        if self.mode == "LSTM":
            if hx[0].dim() != dims or hx[1].dim() != dims:
                raise RuntimeError("For {} input, hx and cx should also be {}-D but got ({}-D, {}-D) tensors".format(
                    words, dims, hx[0].dim(), hx[1].dim()))
        elif hx.dim() != dims:
            raise RuntimeError("For {} input, hx should also be {}-D but got {}-D tensor".format(words, dims, hx.dim()))

    def _check_state(self, state, expected, what="hidden"):
        if tuple(state.size()) != expected:
            raise RuntimeError("Expected {} size {}, got {}".format(what, expected, list(state.size())))

    def forward(self, input, hx=None):
        packed = isinstance(input, PackedSequence)
        if packed:
            return self._forward_packed(input, hx)
        batched = input.dim() == 3
        is_lstm = self.mode == "LSTM"
        batch_dim = 0 if self.batch_first else 1
        if not batched:
            input = input.unsqueeze(batch_dim)
            if hx is not None:
                self._check_state_dims(hx, 2, "unbatched 2-D")
                hx = tuple(s.unsqueeze(1) for s in hx) if is_lstm else hx.unsqueeze(1)
        elif hx is not None:
            self._check_state_dims(hx, 3, "batched 3-D")
        self._check_input(input)
        x = input.transpose(0, 1) if self.batch_first else input
        rows = self.num_layers * (2 if self.bidirectional else 1)
        out_size = self.proj_size if self.proj_size > 0 else self.hidden_size
        batch = x.size(1)
        if hx is None:
            zeros = torch.zeros(rows, batch, out_size, dtype=input.dtype, device=input.device)
            hx = (zeros, torch.zeros(rows, batch, self.hidden_size, dtype=input.dtype, device=input.device)) if is_lstm else zeros
        else:
            self._check_states(hx, rows, batch, out_size)
        y, final = self._run(x, hx, [batch] * x.size(0))
        if self.batch_first:
            y = y.transpose(0, 1)
        if not batched:
            y = y.squeeze(batch_dim)
            final = tuple(s.squeeze(1) for s in final) if is_lstm else final.squeeze(1)
        return y, final

    def _run(self, x, hx, batch_sizes):
        """All layers over x, (time, batch, features) or packed; hx and the result have a row per layer and direction."""
        is_lstm = self.mode == "LSTM"
        directions = 2 if self.bidirectional else 1
        mode = _MODES[self.mode]
        hs, cs = [], []
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(directions):
                row = layer * directions + direction
                names = self._all_weights[row]
                w_ih, w_hh = getattr(self, names[0]), getattr(self, names[1])
                b_ih, b_hh = (getattr(self, names[2]), getattr(self, names[3])) if self.bias else (None, None)
                w_hr = getattr(self, names[-1]) if self.proj_size > 0 else None
                h0, c0 = (hx[0][row], hx[1][row]) if is_lstm else (hx[row], None)
                result = _rnn_sequence(F.linear(x, w_ih, b_ih), h0, c0, w_hh, b_hh, w_hr, batch_sizes, mode, direction == 1)
                outputs.append(result[0])
                hs.append(result[1])
                cs.append(result[2])
            x = outputs[0] if directions == 1 else torch.cat(outputs, -1)
            if self.dropout > 0 and layer + 1 < self.num_layers:
                x = F.dropout(x, self.dropout, self.training)
        if is_lstm:
            return x, (torch.stack(hs), torch.stack(cs))
        return x, torch.stack(hs)

    def _forward_packed(self, packed, hx):
        is_lstm = self.mode == "LSTM"
        rows = self.num_layers * (2 if self.bidirectional else 1)
        out_size = self.proj_size if self.proj_size > 0 else self.hidden_size
        x = packed.data
        if x.dim() != 2:
            raise RuntimeError("input must have 2 dimensions, got {}".format(x.dim()))
        if x.size(-1) != self.input_size:
            raise RuntimeError("input.size(-1) must be equal to input_size. Expected {}, got {}".format(self.input_size, x.size(-1)))
        sizes = packed.batch_sizes.tolist()
        batch = sizes[0]
        if hx is None:
            zeros = torch.zeros(rows, batch, out_size, dtype=x.dtype, device=x.device)
            hx = (zeros, torch.zeros(rows, batch, self.hidden_size, dtype=x.dtype, device=x.device)) if is_lstm else zeros
        elif packed.sorted_indices is not None:
            order = packed.sorted_indices
            hx = tuple(s.index_select(1, order) for s in hx) if is_lstm else hx.index_select(1, order)
        self._check_states(hx, rows, batch, out_size)
        y, final = self._run(x, hx, sizes)
        if packed.unsorted_indices is not None:
            order = packed.unsorted_indices
            final = tuple(s.index_select(1, order) for s in final) if is_lstm else final.index_select(1, order)
        return PackedSequence(y, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices), final

    def _check_states(self, hx, rows, batch, out_size):
        if self.mode == "LSTM":
            self._check_state(hx[0], (rows, batch, out_size), "hidden[0]")
            self._check_state(hx[1], (rows, batch, self.hidden_size), "hidden[1]")
        else:
            self._check_state(hx, (rows, batch, out_size))


class RNN(RNNBase):
    def __init__(self, *args, **kwargs):
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        self_nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if self_nonlinearity not in ("tanh", "relu"):
            raise ValueError("Unknown nonlinearity '{}'".format(self_nonlinearity))
        super().__init__("RNN_" + self_nonlinearity.upper(), *args, **kwargs)
        self.nonlinearity = self_nonlinearity

    def forward(self, input, hx: "Optional[Tensor]" = None) -> "Tuple[Tensor, Tensor]":
        return RNNBase.forward(_plain(self), input, hx)

    forward._torchscript_modifier = "ignore"  # scripted code calls it as it is


class LSTM(RNNBase):
    def __init__(self, *args, **kwargs):
        super().__init__("LSTM", *args, **kwargs)

    def forward(self, input, hx: "Optional[Tuple[Tensor, Tensor]]" = None) -> "Tuple[Tensor, Tuple[Tensor, Tensor]]":
        return RNNBase.forward(_plain(self), input, hx)

    forward._torchscript_modifier = "ignore"  # scripted code calls it as it is


class GRU(RNNBase):
    def __init__(self, *args, **kwargs):
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)

    def forward(self, input, hx: "Optional[Tensor]" = None) -> "Tuple[Tensor, Tensor]":
        return RNNBase.forward(_plain(self), input, hx)

    forward._torchscript_modifier = "ignore"  # scripted code calls it as it is


class RNNCellBase(Module):
    __constants__ = ["input_size", "hidden_size", "bias"]

    def __init__(self, input_size, hidden_size, bias, num_chunks, device=None, dtype=None):
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(torch.empty((rows, input_size), device=device, dtype=dtype))
        self.weight_hh = Parameter(torch.empty((rows, hidden_size), device=device, dtype=dtype))
        if bias:
            self.bias_ih = Parameter(torch.empty(rows, device=device, dtype=dtype))
            self.bias_hh = Parameter(torch.empty(rows, device=device, dtype=dtype))
        else:
            self.register_parameter("bias_ih", None)
            self.register_parameter("bias_hh", None)
        self.reset_parameters()

    def reset_parameters(self):
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self):
        text = "{}, {}".format(self.input_size, self.hidden_size)
        if self.bias is not True:
            text += ", bias={}".format(self.bias)
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += ", nonlinearity={}".format(self.nonlinearity)
        return text

    def _step(self, mode, input, state):
        name = type(self).__name__
        if input.dim() not in (1, 2):
            raise AssertionError("{}: Expected input to be 1-D or 2-D but received {}-D tensor".format(name, input.dim()))
        batched = input.dim() == 2
        x = input if batched else input.unsqueeze(0)
        if state is None:
            zeros = torch.zeros(x.size(0), self.hidden_size, dtype=x.dtype, device=x.device)
            state = (zeros, zeros) if mode == "LSTM" else zeros
        elif not batched:
            state = tuple(s.unsqueeze(0) for s in state) if mode == "LSTM" else state.unsqueeze(0)
        if x.size(1) != self.input_size:
            raise RuntimeError("input has inconsistent input_size: got {} expected {}".format(x.size(1), self.input_size))
        for h in state if mode == "LSTM" else (state,):
            if x.size(0) != h.size(0):
                raise RuntimeError("Input batch size {} doesn't match hidden0 batch size {}".format(x.size(0), h.size(0)))
            if h.size(1) != self.hidden_size:
                raise RuntimeError("hidden0 has inconsistent hidden_size: got {}, expected {}".format(h.size(1), self.hidden_size))
        y, state = _STEPS[mode](F.linear(x, self.weight_ih, self.bias_ih), state, self.weight_hh, self.bias_hh)
        if not batched:
            state = tuple(s.squeeze(0) for s in state) if mode == "LSTM" else state.squeeze(0)
        return state


class RNNCell(RNNCellBase):
    __constants__ = ["input_size", "hidden_size", "bias", "nonlinearity"]

    def __init__(self, input_size, hidden_size, bias=True, nonlinearity="tanh", device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input, hx: "Optional[Tensor]" = None) -> "Tensor":
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError("Unknown nonlinearity: {}".format(self.nonlinearity))
        return _plain(self)._step("RNN_" + self.nonlinearity.upper(), input, hx)

    forward._torchscript_modifier = "ignore"


class LSTMCell(RNNCellBase):
    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input, hx: "Optional[Tuple[Tensor, Tensor]]" = None) -> "Tuple[Tensor, Tensor]":
        return _plain(self)._step("LSTM", input, hx)

    forward._torchscript_modifier = "ignore"


class GRUCell(RNNCellBase):
    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input, hx: "Optional[Tensor]" = None) -> "Tensor":
        return _plain(self)._step("GRU", input, hx)

    forward._torchscript_modifier = "ignore"
