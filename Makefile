# fakturgate: make help lists what there is to do.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# The whole-process tests start gateways, databases and a browser; all others are quick.
QUICK = $$(go list ./... | grep -v '/e2e')
# SQLite is C that was translated by a machine: watching its every read would take
# half of the tests' time, and none of it is ours.
RACE  = -race -gcflags='modernc.org/sqlite/lib=-race=false -d=checkptr=0'
LINT  = go tool -modfile=tools/go.mod golangci-lint
NPM   = PATH=tools/node_modules/.bin:$$PATH REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

# Written by make generate and kept in git.
GENERATED = docs/openapi.json docs/state-machine.md

.DEFAULT_GOAL := help
.PHONY: help run demo build build-static image-root setup test test-fast race cover bench bench-once \
	chaos chaos-planted check lint fmt simulate generate drift openapi-lint try-image

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##
demo: ## the whole story in one terminal, on nothing but the binary
	go run ./cmd/fakturgate demo

run: ## serve on 127.0.0.1:8080 with SQLite and the simulated tax system
	go run ./cmd/fakturgate serve --simulator

build: ## build bin/fakturgate for this machine
	go build -ldflags "-X main.version=$(VERSION)" -o bin/fakturgate ./cmd/fakturgate

test: setup ## run all tests; installs PostgreSQL and Chromium when root
	go test $(RACE) -timeout 30m $(QUICK)
	go test -tags faults -run '^TestSimulation' ./service
	go -C tools test ./...
	go test -tags faults ./fault
	go test -count=1 -timeout 40m ./e2e/...

# A million moves are some 800 worlds.
WORLDS ?= 800
SEED   ?= 1

simulate: ## run the deterministic simulation for long: WORLDS of them, from SEED on
	go test -tags faults -timeout 0 -count=1 -v -run '^TestSimulation$$' ./service -simulate.worlds $(WORLDS) -simulate.seed $(SEED)

test-fast: ## run the tests that need neither PostgreSQL nor Chromium: SQLite only, no e2e
	@echo "test-fast leaves out PostgreSQL and everything in e2e; make test runs all."
	FAKTURGATE_TEST_DATABASES=sqlite go test $(QUICK)
	go -C tools test ./...

race: ## test-fast under the race detector
	FAKTURGATE_TEST_DATABASES=sqlite go test $(RACE) $(QUICK)

cover: ## the coverage of the quick tests, package by package
	FAKTURGATE_TEST_DATABASES=sqlite go test -coverpkg=./... -coverprofile=coverage.out $(QUICK) >/dev/null
	go tool cover -func=coverage.out | tail -n 1

bench-once: setup ## run every benchmark once, so that none rots
	go test -run '^$$' -bench . -benchtime 1x $(QUICK)

# What fakturgate bench is told; see bin/fakturgate bench --help and docs/benchmarks.md.
BENCH ?= --duration 60s --rate 2000

bench: build setup ## measure whole lives on each database, and intake against others
	go run ./bench/postgres bin/fakturgate bench $(BENCH)
	FAKTURGATE_DATABASE_URL= bin/fakturgate bench $(BENCH)
	go run ./bench/compare

# What make chaos and make chaos-planted play; see docs/reliability.md.
ROUNDS   ?= 500
FIRST    ?= 0
DATABASE ?= both

chaos: setup ## break everything around the gateway, ROUNDS times on each DATABASE, by SEED
	go test ./e2e -count=1 -timeout 0 -v -run '^TestChaos$$' -chaos.rounds=$(ROUNDS) -chaos.first=$(FIRST) -chaos.seed=$(SEED) -chaos.database=$(DATABASE)

chaos-planted: setup ## show that make chaos catches five planted bugs
	go test ./e2e -count=1 -timeout 0 -v -run '^TestChaosCatchesPlantedBugs$$' -chaos.planted=all -chaos.seed=$(SEED)

check: lint openapi-lint drift race ## all that must hold before a commit
	@echo "check: clean"

lint: ## format, vet and lint the Go code
	$(LINT) run ./...
	cd tools && go tool golangci-lint run --config ../.golangci.yml ./...

fmt: ## format the Go code
	$(LINT) fmt ./...
	cd tools && go tool golangci-lint fmt --config ../.golangci.yml ./...

generate: ## write the generated files anew
	go -C tools run ./openapi -root ..
	go test . -run '^TestStateMachineDoc$$' -update

drift: generate # fails when a generated file is not what its source gives
	@git diff --exit-code --stat -- $(GENERATED) || \
		{ echo "The files above were not up to date, and are now: look at them and commit them."; exit 1; }

openapi-lint: tools/node_modules/.package-lock.json ## lint the OpenAPI documents with redocly and spectral
	$(NPM) redocly lint --config tools/redocly.yaml docs/openapi.json docs/connector.yaml
	$(NPM) spectral lint --ruleset tools/spectral.yaml --fail-severity=warn docs/openapi.json docs/connector.yaml

tools/node_modules/.package-lock.json: tools/package-lock.json
	scripts/setup.sh lint
	npm ci --prefix tools --silent

setup: ## install what make test needs (apt-get, as root), or say what is missing
	@scripts/setup.sh test

build-static: # the binary of the image, in dist/
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o dist/fakturgate ./cmd/fakturgate

image-root: build-static # the image's file system, in dist/root
	install -d dist/root/etc/ssl/certs dist/root/data
	install -d -m 1777 dist/root/tmp
	install -m 755 dist/fakturgate dist/root/fakturgate
	install -m 644 /etc/ssl/certs/ca-certificates.crt dist/root/etc/ssl/certs/

try-image: image-root ## run the image's file system as its user, without a container engine
	scripts/try-image.sh dist/root
