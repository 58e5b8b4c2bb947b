SHELL := /bin/bash
LINT  := bin/golangci-lint
LINT_VERSION := v2.15.0

.DEFAULT_GOAL := help

help: ## Show what can be made.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-13s %s\n", $$1, $$2 }'

generate: ## Regenerate ent and check the migrations against it.
	go run -mod=mod ./ent/entc.go
	go run github.com/99designs/gqlgen generate
	go run ./ent/migrate --check

verify: generate ## Regenerate everything; fail when that changes the tree.
	.ci/web
	go mod tidy
	gofmt -l $$(git ls-files '*.go' | grep -v /generated/) | { ! grep .; }
	@git diff --exit-code && test -z "$$(git status --porcelain)" || { git status --short; echo "the tree is not what its sources make: commit what make generate changed"; exit 1; }

lint: $(LINT) ## Run golangci-lint with every linter that has no reason against it.
	$(LINT) run ./...

test: ## Run the whole suite on SQLite and on a real PostgreSQL.
	.ci/test

race: ## Run the whole suite under the race detector.
	.ci/test -race

fuzz: ## Fuzz every target for 30 seconds (FUZZTIME=10m for more).
	.ci/fuzz $(or $(FUZZTIME),30s)

bench: ## Measure against a floor in the same run, on SQLite and PostgreSQL.
	go run ./internal/bench

conformance: ## Show every item of the standards and write docs/scim-conformance.md.
	go run ./internal/conformance

full: ## Run the large counts and record them in docs/evidence.md.
	.ci/full

conversations: ## Replay what providers send, on both databases.
	.ci/postgres
	go test -count=1 -run 'TestConversations|TestEveryRowOfTheWire' ./scimadapter

simulate: ## Play every identity provider against a served Usher, on both databases.
	.ci/postgres
	USHER_SIMULATE_USERS=$(or $(USERS),200) USHER_SIMULATE_GROUPS=$(or $(GROUPS),8) go test -count=1 -timeout 30m -v -run TestEveryProvider ./cmd/usher

web: ## Rebuild web/dist.
	cd web && npm ci && npm run build
	cd web/console && npm ci && npm run build

run: ## Start Usher with a demo tenant.
	go run ./cmd/usher serve --demo

$(LINT):
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

.PHONY: help generate verify lint test race fuzz bench conformance full conversations simulate web run
