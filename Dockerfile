# The hub, or an agent, in a container. Built and run with podman, on a base that was put together from Debian 12 and Node 24; Docker
# itself is untried. test/e2e/container.test.ts holds it against the repository and the command line.
#   docker build -t maint . && docker compose up -d
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# The image's own Node runs it: the one that the clone brings along is left out.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production MAINT_DATA=/data
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY contracts ./contracts
COPY grammar ./grammar
COPY src ./src
RUN install -d -o node -g node -m 0700 /data
USER node
VOLUME /data
EXPOSE 8420
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["node", "bin/healthy.js"]
ENTRYPOINT ["node", "bin/maint.js"]
# Beyond its machine a hub wants a certificate; compose.yaml gives it one. Without, it says so and ends.
CMD ["hub", "start", "--host", "0.0.0.0", "--port", "8420"]
