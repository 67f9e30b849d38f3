export * from './apdu/index.js'
export * from './data/index.js'
