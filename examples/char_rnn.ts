"""Learn a text character by character, and write more of it.

    tsvm char_rnn.ts [--steps N] [--temperature T] [--text FILE]

Without a file the text is made by a small grammar, so that what the network writes can be judged.
"""
import argparse
import random

import torch
from torch import nn

WHO = ["the cat", "a dog", "the old king", "a small bird"]
DOES = ["sees", "likes", "follows", "does not know"]
WHERE = ["in the garden", "near the river", "at night", "under the table"]


def made_up_text(sentences):
    rng = random.Random(1)
    return " ".join([f"{rng.choice(WHO)} {rng.choice(DOES)} {rng.choice(WHO)} {rng.choice(WHERE)}." for _ in range(sentences)])


class CharacterModel(nn.Module):
    """Characters in, scores of the next character out."""

    def __init__(self, characters, embedding=24, hidden=48):
        super().__init__()
        self.embed = nn.Embedding(characters, embedding)
        self.lstm = nn.LSTM(embedding, hidden, batch_first=True)
        self.scores = nn.Linear(hidden, characters)

    def forward(self, x, state=None):
        y, state = self.lstm(self.embed(x), state)
        return self.scores(y), state


def batches(data, length, count):
    """Random pieces of the text, and the same pieces one character on."""
    starts = torch.randint(0, len(data) - length - 1, (count,))
    x = torch.stack([data[s:s + length] for s in starts.tolist()])
    y = torch.stack([data[s + 1:s + length + 1] for s in starts.tolist()])
    return x, y


def write(model, letters, start, count, temperature):
    """`start`, and what the model goes on with."""
    model.eval()
    index = {c: i for i, c in enumerate(letters)}
    text, state = start, None
    x = torch.tensor([[index[c] for c in start]])
    with torch.no_grad():
        for _ in range(count):
            scores, state = model(x, state)
            p = torch.softmax(scores[0, -1] / temperature, dim=0)
            x = torch.multinomial(p, 1).view(1, 1)
            text += letters[x.item()]
    model.train()
    return text


def main():
    parser = argparse.ArgumentParser(description="a character model")
    parser.add_argument("--steps", type=int, default=90)
    parser.add_argument("--temperature", type=float, default=0.5)
    parser.add_argument("--text", help="a file to learn from")
    args = parser.parse_args()

    torch.manual_seed(3)
    if args.text:
        with open(args.text, encoding="utf-8") as f:
            text = f.read()
    else:
        text = made_up_text(300)
    letters = sorted(set(text))
    data = torch.tensor([letters.index(c) for c in text])
    print(f"{len(text)} characters, {len(letters)} different ones")

    model = CharacterModel(len(letters))
    print(sum([p.numel() for p in model.parameters()]), "parameters")
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loss_of = nn.CrossEntropyLoss()
    for step in range(1, args.steps + 1):
        x, y = batches(data, 32, 8)
        scores, _ = model(x)
        loss = loss_of(scores.flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step == 1 or step % 30 == 0:
            print(f"step {step:3d}: loss {loss.item():.3f}")

    written = write(model, letters, "the ", 120, args.temperature)
    print(written)
    words = set(text.replace(".", "").split())
    known = [w in words for w in written.replace(".", "").split()[:-1]]
    print("most words are words:", sum(known) / len(known) > 0.7)


if __name__ == "__main__":
    main()
