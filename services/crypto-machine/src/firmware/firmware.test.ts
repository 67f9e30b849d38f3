import { onEveryStore } from '../conformance/every-store.js'
import { describeFirmware } from '../conformance/firmware-suite.js'

onEveryStore([describeFirmware])
