export * from './crypto-machine.js'
