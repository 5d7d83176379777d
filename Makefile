# `make help` lists the targets. PYTHON is the interpreter (3.10 or newer) that creates .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test test-all fuzz gpu lint bench
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 16

demo: outputs/demo/report/report.html  ## train and score a model on the synthetic set (no download of data or weights)
	@tail -n 8 outputs/demo/train.log
	@echo "The report: outputs/demo/report/report.html (to train again: rm -r outputs/demo, then make demo)"

outputs/demo/report/report.html: | .venv/.installed
	if [ -f outputs/demo/.hydra/config.yaml ]; then \
		$(BIN)/reid train resume=outputs/demo; \
	else \
		$(BIN)/reid train data=synthetic hydra.run.dir=outputs/demo; \
	fi
	$(BIN)/reid report outputs/demo

test: .venv/.installed-dev lint  ## lint, then pytest, in .venv
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-all: test  ## and the tests that take an hour or two: slow ones, many kills, signals at random moments, many starts at once
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow
	REID_KILLS=10 REID_KILL_SEED=1 $(BIN)/python -m pytest tests/run/test_resume.py -k sigkill
	REID_STARTS=10 $(BIN)/python -m pytest tests/robustness/test_folders.py -k one_second
	REID_SIGNALS=20 $(BIN)/python -m pytest tests/robustness/test_signals.py

fuzz: .venv/.installed-dev  ## twenty times the fuzz of make test, other examples each time (half an hour)
	REID_FUZZ=20 $(BIN)/python -m pytest -n 2 --dist load tests/fuzz

gpu: .venv/.installed-dev  ## what only a GPU can show: its tests, then the images per second of training (six minutes)
	$(BIN)/python -c 'import sys, torch; sys.exit(None if torch.cuda.is_available() else "There is no GPU.")'
	$(BIN)/python -m pytest -m "gpu and not slow"
	$(BIN)/python -m benchmarks.gpu_speed

lint: .venv/.installed-dev  ## ruff, mypy and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

bench: .venv/.installed-dev  ## speed of input, training, losses and ranking compared with peers, and of the networks (half an hour on an idle machine)
	$(BIN)/python -m benchmarks.input_speed
	$(BIN)/python -m benchmarks.train_speed
	$(BIN)/python -m benchmarks.host_work
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.losses_speed
	$(BIN)/python -m benchmarks.evaluate_speed
	$(BIN)/python -m benchmarks.rerank_speed
	$(BIN)/python -m benchmarks.networks

.venv/.made:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.installed: pyproject.toml | .venv/.made
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/.installed-dev: pyproject.toml | .venv/.made
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch .venv/.installed $@
