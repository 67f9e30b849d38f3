export * from './charging/index.js'
export * from './feeder/index.js'
