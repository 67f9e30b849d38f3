export { createCryptoMachineClient } from './client.js'
export type { CryptoMachineClient, CryptoMachineClientOptions } from './client.js'
export { connectCryptoMachine } from './connect.js'
