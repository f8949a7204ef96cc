"""A small experiment, trained for real on a few digits in a second: does a wider network learn faster?"""

from small_config import small_yaml

BASE = small_yaml(
    data={"train_size": 60},
    model={"hidden_sizes": [8]},
    optim={"lr": 0.2},
    train={"epochs": 2, "batch_size": 20},
)
ARMS = """
name: width
question: Does a wider network learn faster?
base: ../base.yaml
arms:
  none: {}
  wide: {model.hidden_sizes: [64]}
seeds: 5
"""
CLAIM = """claims:
  - id: X01
    says: A wider network learns faster.
    source: Somebody 2014, section 1
    family: own
    measure: train_loss
    contrast: none - wide
    smallest_effect: 0.05
"""
