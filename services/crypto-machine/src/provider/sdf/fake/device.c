/* A GM/T 0018 library without a device behind it, for the station's tests. Argument lists are those of GmSSL's sdf.h,
 * which follows GM/T 0018-2012. It holds:
 *   SM2 pairs  1..20: the same pair in the signing and the encryption slot; 100..110: two different pairs
 *   KEKs and symmetric keys 1..50
 * all made from their index, so that they are there again after a restart. The access password is "fake-pin".
 * A wrapped key has 48 bytes: IV(16) || SM4-CBC(KEK, key)(16) || SM4-CBC-MAC(KEK, IV || ciphertext)(16). */
#include "internal.h"
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static session *sessions;
static int device;

uint32_t enter(session *s, const char *function) {
  pthread_mutex_lock(&lock);
  session *one = sessions;
  while (one && one != s) one = one->next;
  uint32_t code = !one || one->magic != SESSION ? IN_ARGUMENT : one->busy ? STEP : OK;
  if (code == OK) one->busy = 1;
  pthread_mutex_unlock(&lock);
  if (code != OK) return code;
  code = control_before(function);
  if (code != OK) s->busy = 0;
  return code;
}

/* ---- keys made from their index ------------------------------------------------------------------------------------- */

static void made(uint8_t digest[32], const char *what, uint32_t index) {
  uint8_t number = (uint8_t)index;
  sm3(digest, (part[]){{(const uint8_t *)what, strlen(what)}, {&number, 1}}, 2);
}
int kek(uint8_t out[16], uint32_t index) {
  uint8_t digest[32];
  if (index < 1 || index > 50) return NO_KEY;
  made(digest, "fake kek", index);
  memcpy(out, digest, 16);
  return OK;
}
int private_key(uint8_t d[32], uint32_t index, int encryption) {
  int twin = index >= 1 && index <= 20;
  if (!twin && !(index >= 100 && index <= 110)) return NO_KEY;
  made(d, control_has("another") ? "other device" : !twin && encryption ? "fake encryption" : "fake signing", index);
  d[0] = 0x7f & d[0]; /* below n */
  d[31] |= 1;
  return OK;
}
uint32_t new_key(session *s, const uint8_t bytes[16], void **out) {
  key *k = calloc(1, sizeof *k);
  *k = (key){.magic = KEY, .owner = s};
  memcpy(k->key, bytes, 16);
  *out = k;
  return OK;
}

/* ---- device and sessions ----------------------------------------------------------------------------------------- */

uint32_t SDF_OpenDevice(void **handle) {
  uint32_t code = control_before(__func__);
  if (control_has("curious") && (getenv("DATABASE_URL") || getenv("ZHUZHAN_CRYPTO_SECRET"))) code = IN_ARGUMENT;
  if (code == OK) *handle = &device;
  return code;
}
uint32_t SDF_CloseDevice(void *handle) { return handle != &device ? IN_ARGUMENT : control_before(__func__); }

uint32_t SDF_OpenSession(void *handle, void **out) {
  uint32_t code = handle != &device ? IN_ARGUMENT : control_before(__func__);
  if (code != OK) return code;
  pthread_mutex_lock(&lock);
  long open = 0;
  for (session *s = sessions; s; s = s->next) open++;
  session *s = open < control_number("sessions", 1000) ? calloc(1, sizeof *s) : NULL;
  if (s) { s->magic = SESSION; s->next = sessions; sessions = s; }
  pthread_mutex_unlock(&lock);
  *out = s;
  return s ? OK : OPEN_SESSION;
}
uint32_t SDF_CloseSession(session *s) {
  ENTER(s);
  pthread_mutex_lock(&lock);
  for (session **at = &sessions; *at; at = &(*at)->next) if (*at == s) { *at = s->next; break; }
  pthread_mutex_unlock(&lock);
  s->magic = 0;
  free(s);
  return OK;
}
uint32_t SDF_GetDeviceInfo(session *s, uint8_t *info) {
  ENTER(s);
  memset(info, 0, 100);
  strcpy((char *)info, "Zhuzhan tests");
  strcpy((char *)info + 40, "FAKE");
  memcpy(info + 56, "2026010100100001", 16);
  LEAVE(s, OK);
}
uint32_t SDF_GenerateRandom(session *s, uint32_t length, uint8_t *out) {
  uint8_t block[32];
  ENTER(s);
  for (uint32_t i = 0; i < length; i++) {
    if (i % 32 == 0) sm2_random_scalar(block);
    out[i] = block[31 - i % 32]; /* low bytes first: the high ones of a scalar below n are not uniform enough */
  }
  if (control_has("spill")) out[length] = 0;
  LEAVE(s, OK);
}
uint32_t SDF_GetPrivateKeyAccessRight(session *s, uint32_t index, const uint8_t *password, uint32_t length) {
  ENTER(s);
  if (index >= sizeof s->access) LEAVE(s, NO_KEY);
  if (length != 8 || memcmp(password, "fake-pin", 8) != 0) LEAVE(s, DENIED);
  s->access[index] = 1;
  LEAVE(s, OK);
}
uint32_t SDF_ReleasePrivateKeyAccessRight(session *s, uint32_t index) {
  ENTER(s);
  if (index < sizeof s->access) s->access[index] = 0;
  LEAVE(s, OK);
}
