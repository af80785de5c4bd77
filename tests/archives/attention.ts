# Attention and transformers.
import torch
import torch.nn as nn
from typing import Optional


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2, nn.LayerNorm(8))
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16, activation="gelu", batch_first=True, norm_first=True), 1)
        self.attention = nn.MultiheadAttention(8, 2, kdim=4, vdim=6, add_bias_kv=True, add_zero_attn=True)

    def forward(self, x, y, padding: Optional[torch.Tensor] = None):
        memory = self.encoder(x)
        out = self.decoder(y, memory, memory_key_padding_mask=padding)
        a, w = self.attention(out, out[:, :, :4], out[:, :, :6], average_attn_weights=False)
        if w is not None:
            return a, w
        return a, out


torch.manual_seed(3)
m = torch.jit.script(Net().eval())
x, y = torch.randn(2, 5, 8), torch.randn(2, 3, 8)
padding = torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
calls = [("forward", (x, y), m(x, y)), ("forward", (x, y, padding), m(x, y, padding))]
m.save("model.pt")
torch.save({"calls": calls}, "io.pt")
