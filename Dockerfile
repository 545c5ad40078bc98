# docker build --build-arg VERSION=$(git describe --tags --always) -t fakturgate .
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN make image-root VERSION=$VERSION

# Nothing but the binary and the certificates that webhooks are verified with.
# make try-image runs this file system without a container engine.
FROM scratch
COPY --from=build /src/dist/root/ /
COPY --from=build --chown=65532:65532 /src/dist/root/data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV FAKTURGATE_ADDR=0.0.0.0:8080 \
    FAKTURGATE_DATABASE_URL=sqlite:/data/fakturgate.db
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/fakturgate", "health"]
ENTRYPOINT ["/fakturgate"]
CMD ["serve"]
