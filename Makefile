# make run     build, install, run the example three times, leave a JupyterLab to open
# make test    every check there is
# make images  the images that jobs in containers run in, where a container engine answers
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps
export PATH := $(CURDIR)/$(BIN):$(PATH)
export YARN_ENABLE_TELEMETRY := 0
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run install develop images test lint test-python test-typescript test-browser bench clean

run: $(STAMPS)/install
	@$(BIN)/python scripts/run.py $(ARGS)

install: $(STAMPS)/install

$(STAMPS)/venv: pyproject.toml
	@scripts/check-tools $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet jupyter-builder "jupyterlab>=4.6,<5" hatchling hatch-jupyter-builder hatch-nodejs-version editables
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/node: $(STAMPS)/venv package.json yarn.lock
	@echo "Fetching the front end's packages (.stamps/node.log)"
	@$(BIN)/jlpm install --immutable > $(STAMPS)/node.log || { tail -n 40 $(STAMPS)/node.log; exit 1; }
	@touch $@

$(STAMPS)/frontend: $(STAMPS)/node tsconfig.json scripts/build_widgets.mjs $(shell find src style schema -type f 2>/dev/null)
	@echo "Building the front end (.stamps/frontend.log)"
	@$(BIN)/jlpm build:prod > $(STAMPS)/frontend.log || { tail -n 40 $(STAMPS)/frontend.log; exit 1; }
	@touch $@

$(STAMPS)/install: $(STAMPS)/frontend
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable ".[examples]"
	$(BIN)/python -m compileall -q studio_ext $(VENV)/lib >/dev/null || true
	@touch $@

$(STAMPS)/develop: $(STAMPS)/install
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable ".[examples,test,lint]"
	@touch $@

$(STAMPS)/ui-tests: $(STAMPS)/develop ui-tests/package.json ui-tests/yarn.lock
	@cd ui-tests && jlpm install --immutable > ../$(STAMPS)/ui-tests.log || { tail -n 40 ../$(STAMPS)/ui-tests.log; exit 1; }
	@touch $@

develop: $(STAMPS)/ui-tests

images: $(STAMPS)/develop
	@$(BIN)/python scripts/images.py

test: lint test-typescript images test-python test-browser

lint: $(STAMPS)/develop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/jlpm lint
	$(BIN)/jlpm contract:check

# Most of them wait most of the time: two at once. A file's tests share what they set up.
test-python: $(STAMPS)/develop
	$(BIN)/python -m pytest -n 2 --dist loadfile --durations 25 $(ARGS)

test-typescript: $(STAMPS)/develop
	$(BIN)/jlpm test

test-browser: $(STAMPS)/ui-tests
	cd ui-tests && jlpm test

bench: $(STAMPS)/develop
	$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf $(VENV) $(STAMPS) node_modules ui-tests/node_modules lib studio_ext/labextension studio_ext/widgets/static \
		studio_ext/adapters/report_page/static
