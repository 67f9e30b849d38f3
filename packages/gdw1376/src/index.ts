export { gdw1376_1 } from './upward/protocol.js'
