# Each RUN says whether it needs the network; only one does. Build: docker build -t tillbridge .
# Run: docker run -p 8080:8080 -v tillbridge-data:/var/lib/tillbridge -v ./tillbridge.toml:/etc/tillbridge/tillbridge.toml:ro tillbridge

FROM rust:1-bookworm AS build
WORKDIR /build
ENV CARGO_INCREMENTAL=0

# The dependencies are a layer of their own: it is built again only when one of these changes.
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
RUN --network=none mkdir src && touch src/lib.rs && echo 'fn main() {}' > src/main.rs
RUN --network=default cargo fetch --locked
RUN --network=none cargo build --release --locked --offline

COPY . .
# Cargo goes by the time of change, and the copied files may be older than the empty ones they replace.
RUN --network=none touch src/lib.rs src/main.rs && cargo build --release --locked --offline
RUN --network=none mkdir /empty

# glibc, libgcc, root certificates and a user without rights; no shell.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/release/tillbridge /usr/local/bin/tillbridge
COPY --from=build --chown=nonroot:nonroot /empty /var/lib/tillbridge
# The database of the default configuration is made in the working directory, so it lands in the volume.
WORKDIR /var/lib/tillbridge
VOLUME /var/lib/tillbridge
# Inside a container, the loopback default could not be reached from outside. The environment lies over the file.
ENV TILLBRIDGE__SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080
USER nonroot
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["/usr/local/bin/tillbridge", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/tillbridge"]
CMD ["serve", "--config", "/etc/tillbridge/tillbridge.toml"]
