"""Recurrent layers: the cells, and whole layers that walk over a sequence with them.

A layer's weights are named as PyTorch names them: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, with the suffix _reverse for
the backward direction. What is annotated here is also scripted code: a method of scripted modules.
"""
import math
import torch
from torch._jit_internal import _overload_method
from torch.nn import init
from torch.nn.modules.module import Module
from torch.nn.parameter import Parameter
from torch.nn.utils.rnn import PackedSequence
from typing import List

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def _apply_permutation(tensor, permutation, dim=1):
    return tensor.index_select(dim, permutation)


class RNNBase(Module):
    __constants__ = ["mode", "input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional",
                     "proj_size"]
    __script_attributes__ = {"_flat_weights": List[torch.Tensor]}

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

    @property
    def _flat_weights(self):
        """The weights in the order that the operators take them."""
        return [getattr(self, name) for names in self._all_weights for name in names]

    def check_input(self, input: "Tensor", batch_sizes: "Optional[Tensor]") -> "None":
        expected_input_dim = 2 if batch_sizes is not None else 3
        if input.dim() != expected_input_dim:
            raise RuntimeError("input must have {} dimensions, got {}".format(expected_input_dim, input.dim()))
        if self.input_size != input.size(-1):
            raise RuntimeError("input.size(-1) must be equal to input_size. Expected {}, got {}".format(self.input_size, input.size(-1)))

    def get_expected_hidden_size(self, input: "Tensor", batch_sizes: "Optional[Tensor]") -> "Tuple[int, int, int]":
        if batch_sizes is not None:
            mini_batch = int(batch_sizes[0])
        else:
            mini_batch = input.size(0) if self.batch_first else input.size(1)
        num_directions = 2 if self.bidirectional else 1
        if self.proj_size > 0:
            expected_hidden_size = (self.num_layers * num_directions, mini_batch, self.proj_size)
        else:
            expected_hidden_size = (self.num_layers * num_directions, mini_batch, self.hidden_size)
        return expected_hidden_size

    def check_hidden_size(self, hx: "Tensor", expected_hidden_size: "Tuple[int, int, int]",
                          msg: "str" = "Expected hidden size {}, got {}") -> "None":
        if hx.size() != expected_hidden_size:
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.size())))

    def check_forward_args(self, input: "Tensor", hidden: "Tensor", batch_sizes: "Optional[Tensor]") -> "None":
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: "Tensor", permutation: "Optional[Tensor]") -> "Tensor":
        if permutation is None:
            return hx
        return _apply_permutation(hx, permutation)

    def _zeros(self, like, rows, width):
        num_directions = 2 if self.bidirectional else 1
        return torch.zeros(self.num_layers * num_directions, rows, width, dtype=like.dtype, device=like.device)


class RNN(RNNBase):
    def __init__(self, *args, **kwargs):
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        self_nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if self_nonlinearity not in ("tanh", "relu"):
            raise ValueError("Unknown nonlinearity '{}'".format(self_nonlinearity))
        super().__init__("RNN_" + self_nonlinearity.upper(), *args, **kwargs)
        self.nonlinearity = self_nonlinearity

    @_overload_method
    def forward(self, input: "Tensor", hx: "Optional[Tensor]" = None) -> "Tuple[Tensor, Tensor]":
        ...

    @_overload_method
    def forward(self, input: "PackedSequence", hx: "Optional[Tensor]" = None) -> "Tuple[PackedSequence, Tensor]":
        ...

    def forward(self, input, hx=None):
        if isinstance(input, PackedSequence):
            data, batch_sizes, sorted_indices, unsorted_indices = input
            if hx is None:
                state = self._zeros(data, int(batch_sizes[0]), self.hidden_size)
            else:
                state = self.permute_hidden(hx, sorted_indices)
            self.check_forward_args(data, state, batch_sizes)
            if self.mode == "RNN_TANH":
                output, hidden = torch.rnn_tanh(data, batch_sizes, state, self._flat_weights, self.bias, self.num_layers, self.dropout,
                                                self.training, self.bidirectional)
            else:
                output, hidden = torch.rnn_relu(data, batch_sizes, state, self._flat_weights, self.bias, self.num_layers, self.dropout,
                                                self.training, self.bidirectional)
            packed = PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices)
            return packed, self.permute_hidden(hidden, unsorted_indices)
        else:
            batch_dim = 0 if self.batch_first else 1
            is_batched = input.dim() == 3
            if not is_batched:
                input = input.unsqueeze(batch_dim)
            if hx is None:
                state = self._zeros(input, input.size(0) if self.batch_first else input.size(1), self.hidden_size)
            else:
                state = _batched_state(hx, is_batched)
            self.check_forward_args(input, state, None)
            if self.mode == "RNN_TANH":
                output, hidden = torch.rnn_tanh(input, state, self._flat_weights, self.bias, self.num_layers, self.dropout,
                                                self.training, self.bidirectional, self.batch_first)
            else:
                output, hidden = torch.rnn_relu(input, state, self._flat_weights, self.bias, self.num_layers, self.dropout,
                                                self.training, self.bidirectional, self.batch_first)
            if not is_batched:
                output = output.squeeze(batch_dim)
                hidden = hidden.squeeze(1)
            return output, hidden


def _batched_state(hx, is_batched):
    """A given hidden state with its dimension of sequences."""
    if is_batched:
        if hx.dim() != 3:
            raise RuntimeError("For batched 3-D input, hx should also be 3-D but got {}-D tensor".format(hx.dim()))
        return hx
    if hx.dim() != 2:
        raise RuntimeError("For unbatched 2-D input, hx should also be 2-D but got {}-D tensor".format(hx.dim()))
    return hx.unsqueeze(1)


class LSTM(RNNBase):
    def __init__(self, *args, **kwargs):
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(self, input: "Tensor", batch_sizes: "Optional[Tensor]") -> "Tuple[int, int, int]":
        if batch_sizes is not None:
            mini_batch = int(batch_sizes[0])
        else:
            mini_batch = input.size(0) if self.batch_first else input.size(1)
        num_directions = 2 if self.bidirectional else 1
        return (self.num_layers * num_directions, mini_batch, self.hidden_size)

    def check_forward_args(self, input: "Tensor", hidden: "Tuple[Tensor, Tensor]", batch_sizes: "Optional[Tensor]") -> "None":
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden[0], self.get_expected_hidden_size(input, batch_sizes), "Expected hidden[0] size {}, got {}")
        self.check_hidden_size(hidden[1], self.get_expected_cell_size(input, batch_sizes), "Expected hidden[1] size {}, got {}")

    def permute_hidden(self, hx: "Tuple[Tensor, Tensor]", permutation: "Optional[Tensor]") -> "Tuple[Tensor, Tensor]":
        if permutation is None:
            return hx
        return _apply_permutation(hx[0], permutation), _apply_permutation(hx[1], permutation)

    @_overload_method
    def forward(self, input: "Tensor", hx: "Optional[Tuple[Tensor, Tensor]]" = None) -> "Tuple[Tensor, Tuple[Tensor, Tensor]]":
        ...

    @_overload_method
    def forward(self, input: "PackedSequence",
                hx: "Optional[Tuple[Tensor, Tensor]]" = None) -> "Tuple[PackedSequence, Tuple[Tensor, Tensor]]":
        ...

    def forward(self, input, hx=None):
        out_size = self.proj_size if self.proj_size > 0 else self.hidden_size
        if isinstance(input, PackedSequence):
            data, batch_sizes, sorted_indices, unsorted_indices = input
            if hx is None:
                rows = int(batch_sizes[0])
                state = (self._zeros(data, rows, out_size), self._zeros(data, rows, self.hidden_size))
            else:
                state = self.permute_hidden(hx, sorted_indices)
            self.check_forward_args(data, state, batch_sizes)
            output, h, c = torch.lstm(data, batch_sizes, [state[0], state[1]], self._flat_weights, self.bias, self.num_layers,
                                      self.dropout, self.training, self.bidirectional)
            packed = PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices)
            return packed, self.permute_hidden((h, c), unsorted_indices)
        else:
            batch_dim = 0 if self.batch_first else 1
            is_batched = input.dim() == 3
            if not is_batched:
                input = input.unsqueeze(batch_dim)
            if hx is None:
                rows = input.size(0) if self.batch_first else input.size(1)
                state = (self._zeros(input, rows, out_size), self._zeros(input, rows, self.hidden_size))
            else:
                state = _batched_states(hx, is_batched)
            self.check_forward_args(input, state, None)
            output, h, c = torch.lstm(input, [state[0], state[1]], self._flat_weights, self.bias, self.num_layers, self.dropout,
                                      self.training, self.bidirectional, self.batch_first)
            if not is_batched:
                output = output.squeeze(batch_dim)
                h = h.squeeze(1)
                c = c.squeeze(1)
            return output, (h, c)


def _batched_states(hx, is_batched):
    """The same for the two states of an LSTM."""
    if is_batched:
        if hx[0].dim() != 3 or hx[1].dim() != 3:
            raise RuntimeError("For batched 3-D input, hx and cx should also be 3-D but got ({}-D, {}-D) tensors".format(
                hx[0].dim(), hx[1].dim()))
        return (hx[0], hx[1])
    if hx[0].dim() != 2 or hx[1].dim() != 2:
        raise RuntimeError("For unbatched 2-D input, hx and cx should also be 2-D but got ({}-D, {}-D) tensors".format(
            hx[0].dim(), hx[1].dim()))
    return (hx[0].unsqueeze(1), hx[1].unsqueeze(1))


class GRU(RNNBase):
    def __init__(self, *args, **kwargs):
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)

    @_overload_method
    def forward(self, input: "Tensor", hx: "Optional[Tensor]" = None) -> "Tuple[Tensor, Tensor]":
        ...

    @_overload_method
    def forward(self, input: "PackedSequence", hx: "Optional[Tensor]" = None) -> "Tuple[PackedSequence, Tensor]":
        ...

    def forward(self, input, hx=None):
        if isinstance(input, PackedSequence):
            data, batch_sizes, sorted_indices, unsorted_indices = input
            if hx is None:
                state = self._zeros(data, int(batch_sizes[0]), self.hidden_size)
            else:
                state = self.permute_hidden(hx, sorted_indices)
            self.check_forward_args(data, state, batch_sizes)
            output, hidden = torch.gru(data, batch_sizes, state, self._flat_weights, self.bias, self.num_layers, self.dropout,
                                       self.training, self.bidirectional)
            packed = PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices)
            return packed, self.permute_hidden(hidden, unsorted_indices)
        else:
            batch_dim = 0 if self.batch_first else 1
            is_batched = input.dim() == 3
            if not is_batched:
                input = input.unsqueeze(batch_dim)
            if hx is None:
                state = self._zeros(input, input.size(0) if self.batch_first else input.size(1), self.hidden_size)
            else:
                state = _batched_state(hx, is_batched)
            self.check_forward_args(input, state, None)
            output, hidden = torch.gru(input, state, self._flat_weights, self.bias, self.num_layers, self.dropout, self.training,
                                       self.bidirectional, self.batch_first)
            if not is_batched:
                output = output.squeeze(batch_dim)
                hidden = hidden.squeeze(1)
            return output, hidden


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


class RNNCell(RNNCellBase):
    __constants__ = ["input_size", "hidden_size", "bias", "nonlinearity"]

    def __init__(self, input_size, hidden_size, bias=True, nonlinearity="tanh", device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: "Tensor", hx: "Optional[Tensor]" = None) -> "Tensor":
        assert input.dim() in (1, 2), "RNNCell: Expected input to be 1-D or 2-D but received {}-D tensor".format(input.dim())
        is_batched = input.dim() == 2
        if not is_batched:
            input = input.unsqueeze(0)
        state = _cell_state(self, input, hx, is_batched)
        if self.nonlinearity == "tanh":
            out = torch.rnn_tanh_cell(input, state, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        elif self.nonlinearity == "relu":
            out = torch.rnn_relu_cell(input, state, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        else:
            out = input
            raise RuntimeError("Unknown nonlinearity: {}".format(self.nonlinearity))
        if not is_batched:
            out = out.squeeze(0)
        return out


def _cell_state(self, input, hx, is_batched):
    """The hidden state of a cell, as a matrix."""
    if hx is None:
        return torch.zeros(input.size(0), self.hidden_size, dtype=input.dtype, device=input.device)
    return hx if is_batched else hx.unsqueeze(0)


class LSTMCell(RNNCellBase):
    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: "Tensor", hx: "Optional[Tuple[Tensor, Tensor]]" = None) -> "Tuple[Tensor, Tensor]":
        assert input.dim() in (1, 2), "LSTMCell: Expected input to be 1-D or 2-D but received {}-D tensor".format(input.dim())
        is_batched = input.dim() == 2
        if not is_batched:
            input = input.unsqueeze(0)
        if hx is None:
            zeros = torch.zeros(input.size(0), self.hidden_size, dtype=input.dtype, device=input.device)
            state = (zeros, zeros)
        else:
            state = (hx[0], hx[1]) if is_batched else (hx[0].unsqueeze(0), hx[1].unsqueeze(0))
        h, c = torch.lstm_cell(input, [state[0], state[1]], self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        if not is_batched:
            h = h.squeeze(0)
            c = c.squeeze(0)
        return h, c


class GRUCell(RNNCellBase):
    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: "Tensor", hx: "Optional[Tensor]" = None) -> "Tensor":
        assert input.dim() in (1, 2), "GRUCell: Expected input to be 1-D or 2-D but received {}-D tensor".format(input.dim())
        is_batched = input.dim() == 2
        if not is_batched:
            input = input.unsqueeze(0)
        state = _cell_state(self, input, hx, is_batched)
        out = torch.gru_cell(input, state, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        if not is_batched:
            out = out.squeeze(0)
        return out
