"""Learn to balance a pole on a cart by trying: the REINFORCE method.

    tsvm policy_gradient.ts [--episodes N]

The cart is pushed left or right at each step; an episode ends when the pole falls or the cart leaves its track. The physics are in Cart.
"""
import argparse
import math
import random

import torch
from torch import nn
from torch.distributions import Categorical

LIMIT = 200


class Cart:
    """A cart on a track with a pole on it. State: place, speed, the pole's angle, its turning speed."""

    def __init__(self, rng):
        self.rng = rng

    def reset(self):
        self.state = [self.rng.uniform(-0.05, 0.05) for _ in range(4)]
        return list(self.state)

    def step(self, right):
        """One fiftieth of a second: the new state, and whether it is over."""
        x, speed, angle, turning = self.state
        force = 10.0 if right else -10.0
        sine, cosine = math.sin(angle), math.cos(angle)
        push = (force + 0.05 * turning * turning * sine) / 1.1
        turn = (9.8 * sine - cosine * push) / (0.5 * (4.0 / 3.0 - 0.1 * cosine * cosine / 1.1))
        move = push - 0.05 * turn * cosine / 1.1
        self.state = [x + 0.02 * speed, speed + 0.02 * move, angle + 0.02 * turning, turning + 0.02 * turn]
        return list(self.state), abs(self.state[0]) > 2.4 or abs(self.state[2]) > 12 * math.pi / 180


class Policy(nn.Module):
    """The chances of pushing left and right."""

    def __init__(self, hidden=32):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, hidden), nn.ReLU(), nn.Linear(hidden, 2))

    def forward(self, state):
        return torch.softmax(self.layers(state), dim=-1)


def returns_of(rewards, discount):
    """What follows each step, later steps counting less; as numbers around 0 of size 1."""
    out, following = [], 0.0
    for r in reversed(rewards):
        following = r + discount * following
        out.insert(0, following)
    values = torch.tensor(out)
    return (values - values.mean()) / (values.std() + 1e-6)


def play(cart, policy):
    """One episode: the logarithms of the chances of what was done, and the rewards."""
    state, chances, rewards = cart.reset(), [], []
    while len(rewards) < LIMIT:
        choice = Categorical(policy(torch.tensor(state)))
        action = choice.sample()
        chances.append(choice.log_prob(action))
        state, over = cart.step(action.item() == 1)
        rewards.append(1.0)
        if over:
            break
    return chances, rewards


def main():
    parser = argparse.ArgumentParser(description="policy gradients")
    parser.add_argument("--episodes", type=int, default=75)
    args = parser.parse_args()

    torch.manual_seed(2)
    cart, policy = Cart(random.Random(2)), Policy()
    optimizer = torch.optim.Adam(policy.parameters(), lr=0.02)
    lengths = []
    for episode in range(1, args.episodes + 1):
        chances, rewards = play(cart, policy)
        loss = -(torch.stack(chances) * returns_of(rewards, 0.99)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        lengths.append(len(rewards))
        if episode % 25 == 0:
            print(f"episodes {episode - 24:3d} to {episode:3d}: {sum(lengths[-25:]) / 25:.1f} steps")
    print("it learned:", sum(lengths[-25:]) > 2 * sum(lengths[:25]))


if __name__ == "__main__":
    main()
