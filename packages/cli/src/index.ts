export { dataFolder, findDatabase, findStation } from './station.js'
