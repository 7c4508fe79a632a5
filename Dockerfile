# One image for every part: the command names the part. `docker build -t zhilian .` needs BuildKit (Docker 23 or later).

# Node for the dashboard; Debian bookworm's own is too old for Vite.
FROM node:20-bookworm-slim AS node

FROM rust:1-bookworm AS build
# build.rs runs npm, as on a newcomer's machine.
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
    && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
WORKDIR /src
COPY . .
# The caches make the second build short. They are gone after the step, hence the copy out of target.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    --mount=type=cache,target=/root/.npm \
    npm ci --prefix web \
    && cargo build --release --locked \
    && cp target/release/zhilian /zhilian

FROM debian:bookworm-slim
# For mqtts:// and https:// webhooks; taken over instead of installed, so that this stage needs no network.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
RUN useradd --system --uid 10001 --user-group --no-create-home zhilian \
    && install --directory --owner=zhilian --group=zhilian /data
COPY --from=build /zhilian /usr/local/bin/zhilian
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /data
EXPOSE 8080
# A clean stop (DISCONNECT, store flushed, summary) is what Ctrl-C does.
STOPSIGNAL SIGINT
# The image has no curl; bash can speak enough HTTP. Parts without HTTP switch this off.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && read -r status <&3 && [[ $status == *' 200 '* ]]"]
ENTRYPOINT ["zhilian"]
CMD ["collect", "--broker", "mqtt://broker:1883", "--http", "0.0.0.0:8080", "--store", "/data/zhilian.db"]
