"""Words by which other tools and papers call a setting, and what regx has in its place."""

from typing import Any, NamedTuple

__all__ = ["FOREIGN", "OTHER_THINGS", "SYNONYMS", "Foreign", "foreign_answer"]


class Foreign(NamedTuple):
    """Words with one answer.

    Attributes:
        words: The words, in lower case, `_` between their parts, separated by blanks.
        answer: Path of the setting to write instead; or a sentence, in which settings stand in backticks.
        where: The mapping in which the words have this meaning, "" for the top level; None: everywhere else.
    """

    words: str
    answer: str
    where: str | None = None


_SGD = "regx has SGD only: leave it out; `optim.lr`, `optim.momentum` and `optim.nesterov` set it"
_NO_LOADER = "the data are in memory and no process loads them: leave it out"
_EPOCHS = "regx counts epochs: write `train.epochs`, which are steps x batch_size / training images"
_NO_STOPPING = (
    "regx has no early stopping: all epochs are trained, and run.json names the best; "
    "`train.stop_if` ends a run without hope"
)
_FROM_DATA = "follows from the data set: leave it out"
_NO_OTHER_NORM = "regx has batch norm only: `model.batch_norm`"
_NO_CLIPPING = "regx clips no gradients; `optim.max_norm` bounds the weights of each unit"
_NO_WARM_UP = "regx has no warm-up; `optim.lr_decay` lowers the rate from its first value"
_OUTPUT = "where the files go is no setting: `regx train --out DIR`"
_CHECKPOINT = (
    "checkpoints are no setting: `regx train --checkpoint-seconds` and `--keep-checkpoint`; "
    "the same command goes on"
)
_LOGGING = "every evaluation is a row of metrics.csv, `train.eval_every` epochs apart: leave it out"
_SPLIT = "each data set has a fixed split; `data.train_size` trains on fewer images"
_NO_SUCH_CHANGE = "regx has no such change of the images or labels; `data.augment` has flip and crop_flip"
_NETWORK = "write `model.family`: cnn or mlp; `model.conv_channels` and `model.hidden_sizes` shape it"
_LAYERS = "write `model.hidden_sizes`, one number for each hidden layer, or `model.conv_channels`"
_ONE_SEED = "a config has one `seed`; `regx train FILE --seed 0-4` trains several"

FOREIGN: tuple[Foreign, ...] = (
    # the optimiser
    Foreign("optimizer optimiser opt sgd solver", "optim", ""),
    Foreign("optimizer optimiser opt solver sgd kind type name algorithm method class_name", _SGD, "optim"),
    Foreign("optimizer optimiser opt solver", _SGD),
    Foreign(
        "adam adamw adamax nadam radam rmsprop adagrad adadelta lamb lars lion muon lbfgs betas beta1 beta2 "
        "beta_1 beta_2 adam_beta1 adam_beta2 amsgrad rho",
        _SGD,
    ),
    Foreign("eps epsilon", _SGD, "optim"),
    Foreign("eps epsilon", "model.batch_norm.eps", "model"),
    Foreign("dampening", "regx's momentum has no dampening: leave it out", "optim"),
    Foreign("learning_rate base_lr initial_lr init_lr lr0 initial_learning_rate", "optim.lr"),
    Foreign("eta alpha rate step_size", "optim.lr", "optim"),
    Foreign("eta alpha step_size", "optim.lr", ""),
    Foreign("lr", "optim.lr"),
    Foreign("lr step_size", "the rate is `optim.lr`; a step decay has `every_epochs`", "optim.lr_decay"),
    Foreign(
        "scheduler lr_scheduler schedule lr_schedule decay learning_rate_decay sched lr_policy "
        "lr_scheduler_type learning_rate_schedule learning_rate_scheduler",
        "optim.lr_decay",
    ),
    Foreign("type name policy scheduler schedule", "optim.lr_decay.kind", "optim.lr_decay"),
    Foreign("gamma decay_rate rate lr_gamma decay", "optim.lr_decay.factor", "optim.lr_decay"),
    Foreign("gamma decay_rate decay_factor lr_gamma", "optim.lr_decay.factor", "optim"),
    Foreign("every step_epochs drop_every lr_step", "optim.lr_decay.every_epochs", "optim"),
    Foreign(
        "steps decay_steps t_max total_steps num_steps",
        "the decay ends with the run, or counts "
        "`every_epochs` or `half_life_steps`: see `optim.lr_decay.kind`",
        "optim.lr_decay",
    ),
    Foreign("steps max_steps num_steps total_steps", _EPOCHS, "optim"),
    Foreign("t_max", "the decay ends with the run: leave it out", "optim"),
    Foreign("milestones", "regx has no list of epochs: kind step has `every_epochs`", "optim"),
    Foreign("eta_min min_lr end_lr final_lr lr_min", "optim.lr_decay.end_factor", "optim"),
    Foreign("warmup warmup_steps warmup_epochs num_warmup_steps warmup_ratio warm_up lr_warmup", _NO_WARM_UP),
    Foreign("mu beta", "optim.momentum", "optim"),
    Foreign("use_nesterov", "optim.nesterov"),
    Foreign(
        "wd l2 l2_reg l2_regularization l2_penalty weight_penalty weight_regularizer "
        "kernel_regularizer regularizer regularization",
        "optim.weight_decay",
    ),
    Foreign("l1 l1_reg l1_regularization l1_penalty", "regx has no L1 penalty; `optim.weight_decay` is L2"),
    Foreign(
        "maxnorm max_weight_norm max_norm_constraint norm_constraint kernel_constraint weight_constraint",
        "optim.max_norm",
    ),
    Foreign(
        "weight_norm weight_normalization",
        "regx has no weight normalisation; `optim.max_norm` bounds the norm of each unit's weights",
    ),
    Foreign(
        "grad_clip clip_grad gradient_clip_val gradient_clip clip_norm clipnorm clipvalue clip_value "
        "max_grad_norm clip_grad_norm gradient_clipping global_clipnorm clip clipping",
        _NO_CLIPPING,
    ),
    Foreign(
        "accumulate_grad_batches gradient_accumulation_steps accumulation_steps accum_steps grad_accum",
        "regx gathers no gradients over several batches; `train.batch_size` is the batch of a step",
    ),
    Foreign("ema ema_decay use_ema swa polyak weight_averaging", "regx averages no weights: leave it out"),
    Foreign("freeze frozen frozen_layers num_frozen", "optim.freeze_layers"),
    Foreign("trainable train_params", "optim.train_only"),
    # length, batches, measurement
    Foreign("training trainer fit trainer_config training_args hparams hyperparameters", "train", ""),
    Foreign(
        "num_epochs n_epochs max_epochs epoch nb_epoch nepochs total_epochs num_train_epochs epochs_num "
        "training_epochs",
        "train.epochs",
    ),
    Foreign(
        "steps max_steps num_steps n_steps total_steps train_steps training_steps max_iter max_iters "
        "iterations num_iterations n_iter iters updates num_updates",
        _EPOCHS,
        "train",
    ),
    Foreign(
        "steps max_steps num_steps n_steps train_steps training_steps total_steps max_iter max_iters "
        "iterations num_iterations n_iter iters",
        _EPOCHS,
        "",
    ),
    Foreign("steps_per_epoch", "follows from the training images and `train.batch_size`: leave it out"),
    Foreign(
        "batch minibatch_size mini_batch_size bs batchsize train_batch_size per_device_train_batch_size "
        "minibatch batch_sz",
        "train.batch_size",
    ),
    Foreign(
        "eval_batch_size val_batch_size valid_batch_size test_batch_size per_device_eval_batch_size",
        "the batches of an evaluation move no result: leave it out",
    ),
    Foreign(
        "early_stopping early_stop patience min_delta early_stopping_patience early_stopping_rounds",
        _NO_STOPPING,
    ),
    Foreign("dtype amp use_amp mixed_precision fp16 bf16 half half_precision autocast", "train.precision"),
    Foreign("num_threads n_threads cpu_threads torch_threads", "train.threads"),
    Foreign(
        "num_workers n_workers workers num_data_workers dataloader_num_workers pin_memory prefetch "
        "prefetch_factor persistent_workers dataloader loader data_loader num_loader_workers",
        _NO_LOADER,
    ),
    Foreign("shuffle shuffle_buffer", "the images are shuffled anew in each epoch: leave it out"),
    Foreign("drop_last", "an incomplete last batch is always dropped: leave it out"),
    Foreign(
        "check_val_every_n_epoch eval_interval eval_freq val_every eval_epochs validate_every "
        "validation_freq evaluate_every",
        "train.eval_every",
    ),
    Foreign("val_check_interval eval_steps", "regx evaluates after whole epochs: `train.eval_every`"),
    Foreign(
        "log_every log_interval log_every_n_steps logging_steps log_freq print_freq verbose logger logging "
        "wandb tensorboard callbacks metrics log",
        _LOGGING,
    ),
    Foreign(
        "checkpoint checkpoints checkpoint_every save_every save_steps save_interval save_freq resume "
        "resume_from ckpt ckpt_path save_best save_top_k save_checkpoint checkpointing enable_checkpointing",
        _CHECKPOINT,
    ),
    Foreign(
        "loss criterion loss_fn objective loss_function", "regx trains on the cross-entropy: leave it out"
    ),
    Foreign("label_smoothing smoothing", "regx has no label smoothing: leave it out"),
    Foreign("compile torch_compile jit jit_compile", "regx compiles nothing: leave it out"),
    Foreign(
        "deterministic benchmark cudnn_benchmark cudnn_deterministic use_deterministic_algorithms",
        "a run repeats bit for bit on its machine: leave it out",
    ),
    Foreign("target_accuracy target_acc", "train.target_error"),
    Foreign("target", "train.target_error", "train"),
    # data
    Foreign("dataset datasets datamodule data_module", "data", ""),
    Foreign("dataset dataset_name type kind", "data.name", "data"),
    Foreign("dataset_name", "data.name"),
    Foreign(
        "num_train n_train subset subset_size num_samples max_samples n_samples train_samples "
        "max_train_samples num_train_samples limit_train_batches size",
        "data.train_size",
        "data",
    ),
    Foreign(
        "num_train n_train subset subset_size num_samples train_samples max_train_samples "
        "limit_train_batches",
        "data.train_size",
    ),
    Foreign(
        "val_split validation_split val_size valid_size test_size validation_size split val_fraction "
        "train_split test_split",
        _SPLIT,
    ),
    Foreign(
        "augmentation data_augmentation augmentations hflip horizontal_flip random_flip flip random_crop "
        "crop random_horizontal_flip transforms transform",
        "data.augment",
    ),
    Foreign(
        "preprocessing normalize normalise normalization normalisation whitening whiten standardize mean std",
        "data.preprocess",
        "data",
    ),
    Foreign("preprocessing normalize normalise normalization normalisation whitening", "data.preprocess"),
    Foreign(
        "mixup cutmix cutout randaugment autoaugment rand_augment auto_augment random_erasing "
        "trivial_augment mixup_alpha rotation random_rotation color_jitter",
        _NO_SUCH_CHANGE,
    ),
    Foreign(
        "image_size img_size input_size input_shape input_dim in_channels num_channels num_classes "
        "n_classes classes num_labels output_size output_dim num_outputs out_features in_features",
        _FROM_DATA,
    ),
    Foreign(
        "root data_dir data_root data_path dataset_path download cache_dir",
        "data sets lie in a cache: `regx data fetch NAME`, and $REGX_DATA says where: leave it out",
    ),
    Foreign(
        "path dir",
        "data sets lie in a cache: `regx data fetch NAME`, and $REGX_DATA says where: leave it out",
        "data",
    ),
    # the network
    Foreign("network net architecture arch nn", "model", ""),
    Foreign(
        "network net architecture arch name type kind model model_name backbone class_name encoder",
        _NETWORK,
        "model",
    ),
    Foreign("network architecture backbone model_name model_type", _NETWORK),
    Foreign(
        "hidden_layers hidden_units hidden_dim hidden_dims hidden_size hidden_layer_sizes layer_sizes "
        "fc_sizes mlp_sizes dense_units",
        "model.hidden_sizes",
    ),
    Foreign(
        "layers num_layers n_layers depth hidden num_hidden_layers units width widths dims fc dense linear "
        "num_units n_hidden n_units num_hidden",
        _LAYERS,
        "model",
    ),
    Foreign("layers num_layers n_layers num_hidden_layers", _LAYERS),
    Foreign("fc dense linear", "model.drop_prob.hidden", "model.drop_prob"),
    Foreign("convolution cnn conv2d", "model.drop_prob.conv", "model.drop_prob"),
    Foreign("input_layer pixels visible", "model.drop_prob.input", "model.drop_prob"),
    Foreign(
        "channels filters conv_filters num_filters conv_sizes n_filters out_channels conv_layers conv",
        "model.conv_channels",
        "model",
    ),
    Foreign("filters conv_filters num_filters conv_layers", "model.conv_channels"),
    Foreign("channels width height resolution", _FROM_DATA, "data"),
    Foreign("kernel kernels conv_kernel filter_size kernel_sizes", "model.kernel_size"),
    Foreign(
        "padding strides stride conv_stride",
        "convolutions have stride 1 and keep the size; `model.pool.stride` is that of the pooling",
        "model",
    ),
    Foreign("pooling max_pool maxpool pool_size pool_stride", "model.pool"),
    Foreign(
        "nonlinearity act activation_function activation_fn act_fn act_layer hidden_act non_linearity",
        "model.activation",
    ),
    Foreign(
        "norm norm_layer normalization normalisation use_norm norm_type normalize",
        "model.batch_norm",
        "model",
    ),
    Foreign(
        "bn batchnorm batch_normalization batch_normalisation use_bn use_batch_norm use_batchnorm "
        "batchnorm2d batch_norm2d",
        "model.batch_norm",
    ),
    Foreign(
        "layer_norm layernorm group_norm groupnorm instance_norm instancenorm rms_norm rmsnorm "
        "spectral_norm sync_batchnorm sync_bn",
        _NO_OTHER_NORM,
    ),
    Foreign(
        "initialization initialisation initializer weight_init kernel_initializer init_method "
        "init_scheme weights_init weight_initializer",
        "model.init",
    ),
    Foreign("bias_init bias_initializer", "biases start at 0: leave it out"),
    Foreign(
        "bias use_bias",
        "every layer has a bias, except before batch norm, where beta takes its place: leave it out",
    ),
    Foreign(
        "pretrained weights checkpoint_path load_from",
        "every run begins from new weights: leave it out",
        "model",
    ),
    Foreign("pretrained", "every run begins from new weights: leave it out"),
    Foreign(
        "residual skip_connections attention num_heads recurrent",
        "regx has no such layers: `model.family` is cnn or mlp",
    ),
    Foreign(
        "drop_path stochastic_depth drop_path_rate dropconnect drop_connect dropblock gaussian_dropout "
        "alpha_dropout",
        "regx has no such noise; `model.drop_prob` is dropout",
    ),
    Foreign(
        "dropout2d spatial_dropout dropout_2d",
        "write `model.drop_prob.conv`; with `model.conv_drop` "
        "channel, the default, whole channels are zeroed",
    ),
    # inside the network's own mappings
    Foreign("kind type name method initializer distribution", "model.init.scheme", "model.init"),
    Foreign("std sd stddev sigma scale", "model.init.gain", "model.init"),
    Foreign("kernel kernel_size window pool_size", "model.pool.size", "model.pool"),
    Foreign("kind type mode method", "regx has max pooling only: leave it out", "model.pool"),
    Foreign(
        "momentum",
        "write `update_weight`, the weight of the NEW batch (torch's momentum; Keras's is 1 - that)",
        "model.batch_norm",
    ),
    Foreign(
        "decay moving_average_decay",
        "write `update_weight`, the weight of the NEW batch, which is 1 - decay",
        "model.batch_norm",
    ),
    Foreign("gamma beta scale center", "write `affine`, for gamma and beta together", "model.batch_norm"),
    Foreign("epsilon", "model.batch_norm.eps", "model.batch_norm"),
    Foreign(
        "track_running_stats",
        "running statistics are always kept; `train.bn_reestimate_images` says whether they are used",
        "model.batch_norm",
    ),
    Foreign("ghost_batch_size virtual_batch_size ghosts", "model.batch_norm.ghost_size"),
    Foreign("reference_batch reference_size virtual_batch_norm", "model.batch_norm.reference_images"),
    # the run itself
    Foreign("gpu gpus cuda use_cuda use_gpu accelerator devices num_gpus ngpu no_cuda", "device"),
    Foreign(
        "strategy distributed ddp num_nodes world_size local_rank",
        "a run trains on one device: leave it out; `regx sweep` trains many at once",
    ),
    Foreign("random_seed random_state rng_seed manual_seed seed_everything global_seed", "seed"),
    Foreign("out output", _OUTPUT, ""),
    Foreign("out output", _OUTPUT, "train"),
    Foreign("seeds num_seeds n_seeds repeats", _ONE_SEED),
    Foreign("run_name experiment_name exp_name experiment project project_name title", "name", ""),
    Foreign(
        "output_dir out_dir save_dir log_dir logdir run_dir results_dir checkpoint_dir "
        "default_root_dir workdir work_dir",
        _OUTPUT,
    ),
)


# Words by which other tools call a choice.
SYNONYMS = {
    word: choice
    for choice, words in {
        "cuda": "gpu nvidia",
        "mps": "metal apple",
        "mnist": "mnist_784",
        "fashion_mnist": "fashion fmnist fashionmnist",
        "cifar10": "cifar",
        "zca_whiten": "zca whiten whitening",
        "pca_whiten": "pca",
        "standardize": "normalize normalise z_score zscore",
        "flip": "hflip horizontal_flip random_horizontal_flip",
        "fp32": "float32 float single full",
        "bf16": "bfloat16 bf16_mixed",
        "cnn": "convnet conv lenet",
        "mlp": "dense fcn feedforward",
        "he": "kaiming kaiming_normal he_normal msra",
        "xavier": "glorot xavier_normal glorot_normal",
        "normal": "gaussian",
        "sigmoid": "logistic",
        "cosine": "cosine_annealing cosineannealinglr cosine_decay",
        "exponential": "exp exponentiallr",
        "step": "steplr step_lr",
        "none": "constant",
        "batch_norm": "bn batchnorm",
    }.items()
    for word in words.split()
}
# Words that are written almost like a choice and mean something else: for them nothing is guessed.
OTHER_THINGS = frozenset(
    {"gelu", "selu", "elu", "celu", "silu", "prelu", "rrelu"}
    | {"cifar100", "emnist", "kmnist", "qmnist", "fp16", "inverse_sqrt"}
)


def foreign_answer(parent: str, key: str, value: Any) -> str:
    """Return the answer to a word that stands in a mapping: a path, a sentence, or nothing.

    Args:
        parent: Dotted path of the mapping; empty for the top level.
        key: The word, as the file has it.
        value: Its value: `optimizer: {lr: 0.1}` is a section under another name, `optimizer: adam` is not.
    """
    word = key.lower().replace("-", "_")
    rows = [row for row in FOREIGN if row.where in (None, parent) and word in row.words.split()]
    rows = [row for row in rows if row.where == parent] or rows
    answer = rows[0].answer if rows else ""
    if not parent and "." not in answer and not isinstance(value, dict):
        inside = [row.answer for row in FOREIGN if row.where == answer and word in row.words.split()]
        return inside[0] if inside else answer
    return answer
