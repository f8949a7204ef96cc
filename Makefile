# Everything a newcomer, a contributor and CI call. `make help` lists it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Of sweeps: `make sweep-mnist TIER=gpu JOBS=4`. Without JOBS, one run at a time on each core or GPU.
TIER ?= cpu
JOBS ?=
SWEEP = $(BIN)/regx sweep $(if $(JOBS),--jobs $(JOBS))
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help demo test test-faults test-all check format data docs golden bench bench-sweep reference results statistics a-a dist clean
.PHONY: sweep-digits sweep-mnist sweep-cifar sweep-smoke reproduce reproduce-smoke

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed  ## set up, train the digits pair, compare, say where the pictures are
	$(BIN)/regx train configs/digits_plain.yaml
	$(BIN)/regx train configs/digits_cnn.yaml
	$(BIN)/regx compare runs/digits_plain-s0-* runs/digits_cnn-s0-* --out runs/demo

test: $(VENV)/.installed-dev  ## set up and run the fast tests
	$(PYTEST) -n 2

test-faults: $(VENV)/.installed-dev  ## kill runs at random moments and compare the bytes
	$(PYTEST) -n 2 -m faults

test-all: $(VENV)/.installed-dev  ## every test that needs no GPU: minutes
	$(PYTEST) -n 2 -m "not gpu"

check: $(VENV)/.installed-dev  ## formatting, lint, types, direction of imports
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev  ## format the code
	$(BIN)/ruff format --quiet .
	$(BIN)/ruff check --quiet --fix .

sweep-digits: $(VENV)/.installed  ## each regularizer alone and together on the digits: a minute or two
	$(SWEEP) --tier $(TIER) experiments/digits_toggles.yaml

sweep-mnist: $(VENV)/.installed  ## the same on 5,000 images of MNIST: half an hour (TIER=gpu: all of it)
	$(SWEEP) --tier $(TIER) experiments/mnist_toggles.yaml

sweep-cifar: $(VENV)/.installed  ## the same on 5,000 images of CIFAR-10: an hour (TIER=gpu: all of it)
	$(SWEEP) --tier $(TIER) experiments/cifar_toggles.yaml

sweep-smoke: $(VENV)/.installed  ## every experiment at its smallest, to see that it works
	set -e; for file in experiments/*.yaml; do $(SWEEP) --tier smoke $$file; done

reproduce: $(VENV)/.installed  ## every claim: tune, confirm, measure, judge: hours (TIER=gpu: full size)
	$(BIN)/regx reproduce --all --tier $(TIER) $(if $(JOBS),--jobs $(JOBS))

reproduce-smoke: $(VENV)/.installed  ## every claim at its smallest, to see that it works: minutes
	$(BIN)/regx reproduce --all --tier smoke $(if $(JOBS),--jobs $(JOBS))

data: $(VENV)/.installed  ## fetch MNIST, Fashion-MNIST and CIFAR-10
	$(BIN)/regx data fetch mnist fashion_mnist cifar10

docs: $(VENV)/.installed-dev  ## write the generated pages again
	$(BIN)/python docs/generate.py

golden: $(VENV)/.installed-dev  ## store the golden losses again: only when a change is meant to move results
	$(BIN)/python tests/golden/store_losses.py

bench: $(VENV)/.installed-bench  ## training and sweep throughput against other ways, side by side
	$(BIN)/python benchmarks/throughput.py --out results/throughput.json
	$(MAKE) bench-sweep

bench-sweep: $(VENV)/.installed-bench  ## a sweep of 16 runs against the same runs one after another
	$(BIN)/python benchmarks/sweep_throughput.py --out results/sweep_throughput.json

reference: $(VENV)/.installed  ## train the ready-made configs on real data and collect what they reach
	$(BIN)/python benchmarks/reference.py

results: demo sweep-digits  ## store the figures and tables of both, which the README shows
	mkdir -p results/demo results/digits_toggles
	COLUMNS=80 $(BIN)/regx compare runs/digits_plain-s0-* runs/digits_cnn-s0-* --out runs/demo > results/demo/compare.txt
	cp runs/demo/overfitting.svg runs/demo/convergence.svg results/demo/
	COLUMNS=80 $(BIN)/regx compare runs/digits_toggles --out runs/digits_toggles/compare > results/digits_toggles/compare.txt
	cp runs/digits_toggles/compare/differences.svg runs/digits_toggles/compare/compare.csv results/digits_toggles/

statistics: $(VENV)/.installed  ## simulate how often intervals and verdicts err: minutes
	$(BIN)/python benchmarks/statistics_simulation.py

a-a: $(VENV)/.installed  ## compare one arm with itself, and claim that it is better: 20 minutes
	$(BIN)/python benchmarks/a_a_check.py
	$(BIN)/python benchmarks/a_a_claims.py

dist: $(VENV)/.installed-dev  ## build the wheel
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:  ## remove the environment and what tools left; runs and data stay
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/.made
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/.made
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-bench: pyproject.toml constraints.txt | $(VENV)/.made
	$(PIP) --editable '.[bench]'
	@touch $@ $(VENV)/.installed
