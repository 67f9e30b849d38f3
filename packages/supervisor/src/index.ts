export { freePorts, isPortFree } from './free-port.js'
export { preparePostgres } from './postgres/server.js'
export type { PostgresServer, ServerOptions } from './postgres/server.js'
