# Martlet's commands. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MARTLET := .build/release/martlet

.PHONY: help packages build run test sanitize fuzz check format bench docs golden clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */\1\t/' \
	    | while IFS=$$'\t' read -r name what; do printf '  make %-9s %s\n' "$$name" "$$what"; done

packages: ## install the Debian packages that are missing
	@Scripts/install-packages.sh

build: packages ## build the command-line tool, optimised
	swift build -c release --product martlet

run: build ## train the lesson's classifier on the embedded news and try it
	@Scripts/first-run.sh $(MARTLET)

test: packages ## build optimised, run all tests
	swift build -c release --build-tests
	swift test -c release --skip-build

sanitize: packages ## run the kernels' tests under LLVM's address sanitizer
	swift build -c release --build-tests
	Scripts/sanitize.sh

check: ## formatting, file sizes, links in the documentation
	swift format lint --strict --recursive --parallel Package.swift Sources Tests graphs Benchmarks
	@Scripts/check-sizes.sh
	@Scripts/check-links.sh

format: ## format the sources
	swift format --in-place --recursive --parallel Package.swift Sources Tests graphs Benchmarks

fuzz: packages ## feed damaged files to the readers (INPUTS=10000000 for a long run)
	Scripts/fuzz.sh $(or $(INPUTS),50000)

bench: build ## time Martlet beside its peers (needs Python 3.11; downloads 3 GB of peers once)
	@[ -x Benchmarks/.venv/bin/python ] || Benchmarks/make-venv.sh
	python3 Benchmarks/run.py --martlet $(MARTLET)

docs: packages ## make the reference in output/docs
	@Scripts/make-docs.sh output/docs

golden: ## make the goldens of the tests again with the real Keras (needs Python 3.11)
	@[ -x Tests/Goldens/.venv/bin/python ] || Tests/Goldens/make-venv.sh
	Tests/Goldens/make-goldens.sh Tests/Goldens/.venv

clean: ## remove what the other commands made, but for Python environments
	rm -rf .build output
