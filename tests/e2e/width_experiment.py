"""A small experiment, trained for real on a few digits in a second: does a wider network learn faster?"""

BASE = """
name: small
data: {name: digits, train_size: 60}
model: {family: mlp, hidden_sizes: [8]}
optim: {lr: 0.2}
train: {epochs: 2, batch_size: 20}
device: cpu
"""
ARMS = """
name: width
question: Does a wider network learn faster?
base: ../base.yaml
arms:
  none: {}
  wide: {model.hidden_sizes: [64]}
seeds: 5
"""
