.PHONY: run demo test bench check lint advisories

# nextest where it is installed, cargo's own runner where it is not: a fresh machine needs Rust and a C compiler, no more.
TEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo nextest run || echo test)

run: ## serve with tillbridge.toml, or with the defaults where there is none
	cargo run -- serve

demo: ## both systems simulated, 25 orders in both directions driven to their end, and a table of what became of each
	cargo build --release
	target/release/tillbridge demo --once

test: ## every test, with a Postgres found or made for it; those of the SuiteScripts where npm is installed
	@if command -v npm >/dev/null; then cd netsuite && npm ci --no-audit --no-fund && npm test; \
	else echo "npm is not installed: the SuiteScripts were not tested"; fi
	scripts/with-postgres cargo $(TEST)

bench: ## how fast it is, beside references measured in the same run; BENCH="intake --rounds 5" for a part
	cargo bench --bench tillbridge -- $(BENCH)

check: ## the cheap part of lint
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

lint: check ## form, lints, documentation, licences and sources
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --offline check bans licenses sources; \
	else echo "cargo-deny is not installed: licences and sources were not checked"; fi

advisories: ## known holes in dependencies; needs cargo-deny and the network
	cargo deny check advisories
