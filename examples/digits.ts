"""Train a small network to read digits that this program draws itself.

    tsvm digits.ts [--epochs N]

Each digit is a 5x7 dot-matrix glyph, placed at one of a few spots of a 7x9 image, with some dots flipped and some noise added.
"""
import sys
import torch
from torch import nn

GLYPHS = [
    "01110 10001 10011 10101 11001 10001 01110",
    "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00010 00100 01000 11111",
    "11111 00010 00100 00010 00001 10001 01110",
    "00010 00110 01010 10010 11111 00010 00010",
    "11111 10000 11110 00001 00001 10001 01110",
    "00110 01000 10000 11110 10001 10001 01110",
    "11111 00001 00010 00100 01000 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110",
    "01110 10001 10001 01111 00001 00010 01100",
]
HEIGHT, WIDTH = 9, 7


class Reader(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(HEIGHT * WIDTH, hidden), nn.ReLU(), nn.Linear(hidden, 10))

    def forward(self, x):
        return self.layers(x)


def draw(count):
    """Images as a (count, HEIGHT * WIDTH) float tensor, and their labels."""
    glyphs = torch.tensor([[[float(dot) for dot in row] for row in glyph.split()] for glyph in GLYPHS])
    labels = torch.randint(0, 10, (count,))
    images = torch.zeros(count, HEIGHT, WIDTH)
    for down in range(HEIGHT - 6):
        for right in range(WIDTH - 4):
            here = torch.arange(count) % ((HEIGHT - 6) * (WIDTH - 4)) == down * (WIDTH - 4) + right
            images[here, down:down + 7, right:right + 5] = glyphs[labels[here]]
    flipped = (torch.rand(count, HEIGHT, WIDTH) < 0.03).float()
    images = (images - flipped).abs() + 0.1 * torch.randn(count, HEIGHT, WIDTH)
    return images.view(count, HEIGHT * WIDTH), labels


def main():
    epochs = int(sys.argv[sys.argv.index("--epochs") + 1]) if "--epochs" in sys.argv else 6
    torch.manual_seed(0)
    x, y = draw(4000)
    test_x, test_y = draw(1000)
    model = Reader(64)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        order = torch.randperm(len(x))
        total = 0.0
        for i in range(0, len(x), 100):
            pick = order[i:i + 100]
            loss = loss_fn(model(x[pick]), y[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(pick)
        with torch.no_grad():
            accuracy = (model(test_x).argmax(1) == test_y).float().mean().item()
        print(f"epoch {epoch + 1}: loss {total / len(x):.3f}, accuracy {accuracy:.1%}")


if __name__ == "__main__":
    main()
