# The appliance as an image of one file: web bundle and static binary in the first stage, nothing but the binary and an empty
# data directory in the last. Any OCI builder takes it; with buildah or podman add `--format docker`, or the health check
# is left out of the image.
#
#   docker build --tag strongroom .
#   docker run --publish 8080:8080 --volume strongroom:/data strongroom

FROM rust:1.95-bookworm AS build
RUN rustup target add wasm32-unknown-unknown
WORKDIR /source
COPY . .
# `dist` builds the web bundle first, and refuses a binary that is not static. The folder keeps its owner when it is copied.
RUN cargo xtask dist \
 && install -D --mode=0755 target/dist/strongroom /out/strongroom \
 && install --directory --mode=0700 --owner=65532 --group=65532 /out/data

FROM scratch
COPY --from=build /out/strongroom /strongroom
# A volume that is mounted here for the first time takes its owner from this folder.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
# Every address of the container. PORT, which some platforms set, changes the port, and STRONGROOM_LISTEN both.
ENV STRONGROOM_DATA_DIR=/data \
    HOST=0.0.0.0
VOLUME ["/data"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=6s --start-period=10s --retries=3 CMD ["/strongroom", "healthcheck"]
ENTRYPOINT ["/strongroom"]
CMD ["serve"]
