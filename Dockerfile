# Panoptes in a container. The source that is read is the source that runs: nothing is built.
# Only parsed by our tests, never built there (test/architecture/container.test.ts).
FROM node:24.21.0-slim AS packages
WORKDIR /app
# By themselves, as they change less often than the source. Their scripts prepare a clone, of which there is nothing yet.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24.21.0-slim
ENV NODE_ENV=production
WORKDIR /app
# Without what npm leaves behind.
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY LICENSE NOTICE ./
COPY bin ./bin
COPY config ./config
COPY views ./views
COPY src ./src

# Keys, and the SQLite file where that is the store.
RUN install --directory --owner=node --group=node --mode=0700 /data
VOLUME /data
USER node

EXPOSE 7070 7071
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7071/health/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# The bound on the young generation that bin/panoptes.js has too.
ENTRYPOINT ["node", "--max-semi-space-size=16", "src/main.ts"]
CMD ["--host", "0.0.0.0", "--data", "/data"]
