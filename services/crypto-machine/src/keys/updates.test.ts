import { onEveryStore } from '../conformance/every-store.js'
import { describeKeyUpdates } from '../conformance/key-update-suite.js'

onEveryStore([describeKeyUpdates])
