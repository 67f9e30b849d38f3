export { createServiceIdentity, openServiceIdentity } from './identity.js'
export type { ServiceIdentity } from './identity.js'
export { SHORTEST_SECRET, makeServiceKey, openServiceKey } from './key-file.js'
export type { ServiceKey } from './key-file.js'
