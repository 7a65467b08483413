# Thin: each target is a command that a person could type. VENV, PORT, PORTAL_PORT, NODES, CLUSTER_TESTS and PYTHON may be set.
VENV ?= .venv
PYTHON ?=
PORT ?= 8000
PORTAL_PORT ?= 8001
NODES ?= 3
CLUSTER_TESTS ?= cluster
BIN := $(VENV)/bin
RUNTIME := $(VENV)/$(if $(filter opensearch,$(SEARCH_ENGINE)),.opensearch,.runtime)
TEST = $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help run demo cluster test test-thorough test-api test-cluster test-faults lint format bench bench-columnar clean

help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

run: $(RUNTIME)  ## Install, load the sample articles once, build the index, serve http://127.0.0.1:$(PORT)
	@$(BIN)/python -m indexer ingest samples/articles.jsonl --if-empty
	@$(BIN)/python -m indexer rebuild --if-needed || [ $$? -eq 1 ]  # 1: a check failed, and what is live answers on
	@PORT=$(PORT) SEARCH_LINKS=$${SEARCH_LINKS:-preview} exec $(BIN)/python app.py

demo: $(VENV)/.runtime  ## Serve a portal's pages with lists and a search box on port $(PORTAL_PORT), beside a service of its own
	@PORT=$(PORT) PORTAL_PORT=$(PORTAL_PORT) exec $(BIN)/python samples/portal/demo.py

cluster:  ## Run an OpenSearch of $(NODES) nodes on this machine, for SEARCH_ENGINE=opensearch make run (needs Java and Maven)
	@exec tools/opensearch.sh run $(NODES)

test: $(VENV)/.development  ## Test every feature, file by file, in two processes
	@$(TEST)

test-thorough: $(VENV)/.development  ## Test what takes long: MariaDB too, random faults, judged questions, the guides
	@$(TEST) -m "thorough and not cluster"

test-faults: $(VENV)/.development  ## Kill writers at random moments, 150 times over, and fill a disk (ten minutes)
	@$(BIN)/python -m pytest tests/indexer/columnar/files/test_faults.py tests/end_to_end/test_*faults.py tests/end_to_end/test_full_disk.py --fault-seeds 100 -m ""

test-api: $(VENV)/.development  ## Ask a server hundreds of questions that its OpenAPI document allows or forbids (a minute)
	@$(BIN)/python -m pytest -m api tests/end_to_end/test_openapi_answers.py

test-cluster: $(VENV)/.development  ## Hold the OpenSearch engine, and the service on it, to their promises, on nodes that it starts (ten minutes)
	@$(TEST) -m "$(CLUSTER_TESTS)"

lint: $(VENV)/.development  ## Check style and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(VENV)/.development  ## Put the style right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.development  ## Measure the segmenter beside jieba
	@$(BIN)/python -m benchmarks.segmentation

bench-columnar: $(VENV)/.development  ## Measure the columnar index beside Tantivy, Whoosh and FTS5 (half an hour)
	@$(BIN)/python -m benchmarks.columnar --articles 200000 --commits 1000 --slow

clean:  ## Remove the virtual environment and caches; articles and indexes stay
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.runtime: requirements.txt
	@sh tools/install.sh "$(VENV)" requirements.txt "$(PYTHON)"
	@touch $@

$(VENV)/.opensearch: requirements-opensearch.txt requirements.txt
	@sh tools/install.sh "$(VENV)" requirements-opensearch.txt "$(PYTHON)"
	@touch $@ $(VENV)/.runtime

$(VENV)/.development: requirements-dev.txt requirements-evaluate.txt requirements-opensearch.txt requirements.txt
	@sh tools/install.sh "$(VENV)" requirements-dev.txt "$(PYTHON)"
	@touch $@ $(VENV)/.runtime $(VENV)/.opensearch
