"""What to write instead: near misses, keys that belong elsewhere, and names from other tools and papers."""

import difflib
import re
from collections.abc import Sequence
from typing import Any

from regx.config.outline import outline

__all__ = ["choice_hint", "example_for", "number_hint", "unknown_key"]

# Names by which other tools and papers call a setting, and where it stands here.
_ALIASES = {
    "optim.lr": "learning_rate base_lr eta epsilon step_size alpha initial_lr",
    "optim.lr_decay": "scheduler lr_scheduler schedule lr_schedule decay learning_rate_decay",
    "optim.momentum": "mu beta",
    "optim.weight_decay": "wd l2 l2_reg l2_regularization",
    "optim.max_norm": "maxnorm max_weight_norm weight_norm max_norm_constraint norm_constraint",
    "optim.freeze_layers": "freeze frozen frozen_layers num_frozen",
    "optim.train_only": "trainable train_params",
    "optim": "optimizer optimiser sgd opt",
    "model": "network net architecture arch",
    "model.family": "type",
    "model.batch_norm": "bn batchnorm batch_normalization batch_normalisation use_bn use_batch_norm",
    "model.batch_norm.eps": "epsilon",
    "model.batch_norm.ghost_size": "ghost_batch_size virtual_batch_size ghosts",
    "model.batch_norm.reference_images": "reference_batch reference_size virtual_batch_norm",
    "model.conv_channels": "channels filters conv_filters num_filters conv_sizes",
    "model.kernel_size": "kernel conv_kernel filter_size",
    "model.hidden_sizes": "hidden_layers hidden_units hidden_dims layer_sizes hidden_size fc_sizes",
    "model.pool": "pooling max_pool",
    "model.activation": "nonlinearity act activation_function",
    "model.init": "initialization initialisation initializer weight_init",
    "model.drop_prob.hidden": "fc dense linear",
    "model.drop_prob.conv": "convolution",
    "train.epochs": "num_epochs n_epochs max_epochs epoch",
    "train.batch_size": "batch minibatch_size mini_batch_size bs batchsize",
    "train.precision": "dtype amp",
    "train.threads": "num_threads num_workers",
    "train": "training trainer",
    "data": "dataset",
    "data.name": "dataset_name",
    "data.train_size": "num_train n_train subset subset_size num_samples",
    "data.augment": "augmentation data_augmentation",
    "data.preprocess": "preprocessing normalize normalise normalization whitening",
    "seed": "random_seed random_state rng_seed",
}
_DROPOUT = frozenset({"dropout", "dropout_rate", "dropout_prob", "drop", "drop_rate", "droprate", "rate"})
_KEEP = frozenset({"keep_prob", "keep", "keep_rate", "retain_prob", "retention", "keep_probability"})
# Words by which other tools call a choice.
_SYNONYMS = {
    "gpu": "cuda",
    "zca": "zca_whiten",
    "pca": "pca_whiten",
    "whiten": "zca_whiten",
    "fashion": "fashion_mnist",
    "float32": "fp32",
    "bfloat16": "bf16",
    "convnet": "cnn",
    "kaiming": "he",
    "glorot": "xavier",
    "gaussian": "normal",
    "bn": "batch_norm",
    "batchnorm": "batch_norm",
}
_NOT_A_SETTING = {
    "<<": "merge keys are not read; use `extends: other.yaml`",
    "extends": "stands at the top level of a file, and cannot be overridden",
}
_BARE_P = "write `drop_prob` for the probability of zeroing (torch's p), or 1 - p for Srivastava's p"
_INSIDE_BATCH_NORM = {
    "momentum": "write `update_weight`, the weight of the NEW batch (torch's momentum; Keras's is 1 - that)",
    **dict.fromkeys(("gamma", "beta", "scale", "center"), "write `affine`, for gamma and beta together"),
}
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
# How to write a section of which only its main value was given.
_EXAMPLES: dict[str, str] = {
    "data": "{{name: {}}}",
    "model": "{{family: {}}}",
    "model.pool": "{{size: {0}, stride: {0}}}",
    "model.batch_norm.noise": "{{mean_sd: {}, scale_max: 1.25}}",
    "model.drop_prob": "{{hidden: {}}}",
    "model.drop_mask": "{{kind: fixed, from_epoch: 1}}",
    "model.init": "{{scheme: {}}}",
    "optim": "{{lr: {}}}",
    "train": "{{epochs: {}}}",
    "train.stop_if": "{{epoch: {}, train_loss_above: 2}}",
}
_DECAYS = {
    "none": "{kind: none}",
    "exponential": "{kind: exponential, factor: 0.95}",
    "step": "{kind: step, factor: 0.1, every_epochs: 10}",
    "inverse_time": "{kind: inverse_time, half_life_steps: 5000}",
    "linear": "{kind: linear}",
    "cosine": "{kind: cosine}",
}


def unknown_key(parent: str, key: str, value: Any, siblings: tuple[str, ...]) -> str:
    """Explain a key that does not exist.

    Args:
        parent: Dotted path of the mapping that it stands in; empty for the document.
        key: The key.
        value: What was to be set.
        siblings: The keys that the mapping may have.
    """
    if key in _NOT_A_SETTING:
        return _NOT_A_SETTING[key]
    foreign = _foreign(parent, key.lower().replace("-", "_"), value)
    if foreign:
        return f"unknown key; {foreign}"
    near = difflib.get_close_matches(key, siblings, n=1, cutoff=0.75)
    if near:
        return f"unknown key (did you mean {near[0]!r}?)"
    parents = [setting.path.rpartition(".")[0] for setting in outline() if setting.name == key]
    if parents:
        return _elsewhere(parents, parent, siblings)
    near = difflib.get_close_matches(key, siblings, n=1, cutoff=0.55)
    if near:
        return f"unknown key (did you mean {near[0]!r}?)"
    return f"unknown key (known here: {', '.join(siblings)})"


def _elsewhere(parents: Sequence[str], parent: str, siblings: Sequence[str]) -> str:
    """Say where a known key belongs; under this very mapping it is one of another kind."""
    if set(parents) == {parent}:
        return f"does not belong to this kind (known here: {', '.join(siblings)})"
    return f"unknown key here; it belongs {' or '.join(map(_under, dict.fromkeys(parents)))}"


def choice_hint(value: object, choices: tuple[str, ...]) -> str:
    """Return `; did you mean 'relu'?`, or nothing."""
    if not isinstance(value, str):
        return ""
    word = value.lower().replace("-", "_").replace(" ", "_")
    word = word if word in choices else _SYNONYMS.get(word, word)
    near = [word] if word in choices else difflib.get_close_matches(word, choices, n=1, cutoff=0.7)
    return f"; did you mean {near[0]!r}?" if near else ""


def example_for(path: str, value: object) -> str:
    """Return how to write as a mapping what was given as a single value, or nothing."""
    if isinstance(value, dict | list | bool) or value is None or len(str(value)) > 40:
        return ""
    if path == "optim.lr_decay":
        return f": write {_DECAYS.get(str(value), _DECAYS['exponential'])}"
    return f": write {_EXAMPLES[path].format(value)}" if path in _EXAMPLES else ""


def number_hint(value: object) -> str:
    """Return `: write 0.1` for what was meant as a number but not written as one, or nothing."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return f": write {value:.0f}"
    digits = value.replace("_", "") if isinstance(value, str) else ""
    if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+", digits):  # 50,000
        digits = digits.replace(",", "")
    elif digits.count(",") == 1:  # 0,1
        digits = digits.replace(",", ".")
    return f": write {digits}" if _NUMBER.fullmatch(digits) else ""


def _foreign(parent: str, key: str, value: Any) -> str:
    """Return what to write for a name from another tool or paper, or nothing."""
    under = "" if parent.startswith("model") else " under model"
    if parent == "model.batch_norm" and key in _INSIDE_BATCH_NORM:
        return _INSIDE_BATCH_NORM[key]
    if key == "p":
        return _BARE_P
    if key in _KEEP:
        return f"write `{_drop_prob(value, parent, is_keep=True)}`{under} (Srivastava's p is 1 - drop_prob)"
    if key in _DROPOUT:
        return f"write `{_drop_prob(value, parent, is_keep=False)}`{under} (the probability of zeroing)"
    return _alias(parent, key)


def _alias(parent: str, key: str) -> str:
    paths = [path for path, names in _ALIASES.items() if key in names.split()]
    if not paths:
        return ""
    path = next((path for path in paths if path.rpartition(".")[0] == parent), paths[0])
    section, _, name = path.rpartition(".")
    return f"write `{name}`" if section == parent else f"write `{name}` {_under(section)}"


def _under(section: str) -> str:
    return f"under {section}" if section else "at the top level"


def _drop_prob(value: Any, parent: str, *, is_keep: bool) -> str:
    """Write a probability, or a mapping of them, as `drop_prob` has it."""
    if isinstance(value, dict):
        slots = ", ".join(f"{slot}: {_zeroing(item, is_keep)}" for slot, item in value.items())
        return f"drop_prob: {{{slots}}}"
    words = f"hidden: {_zeroing(value, is_keep)}"
    return words if parent == "model.drop_prob" else f"drop_prob: {{{words}}}"


def _zeroing(value: Any, is_keep: bool) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return "0.5"
    return f"{1 - value if is_keep else value:.12g}"
