"""A variational autoencoder of small pictures that this program draws itself.

    tsvm vae.ts [--epochs N] [--latent N]

The pictures are 8x8: a bar, a box or a cross, somewhere. The network squeezes each through a few numbers with noise, and learns to draw
new ones from noise alone.
"""
import argparse

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SIZE = 8


def picture(kind, row, column):
    image = torch.zeros(SIZE, SIZE)
    if kind == 0:
        image[row:row + 2, :] = 1
    elif kind == 1:
        image[row:row + 4, column:column + 4] = 1
        image[row + 1:row + 3, column + 1:column + 3] = 0
    else:
        image[row:row + 5, column + 2] = 1
        image[row + 2, column:column + 5] = 1
    return image


def pictures(count):
    rows, columns = torch.randint(0, 4, (count,)), torch.randint(0, 4, (count,))
    kinds = torch.randint(0, 3, (count,))
    places = zip(kinds.tolist(), rows.tolist(), columns.tolist())
    return torch.stack([picture(*place) for place in places]).view(count, SIZE * SIZE)


class VAE(nn.Module):
    def __init__(self, latent, hidden=64):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(SIZE * SIZE, hidden), nn.ReLU())
        self.mean = nn.Linear(hidden, latent)
        self.log_variance = nn.Linear(hidden, latent)
        self.decode = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, SIZE * SIZE))

    def forward(self, x):
        h = self.encode(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        return self.decode(z), mean, log_variance


def loss_of(logits, x, mean, log_variance):
    """How badly the pictures are drawn, and how far the codes are from normal ones; per picture."""
    drawing = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
    divergence = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp()) / len(x)
    return drawing + divergence, drawing.item(), divergence.item()


def show(images):
    """Pictures side by side."""
    for row in range(SIZE):
        print("   ".join(["".join(["#" if v > 0.5 else "." for v in image.view(SIZE, SIZE)[row].tolist()]) for image in images]))


def main():
    parser = argparse.ArgumentParser(description="a variational autoencoder")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--latent", type=int, default=6)
    args = parser.parse_args()

    torch.manual_seed(0)
    data = pictures(800)
    loader = DataLoader(TensorDataset(data), batch_size=40, shuffle=True)
    model = VAE(args.latent)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.004)
    for epoch in range(1, args.epochs + 1):
        total = drawn = diverged = 0.0
        for (x,) in loader:
            logits, mean, log_variance = model(x)
            loss, drawing, divergence = loss_of(logits, x, mean, log_variance)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() / len(loader)
            drawn += drawing / len(loader)
            diverged += divergence / len(loader)
        if epoch == 1 or epoch % 10 == 0:
            print(f"epoch {epoch:2d}: loss {total:.2f} = drawing {drawn:.2f} + divergence {diverged:.2f}")

    model.eval()
    with torch.no_grad():
        print("four pictures, and what comes back:")
        show(data[:4])
        print()
        logits, _, _ = model(data[:4])
        show(torch.sigmoid(logits))
        print("drawn from noise:")
        new = torch.sigmoid(model.decode(torch.randn(4, args.latent)))
        show(new)
        same = ((torch.sigmoid(model.decode(model.mean(model.encode(data)))) > 0.5) == (data > 0.5)).float().mean().item()
    print("dots that come back right: more than 95 %:", same > 0.95)


if __name__ == "__main__":
    main()
