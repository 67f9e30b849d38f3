export * from './delivery-store.js'
export * from './endpoint-store.js'
export * from './secret.js'
