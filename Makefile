# make demo: annotate the bundled sample; make test: everything, from a fresh checkout; make lint: the style.
# PYTHON chooses the interpreter, 3.11 to 3.13.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: install demo test lint

install: $(VENV)/developer

$(VENV)/user: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade pip
	$(RUN) -m pip install --quiet -r requirements.txt
	touch $@

$(VENV)/developer: $(VENV)/user requirements-dev.txt
	$(RUN) -m pip install --quiet -r requirements-dev.txt
	touch $@

demo: $(VENV)/user
	$(RUN) predict.py --video samples/street.mp4

test: $(VENV)/developer
	$(RUN) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/developer
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
