# Recurrent layers, alone and packed, and their cells.
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from typing import Optional, Tuple


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True)
        self.gru = nn.GRU(8, 5)
        self.rnn = nn.RNN(5, 3, nonlinearity="relu", bias=False)
        self.projected = nn.LSTM(3, 4, proj_size=2)
        self.lstm_cell = nn.LSTMCell(3, 4)
        self.gru_cell = nn.GRUCell(3, 4)
        self.rnn_cell = nn.RNNCell(3, 4)

    def forward(self, x, lengths, state: Optional[Tuple[torch.Tensor, torch.Tensor]] = None):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        y, s = self.lstm(packed, state)
        y, sizes = pad_packed_sequence(y)
        z, h = self.gru(y)
        w, _ = self.rnn(z)
        p, _ = self.projected(x)
        return w, h, s[1], sizes, p

    @torch.jit.export
    def step(self, x):
        h, c = self.lstm_cell(x)
        h, c = self.lstm_cell(x, (h, c))
        g = self.gru_cell(x, h)
        return self.rnn_cell(x, g) + c


torch.manual_seed(2)
m = torch.jit.script(Net())
x, lengths = torch.randn(2, 5, 3), torch.tensor([3, 5])
state = (torch.randn(4, 2, 4), torch.randn(4, 2, 4))
calls = [("forward", (x, lengths), m(x, lengths)), ("forward", (x, lengths, state), m(x, lengths, state)), ("step", (x[0],), m.step(x[0]))]
m.save("model.pt")
torch.save({"calls": calls}, "io.pt")
