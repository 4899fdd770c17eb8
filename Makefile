# make book    build the book into book/_build/html
# make pdf     the book as book/_build/pdf/vae-executed.pdf
# make epub    the book as book/_build/epub/vae-executed.epub
# make check   types, lint and architecture: in seconds, what a change should pass before it is tried
# make test    make check, then everything the tests need, then all tests (make test TESTS=tests/lib for some of them)
# make serve   build, then show the book at http://localhost:8000 (make serve PORT=8001 for another port)
# make clean   remove what was built and installed here (trained models stay in the user's cache)

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin

# Many processes import the same libraries: each would compile them anew where this is set.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: book pdf epub check test serve clean

book: $(VENV)/installed
	$(BIN)/jupyter-book build book
	@echo "Open book/_build/html/index.html"

pdf: $(VENV)/installed
	$(BIN)/python book/_ext/editions/make.py pdf

epub: $(VENV)/installed
	$(BIN)/python book/_ext/editions/make.py epub

check: $(VENV)/installed-tests node_modules/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(abspath $(BIN)):$$PATH" npm run --silent check
	# what reads and runs nothing: to import everything takes a minute
	$(BIN)/python -m pytest -q --noconftest tests/test_architecture.py tests/test_readme.py -k "not importing"

test: check book
	$(BIN)/python tests/support/tools.py
	# a file on each core, in the order of their names: the slow ones are the book's, which come first
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --durations 40 $(TESTS)

serve: book
	$(BIN)/python book/serve.py $(PORT)

$(VENV)/installed: requirements.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv --clear $(VENV)
	# not compiled: most of the time would go into modules that nothing here imports; the others are at their import
	$(BIN)/pip install --no-compile -r requirements.txt
	touch $@

$(VENV)/installed-tests: requirements-test.txt $(VENV)/installed
	$(BIN)/pip install --no-compile -r requirements-test.txt
	touch $@

node_modules/installed: package.json package-lock.json $(VENV)/installed-tests
	PATH="$(abspath $(BIN)):$$PATH" npm ci
	touch $@

clean:
	rm -rf $(VENV) node_modules book/_build *.egg-info
