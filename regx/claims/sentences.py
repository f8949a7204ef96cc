"""The tested text, sentence by sentence: which claims test each, and where the text itself is loose or wrong.

The tested text is homework 3 of the course DS-GA 1008 (Deep Learning) of March 2019, on dropout and batch
normalisation. It quotes and shortens two papers, Srivastava et al. 2014 and Ioffe & Szegedy 2015.
"""

from dataclasses import dataclass

__all__ = [
    "CLAIMS_OF_THE_TEXT",
    "LOOSE_POINTS",
    "SENTENCES",
    "TESTED_TEXT",
    "LoosePoint",
    "Sentence",
    "loose_points",
]

TESTED_TEXT = "homework 3 of DS-GA 1008 (Deep Learning), March 2019"


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence of the tested text, or a half of one where its halves are tested apart.

    Attributes:
        id: `S1` and on, in the order of the text.
        text: Its exact words.
        claims: The claims that test it.
        why_untested: Why it has none.
    """

    id: str
    text: str
    claims: tuple[str, ...]
    why_untested: str = ""


@dataclass(frozen=True, kw_only=True)
class LoosePoint:
    """A place where the tested text is loose or wrong in itself, whatever a run shows.

    Attributes:
        sentences: Where it stands.
        claims: Which claims have to say so.
        says: What is loose, and what would be exact.
    """

    sentences: tuple[str, ...]
    claims: tuple[str, ...]
    says: str


def loose_points(claim_id: str) -> tuple[str, ...]:
    """Return what a claim has to say of the wording that it tests."""
    return tuple(point.says for point in LOOSE_POINTS if claim_id in point.claims)


SENTENCES: tuple[Sentence, ...] = (
    Sentence(id="S1", text="Dropout2d is the torch.nn module corresponding to dropout.", claims=("M01",)),
    Sentence(id="S2", text="Its parameters are the dropout probability 'p' and 'inplace'.", claims=("M01",)),
    Sentence(id="S3", text="p is the probability of an element to be zero-ed.", claims=("M02",)),
    Sentence(
        id="S4", text="If inplace is set to True, the dropout operation is done inplace.", claims=("M03",)
    ),
    Sentence(
        id="S5",
        text="Dropout is a regularization technique which is used to prevent overfitting.",
        claims=("C01",),
    ),
    Sentence(
        id="S6",
        text=(
            "The technique involves temporarily dropping nodes (hidden and input) along with all its "
            "incoming and outgoing connections."
        ),
        claims=("M04",),
    ),
    Sentence(
        id="S7",
        text="A node at training time is present with probability p (dropped with probability 1-p).",
        claims=("M05",),
    ),
    Sentence(
        id="S8",
        text="For the input nodes, however, the optimal probability of retention is usually closer to 1.",
        claims=("C03",),
    ),
    Sentence(
        id="S9",
        text="At test time, the node is always present and the weights are multiplied by p.",
        claims=("M06", "C04"),
    ),
    Sentence(id="S10", text="During training, dropout uses several reduced networks.", claims=("M07",)),
    Sentence(id="S11", text="This prevents the nodes from co-adapting too much.", claims=("C05",)),
    Sentence(
        id="S12", text="This model combination also improves the performance of the network.", claims=("C06",)
    ),
    Sentence(id="S13a", text="Although dropout alone gives significant improvements,", claims=("C02",)),
    Sentence(
        id="S13b",
        text=(
            "using dropout along with max-norm regularization, large decaying learning rates and high "
            "momentum provides a significant boost over just using dropout."
        ),
        claims=("C07",),
    ),
    Sentence(
        id="S14",
        text=(
            "A possible justification is that constraining weight vectors to lie inside a ball of fixed "
            "radius makes it possible to use a huge learning rate without the possibility of weights blowing"
            " up."
        ),
        claims=("M08", "C08"),
    ),
    Sentence(
        id="S15",
        text=(
            "As the learning rate decays, the optimization takes shorter steps, thereby doing less "
            "exploration and eventually settles into a minimum."
        ),
        claims=("C09",),
    ),
    Sentence(
        id="S16",
        text="Usually the total amount of training data available is quite large.",
        claims=(),
        why_untested="It says how much data there usually is, which no training run can test.",
    ),
    Sentence(
        id="S17",
        text="It is computationally expensive to use the entire batch at each step to train the algorithm.",
        claims=("C10",),
    ),
    Sentence(
        id="S18",
        text=(
            "We prefer to use a small number of training instances which constitute a mini-batch in one "
            "iteration."
        ),
        claims=("C10",),
    ),
    Sentence(
        id="S19",
        text=(
            "Training over a mini-batch constitutes an iterator and training over all the mini batches "
            "constitutes an epoch."
        ),
        claims=("M09",),
    ),
    Sentence(
        id="S20",
        text=(
            "The distribution of each layer's inputs changes during training, as the parameters of the "
            "previous layers change."
        ),
        claims=("C11",),
    ),
    Sentence(
        id="S21a",
        text=(
            "To avoid this problem we need to use smaller learning rates and carefully initialize parameters."
        ),
        claims=("C12",),
    ),
    Sentence(id="S21b", text="This slows down the training.", claims=("C13",)),
    Sentence(
        id="S22",
        text=(
            "Networks converge faster if the inputs have been whitened (zero mean, unit variances) and are "
            "uncorrelated [2] [3]."
        ),
        claims=("C14",),
    ),
    Sentence(
        id="S23",
        text=(
            "Batch normalization reduces the dependence of gradients on the scale of the parameters or on "
            "their initial values (reduces internal covariate shift) by fixing the means and variances of "
            "layer inputs."
        ),
        claims=("M10", "M12", "C15", "C16"),
    ),
    Sentence(
        id="S24",
        text="This allows us to use much higher learning rates without the risk of divergence.",
        claims=("C17",),
    ),
    Sentence(
        id="S25", text="It also allows each layer to learn independently of other layers.", claims=("C18",)
    ),
    Sentence(
        id="S26",
        text="It also acts as a regularizer, in some cases eliminating the need for Dropout.",
        claims=("C19", "C20"),
    ),
    Sentence(
        id="S27",
        text=(
            "It normalizes the output of previous activation layer by subtracting the batch mean and "
            "dividing by the batch standard deviation."
        ),
        claims=("M10",),
    ),
    Sentence(
        id="S28",
        text=(
            "The gradient descent algorithm does the denormalization if required (to minimize loss function)"
            " by changing only these two weights for each activation, instead of losing the stability of the"
            " network by changing all the weights."
        ),
        claims=("M11", "M13", "C21"),
    ),
)

CLAIMS_OF_THE_TEXT = frozenset(name for sentence in SENTENCES for name in sentence.claims)

LOOSE_POINTS: tuple[LoosePoint, ...] = (
    LoosePoint(
        sentences=("S3", "S7", "S9"),
        claims=("M02", "M05", "M06", "C03", "C04"),
        says=(
            "The text uses p in two opposite senses: in PyTorch p is the probability of zeroing, in "
            "Srivastava et al. p is the probability of keeping. regx writes drop_prob for the first and "
            "keep for the second, never a bare p."
        ),
    ),
    LoosePoint(
        sentences=("S3",),
        claims=("M02",),
        says=(
            "Dropout2d zeroes whole channels, not single elements. PyTorch's own parameter line says 'an "
            "element to be zero-ed', while the text above it says that entire channels are zeroed."
        ),
    ),
    LoosePoint(
        sentences=("S9",),
        claims=("M06", "C04"),
        says=(
            "Multiplying the weights by p at test time is how the paper does it. PyTorch scales by 1 / (1"
            " - p) in training instead, and its dropout is the identity in evaluation; the two agree up "
            "to a scale of each layer's weights and learning rate."
        ),
    ),
    LoosePoint(
        sentences=("S13b", "S14", "S15"),
        claims=("C07", "C08", "C09"),
        says=(
            "Between 'weights blowing up' and 'As the learning rate decays' the text leaves out a "
            "sentence of the paper: the noise of dropout lets the optimisation explore regions of weight "
            "space that would otherwise be hard to reach. Without it 'less exploration' refers to "
            "nothing."
        ),
    ),
    LoosePoint(
        sentences=("S19",),
        claims=("M09",),
        says="'iterator' should be 'iteration'.",
    ),
    LoosePoint(
        sentences=("S23",),
        claims=("M10", "M12", "C15", "C16"),
        says=(
            "The sentence merges two statements of the paper: that fixing the means and variances of "
            "layer inputs reduces internal covariate shift, and that gradients depend less on the scale "
            "of the parameters or on their initial values. The text gives the first as another name of "
            "the second; here they are tested apart."
        ),
    ),
    LoosePoint(
        sentences=("S25", "S28"),
        claims=("C18", "M11", "M13", "C21"),
        says=(
            "The sentence is in neither of the cited papers; it is close to the wording of a web "
            "glossary. The paper says only that gamma and beta let batch normalisation represent the "
            "identity."
        ),
    ),
    LoosePoint(
        sentences=("S27",),
        claims=("M10",),
        says=(
            "The paper puts batch normalisation before the nonlinearity, on Wu + b, and not on the output"
            " of the previous activation."
        ),
    ),
    LoosePoint(
        sentences=("S28",),
        claims=("M11", "M13", "C21"),
        says=(
            "For convolutions gamma and beta are learned for each feature map, not for each activation; "
            "and 'these two weights' refers to nothing that was named before."
        ),
    ),
    LoosePoint(
        sentences=("S22",),
        claims=("C14",),
        says=("'whitened ... and are uncorrelated' says it twice: whitening already includes decorrelation."),
    ),
)
