export * from './charging/index.js'
