export { createPipeClient } from './client.js'
export type { PipeClient, PipeClientOptions } from './client.js'
export { createPipeServer } from './server.js'
export type { PipeCaller, PipeLimits, PipeServer, PipeServerOptions } from './server.js'
