# fleetbed's parts as one image: fleetbed edge, bridge, train, simulate (and the commands that look closer).
# For a build that can be repeated give the base by its digest: --build-arg BASE_IMAGE=node:24-bookworm-slim@sha256:…
ARG BASE_IMAGE=node:24-bookworm-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The Node that runs is the lock file's, with which the tests ran. TensorFlow's native library stays out: wasm trains.
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund
COPY LICENSE ./
COPY contract contract/
COPY model model/
COPY runtime runtime/
COPY wire wire/
COPY simulator simulator/
COPY edge-agent edge-agent/
COPY bridge bridge/
COPY cloud cloud/
COPY testbed testbed/
COPY scripts/healthcheck.ts scripts/

FROM ${BASE_IMAGE}
ENV NODE_ENV=production FLEETBED_HEALTH_PORT=9100
WORKDIR /app
# Root's files, which nobody in the container can change; what is written goes to /tmp and to volumes.
COPY --from=build /app ./
USER 10001:10001
EXPOSE 1883 8884 9100
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=6 CMD ["node_modules/.bin/node", "scripts/healthcheck.ts"]
# V8 as testbed/run/node-args.ts has it for the parts of a run.
ENTRYPOINT ["node_modules/.bin/node", "--disable-warning=ExperimentalWarning", "--no-memory-reducer", "--initial-old-space-size=160", "testbed/cli/main.ts"]
CMD ["--help"]
