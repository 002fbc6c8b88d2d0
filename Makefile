# Everything runs in .venv, which tools/make_environment.py makes when it is missing or out of date.
#   make demo SENSOR=spike          of a spike camera
#   make demo PYTHON=python3.12     another interpreter (the .venv that it makes is then kept)
#   make test ARGS='-k evt3'        further arguments for pytest
#   make test JOBS=0                all tests in one process, for --pdb; otherwise one per core
#   make test-training TORCH='torch --index-url https://download.pytorch.org/whl/cu130'
#                                   another build of PyTorch, in the words of pip install; without
#                                   TORCH the CPU build is installed where there is no NVIDIA GPU
#   make bench RECORDINGS='bag a.raw'   recordings of your own to measure with

PYTHON ?=
ARGS ?=
export TORCH ?=
RECORDINGS ?=
RUNNER := $(or $(PYTHON),python3)
BIN := .venv/bin

# Children of a Python that runs ROS 2 wheels inherit two variables that only suit that Python.
ifdef _ROS_WHEELS_BOOTSTRAP_COMPLETE
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE LD_LIBRARY_PATH
endif
# ROS 2 tools look the package up here; a sourced installation comes second.
IN_VENV = AMENT_PREFIX_PATH="$(CURDIR)/.venv$${AMENT_PREFIX_PATH:+:$$AMENT_PREFIX_PATH}"

PYTEST = $(IN_VENV) $(BIN)/python -m pytest
# Files share fixtures, so a file stays in one process. Each process needs 1 to 2 GB of memory.
# A process that dies ends the run; replaced, it may wait for ever for tests that nobody runs.
JOBS ?= $(shell nproc)
PARALLEL = -n $(JOBS) --maxprocesses 4 --max-worker-restart 0 \
  --dist loadfile --no-loadscope-reorder
COVERAGE = --cov=spike_recon_models --cov=spike_recon_training --cov-report=term

.PHONY: help demo test test-training bench docs check parameters \
  environment environment-training clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-21s %s\n", $$1, $$2 }' Makefile
	@echo '  PYTHON=python3.12 chooses the interpreter; a sourced ROS 2 is used where there is one.'

demo: environment ## simulate a recording, reconstruct it live through ROS 2, write demo/
	@$(IN_VENV) $(BIN)/spike-recon demo -o demo $(if $(SENSOR),--sensor $(SENSOR))

test: environment ## run the tests that need no PyTorch
	@$(PYTEST) $(PARALLEL) -m 'not training' $(ARGS)

test-training: environment-training ## install the training extra and run all other tests, with coverage
	@$(PYTEST) -m training $(COVERAGE) $(ARGS)

bench: environment ## measure speed and write benchmarks/results/
	@$(IN_VENV) $(BIN)/spike-recon bench all -o benchmarks/results $(RECORDINGS:%=--recording %)

parameters: environment ## write config/recon.yaml and docs/parameters.md from settings.py
	$(BIN)/python tools/write_parameters.py

docs: environment ## build the documentation site, build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

check: environment ## lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/python -m mypy examples/*.py

define MAKE_ENVIRONMENT
@command -v "$(RUNNER)" >/dev/null || \
  { echo 'error: there is no $(RUNNER); run: sudo apt install python3 python3-venv' >&2; exit 1; }
@"$(RUNNER)" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
  { echo 'error: Python 3.10 or newer is needed and $(RUNNER) is older; run: sudo apt install' \
    'python3.10-venv python3.10-dev, then: make PYTHON=python3.10' >&2; exit 1; }
@"$(RUNNER)" tools/make_environment.py $(if $(PYTHON),,--keep-interpreter)
endef

environment: ## make .venv, or bring it up to date
	$(MAKE_ENVIRONMENT)

environment-training: ## make .venv with PyTorch and the other libraries for training
	$(MAKE_ENVIRONMENT) --training

clean: ## remove .venv and everything that was built or measured by running it
	rm -rf .venv demo build install log *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
