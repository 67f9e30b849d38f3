export { createOsp1Device } from './device.js'
export { memoryStore } from './state.js'
export type { DeviceState, DeviceStore, StoredKeySet } from './state.js'
export type { ActContext, DeviceEvent, Osp1Device, Osp1DeviceOptions, Received, ReportToSend } from './types.js'
