# The commands of daily work. They need Rust and a C compiler alone, but for those that say what else.

CARGO ?= cargo
# How the program is built that pages and packages are made of: release, or dist for those that are handed out.
PROFILE ?= release
STATIC_TARGET ?= $(shell uname -m)-unknown-linux-musl
CONTAINER ?= docker
FUZZ ?= mended
FUZZ_SECONDS ?= 60
CONTACTS ?= 1000000
SEED ?= 1

.PHONY: help build static man completions licences deb container test lint fuzz bench bench-compare bench-mapping \
	bench-merge bench-micro bench-upload fixtures

help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-13s %s\n", $$1, $$2 }'

build: ## Build the optimised program: target/release/reteno-import
	$(CARGO) build --release --locked --package reteno-import

static: ## Build a program that needs no library: target/x86_64-unknown-linux-musl/dist/reteno-import. Needs musl-tools
	$(CARGO) build --profile dist --locked --package reteno-import --target $(STATIC_TARGET)

man: ## Write all manual pages to target/man
	rm -rf target/man
	$(CARGO) run --profile $(PROFILE) --locked --package reteno-import -- man --output target/man

completions: ## Write completions for bash, zsh and fish to target/completions
	mkdir -p target/completions
	for shell in bash zsh fish; do \
		$(CARGO) run --profile $(PROFILE) --locked --package reteno-import -- completions $$shell \
			> target/completions/$$shell || exit; \
	done

licences: ## Write the licences of all that is linked in to target/third-party-licences.txt. Needs cargo-about
	mkdir -p target
	$(CARGO) fetch --locked
	$(CARGO) about generate --frozen --fail --manifest-path crates/cli/Cargo.toml --config about.toml \
		--output-file target/third-party-licences.txt about.hbs

deb: PROFILE = dist
deb: man completions licences ## Build a Debian package: target/debian/reteno-import_*.deb. Needs cargo-deb and cargo-about
	scripts/debian-changelog > target/changelog.Debian
	$(CARGO) deb --package reteno-import --profile dist --locked

container: ## Build an image with the program alone in it: reteno-import
	$(CONTAINER) build --tag reteno-import --file Containerfile .

test: ## Run all tests, with cargo-nextest if it is installed, and those in the documentation
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		echo '$(CARGO) nextest run --workspace --locked'; \
		$(CARGO) nextest run --workspace --locked; \
	else \
		echo '$(CARGO) test --workspace --locked --lib --bins --tests'; \
		$(CARGO) test --workspace --locked --lib --bins --tests; \
	fi
	$(CARGO) test --workspace --locked --doc

lint: ## Check format, lints, documentation, fuzz targets, directions of dependencies, licences
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) clippy --workspace --locked --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --locked --no-deps
	$(CARGO) check --manifest-path fuzz/Cargo.toml --locked --no-default-features --bins
	scripts/check-dependencies
	$(CARGO) deny --all-features check licenses bans sources

# Those of cargo-fuzz but for the sanitizer, which alone needs a nightly toolchain.
FUZZ_FLAGS = --cfg fuzzing -Cdebug-assertions -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table

fuzz: HOST = $(shell rustc -vV | sed -n 's/^host: //p')
fuzz: ## Run a fuzz target for a minute, make fuzz FUZZ=parsing: fuzz/fuzz_targets has all. Needs a C++ compiler
	mkdir -p fuzz/corpus/$(FUZZ)
	RUSTFLAGS='$(FUZZ_FLAGS)' $(CARGO) run --manifest-path fuzz/Cargo.toml --release --locked --target $(HOST) \
		--bin $(FUZZ) -- -max_total_time=$(FUZZ_SECONDS) fuzz/corpus/$(FUZZ)

bench: ## Measure whole runs
	$(CARGO) bench --package pipeline --bench whole_job

bench-compare: build ## Measure beside bare parsing and other tools: BENCH_MB=600 BENCH_ROUNDS=5 BENCH_PEER_MB=40 BENCH_PEER_ROUNDS=3
	$(CARGO) run --release --locked --package compare

bench-merge: build ## Measure merging alone: BENCH_MB=600 BENCH_ROUNDS=5 BENCH_MERGE_MEMORY=16MiB
	$(CARGO) run --release --locked --package compare -- --only merge

bench-mapping: build ## Compare mapped exports with contacts in the API's own shape
	scripts/bench-mapping

bench-micro: ## Measure the stages of a run alone
	$(CARGO) bench --package pipeline --bench stages

bench-upload: ## Measure how much of the allowed rate an upload reaches, against a mock that answers after 100 ms
	$(CARGO) run --release --locked --package reteno --example measure

fixtures: ## Write bench-data/contacts.ndjson: CONTACTS=1000000 synthetic contacts of SEED=1
	mkdir -p bench-data
	$(CARGO) run --release --locked --package synthetic --example generate -- \
		--contacts $(CONTACTS) --seed $(SEED) > bench-data/contacts.ndjson.part
	mv bench-data/contacts.ndjson.part bench-data/contacts.ndjson
